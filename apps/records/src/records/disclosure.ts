import { Injectable } from '@nestjs/common';
import { unavailable } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Changes, Receipts, type EventBody } from '@cpds/outbox';

/** Retry-After in seconds for callers when the log is late. */
const retryAfterSec = 5;

export abstract class DisclosureOptions {
  /** how long a caller waits for the receipt */
  abstract readonly receiptTimeoutMs: number;
}

/**
 * No byte of a record leaves before its reading stands in the audit log (protocol section 9, invariant I6): the event
 * commits, the log's durable checkpoint covers it, then the caller may send.
 */
@Injectable()
export class Disclosure {
  constructor(
    private readonly changes: Changes,
    private readonly receipts: Receipts,
    private readonly options: DisclosureOptions,
  ) {}

  /**
   * Logs `type` and returns when it is receipted.
   *
   * @throws AppError `disclosure-withheld` (unavailable, Retry-After) after the timeout; an event says so
   */
  async logged(type: string, body: EventBody): Promise<void> {
    const { seq } = await this.changes.tell({ type, ...body });
    try {
      await this.receipts.wait(seq, this.options.receiptTimeoutMs);
    } catch (cause) {
      await this.changes.tell({ ...body, type: events.disclosureWithheld, details: { of: type, seq } });
      throw unavailable('disclosure-withheld', 'the audit log has not receipted this reading: nothing was sent', {
        cause,
        retryAfterSec,
      });
    }
  }
}
