import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import { type DeedAnswer, DeedQuery } from '@cpds/messages';
import { DeedsService } from './deeds.service.js';

/** What the bridge asks about deeds. */
@Controller()
export class DeedsBusController {
  constructor(private readonly deeds: DeedsService) {}

  @MessagePattern('records.deed')
  deed(@Payload() body: unknown): Promise<DeedAnswer> {
    return this.deeds.named(parse(DeedQuery, body, 'deed query'));
  }
}
