import { assertNotDisclosing, type EventEnvelope } from '@cpds/messages';
import type { Tx, UnitOfWork } from '@cpds/store';
import type { Outbox } from './outbox.js';
import type { EventDraft, Outcome } from './outcome.js';

/**
 * The one place where a service's rows and the events that tell of them commit together. A use-case writes its rows and
 * returns what is to be told, so that it cannot forget to say.
 */
export class Changes {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
  ) {}

  /** Whose events these are: with an event's seq it names the event to the audit log. */
  get producer(): string {
    return this.outbox.producer;
  }

  /**
   * Runs `work` in one transaction (`UnitOfWork.run`, so maybe more than once), appends the events of its outcome and
   * returns its value. The events come last, since appends of concurrent transactions wait for each other.
   *
   * @throws AppError `invalid-input` for an event of the wrong form, and what `work` throws; then nothing has changed
   */
  commit<T>(work: (tx: Tx) => Promise<Outcome<T>>): Promise<T> {
    return this.unitOfWork.run(async (tx) => this.within(tx, await work(tx)));
  }

  /** Appends an outcome's events in a transaction that a library began and gave to a hook; returns the value. */
  async within<T>(tx: Tx, { events, value }: Outcome<T>): Promise<T> {
    for (const event of events) await this.append(tx, event);
    return value;
  }

  /**
   * Tells of what changes no row: something was asked, refused or withheld. Returns the event as numbered.
   *
   * @throws AppError `invalid-input` for an event of the wrong form
   */
  tell(event: EventDraft): Promise<EventEnvelope> {
    return this.unitOfWork.run((tx) => this.append(tx, event));
  }

  private async append(tx: Tx, { type, onNumbered, ...body }: EventDraft): Promise<EventEnvelope> {
    assertNotDisclosing(type);
    const envelope = await this.outbox.append(tx, type, body);
    await onNumbered?.(envelope);
    return envelope;
  }
}
