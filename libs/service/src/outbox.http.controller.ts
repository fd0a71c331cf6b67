import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import type { OutboxAgreement } from '@cpds/messages';
import { Agreement } from '@cpds/outbox';
import { Caller, type Principal, Scopes } from './access.js';
import { actorOf } from './actor.js';

/** The outbox's door for operators, in every service of a hospital that has one. */
@Controller('outbox')
export class OutboxHttpController {
  constructor(@Inject(Agreement) private readonly agreement: Agreement) {}

  /** Brings the service's events into agreement with the audit log, after its database was restored; not in audit and role nodes. */
  @Post('agreement')
  @HttpCode(200)
  @Scopes('outbox.agree')
  agree(@Caller() caller: Principal): Promise<OutboxAgreement> {
    return this.agreement.agree(actorOf(caller));
  }
}
