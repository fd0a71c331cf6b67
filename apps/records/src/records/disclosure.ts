import { unavailable } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Outbox, Receipts, type EventBody } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';

/** Seconds a caller is told to wait when the log is late. */
const retryAfterSec = 5;

/**
 * No byte of a record leaves before its reading stands in the audit log (protocol section 9, invariant I6): the event
 * commits, the log's durable checkpoint covers it, then the caller may send.
 */
export class Disclosure {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly receipts: Receipts,
    /** how long a caller waits for the receipt */
    private readonly timeoutMs: number,
  ) {}

  /**
   * Logs `type` and returns when it is receipted.
   *
   * @throws AppError `disclosure-withheld` (unavailable, Retry-After) after the timeout; an event says so
   */
  async logged(type: string, body: EventBody): Promise<void> {
    const { seq } = await this.unitOfWork.run((tx) => this.outbox.append(tx, type, body));
    try {
      await this.receipts.wait(seq, this.timeoutMs);
    } catch (cause) {
      await this.unitOfWork.run((tx) =>
        this.outbox.append(tx, events.disclosureWithheld, { ...body, details: { of: type, seq } }),
      );
      throw unavailable('disclosure-withheld', 'the audit log has not receipted this reading: nothing was sent', {
        cause,
        retryAfterSec,
      });
    }
  }
}
