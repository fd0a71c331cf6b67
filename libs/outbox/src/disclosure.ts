import { toAppError, unavailable } from '@cpds/errors';
import type { UnitOfWork } from '@cpds/store';
import type { Changes } from './changes.js';
import type { EventBody, Outbox } from './outbox.js';
import type { Receipts } from './receipts.js';

/** Retry-After in seconds for callers when the log is late. */
const retryAfterSec = 5;

export interface DisclosureOptions {
  /** milliseconds that a caller waits for the receipt; shorter than whoever calls waits for the answer */
  readonly receiptTimeoutMs: number;
  /** type of the event that says that something was withheld */
  readonly withheld: string;
}

/**
 * Nothing leaves through a door that discloses before its event stands in the audit log (protocol section 9, invariant I6):
 * the event commits, the log's durable checkpoint covers it, then the caller may answer. The table of doors
 * (`libs/messages/src/doors.ts`) says which doors these are; `Changes` refuses their events.
 */
export class Disclosure {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
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
    const event = await this.unitOfWork.run((tx) => this.outbox.append(tx, type, body));
    const { receiptTimeoutMs, withheld } = this.options;
    try {
      await this.receipts.wait(event, receiptTimeoutMs);
    } catch (cause) {
      await this.changes.tell({ ...body, type: withheld, details: { of: type, seq: event.seq } });
      if (toAppError(cause).code === 'log-disagrees') throw cause;
      throw unavailable('disclosure-withheld', 'the audit log has not receipted this: nothing was sent', {
        cause,
        retryAfterSec,
      });
    }
  }
}
