import { Injectable } from '@nestjs/common';
import { toAppError, unavailable } from '@cpds/errors';
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
   * Logs `type` and returns when this very event is receipted.
   *
   * @throws AppError `disclosure-withheld` (unavailable, Retry-After) after the timeout, `log-disagrees` (unavailable)
   * while the log tells another history than this database; an event says so either way
   */
  async logged(type: string, body: EventBody): Promise<void> {
    const event = await this.changes.tell({ type, ...body });
    try {
      await this.receipts.wait(event, this.options.receiptTimeoutMs);
    } catch (cause) {
      await this.changes.tell({ ...body, type: events.disclosureWithheld, details: { of: type, seq: event.seq } });
      if (toAppError(cause).code === 'log-disagrees') throw cause;
      throw unavailable('disclosure-withheld', 'the audit log has not receipted this reading: nothing was sent', {
        cause,
        retryAfterSec,
      });
    }
  }
}
