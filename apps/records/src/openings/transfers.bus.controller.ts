import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import { type EventEnvelope, events, TransferClosedDetails } from '@cpds/messages';
import { Changes, Inbox, unchanged, untold } from '@cpds/outbox';
import { bytesOf } from '../exchange/fetch.js';
import { ReEncryptions } from '../records/re-encryptions.js';
import { OpeningsService } from './openings.service.js';

/** Reasons to close for which the home hospital seals a record anew: its key was or may have been released, and the grant was withdrawn. */
const withdrawn: readonly string[] = ['revoked', 'given-back'];

/** Deletes or seals anew the bytes kept here when a transfer ends. */
@Controller()
export class TransfersBusController {
  constructor(
    private readonly changes: Changes,
    private readonly inbox: Inbox,
    private readonly openings: OpeningsService,
    private readonly reEncryptions: ReEncryptions,
  ) {}

  @EventPattern(events.transferClosed)
  async closed(@Payload() event: EventEnvelope): Promise<void> {
    const { grantId, role, reason, commitment, mapped } = parse(
      TransferClosedDetails,
      event.details,
      'transfer-closed',
    );
    if (!grantId) return; // the transfer ended before there was a grant, so nothing is kept under it
    await this.changes.commit(async (tx) => {
      if (!(await this.inbox.once(tx, 'records', event.id))) return unchanged();
      if (role === 'B') await this.openings.end(tx, grantId, reason);
      if (role === 'A' && mapped && commitment && withdrawn.includes(reason))
        await this.reEncryptions.request(tx, bytesOf(grantId), bytesOf(commitment));
      return untold('the bridge told of the end; a record sealed anew is told of when it is');
    });
  }
}
