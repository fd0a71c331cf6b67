import { assert } from '@cpds/errors';
import type { EventEnvelope } from '@cpds/messages';
import type { EventBody } from './outbox.js';

/** An event as a use-case tells it: its type and body; the outbox numbers it. */
export interface EventDraft extends EventBody {
  /** `<owner>.<event>.v<n>` */
  type: string;
  /** For a row that stores the event's number or salt: runs in the same transaction, once the event has them. */
  onNumbered?: (envelope: EventEnvelope) => Promise<unknown>;
}

/**
 * What a change comes to: the value that its caller gets, and the events that tell of it, in order. Only `told`, `untold`
 * and `unchanged` make one; the private field keeps a look-alike from passing for one.
 */
class Outcome<T> {
  readonly #events: readonly EventDraft[];

  constructor(
    readonly value: T,
    events: readonly EventDraft[],
  ) {
    this.#events = events;
  }

  get events(): readonly EventDraft[] {
    return this.#events;
  }
}
export type { Outcome };

/** One event, or several in the order in which they are numbered; never none. */
type Events = EventDraft | readonly [EventDraft, ...EventDraft[]];

/** Rows changed, and these events tell of it. */
export function told(events: Events): Outcome<void>;
export function told<T>(events: Events, value: T): Outcome<T>;
export function told(events: Events, value?: unknown): Outcome<unknown> {
  return new Outcome(value, isDraft(events) ? [events] : events);
}

/** Rows changed, and nobody hears of it: `why`, in words for whoever reads the use-case. */
export function untold(why: string): Outcome<void>;
export function untold<T>(why: string, value: T): Outcome<T>;
export function untold(why: string, value?: unknown): Outcome<unknown> {
  assert(why.trim() !== '', 'a change that is not told says why');
  return new Outcome(value, []);
}

/** No row changed: what was wished stands already, or there is nothing to do. */
export function unchanged(): Outcome<void>;
export function unchanged<T>(value: T): Outcome<T>;
export function unchanged(value?: unknown): Outcome<unknown> {
  return new Outcome(value, []);
}

function isDraft(events: Events): events is EventDraft {
  return 'type' in events;
}
