import { Controller, Inject, type Type } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import { OutboxRowsQuery, type OutboxRows, outboxRowsSubject } from '@cpds/messages';
import { Numbered } from './numbered.js';

/** What the outbox of `service` answers on the bus: a class made for its subject, since Nest reads subjects from decorators. */
export function outboxBusController(service: string): Type<unknown> {
  @Controller()
  class OutboxBusController {
    constructor(@Inject(Numbered) private readonly numbered: Numbered) {}

    @MessagePattern(outboxRowsSubject(service))
    rows(@Payload() body: unknown): Promise<OutboxRows> {
      return this.numbered.rows(parse(OutboxRowsQuery, body, 'outbox rows query'));
    }
  }
  return OutboxBusController;
}
