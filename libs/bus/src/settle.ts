import { busOutcome, parse, toAppError } from '@cpds/errors';
import { EventEnvelope } from '@cpds/messages';
import type { JsMsg } from '@nats-io/jetstream';

/** A message given up: what the dead-letter event tells. `event` is missing where the body could not be read. */
export interface DeadLetter {
  subject: string;
  streamSeq: number;
  deliveries: number;
  code: string;
  kind: string;
  reason: string;
  event?: EventEnvelope;
}

export interface SettleOptions {
  /** failures after which a message whose handler keeps failing is given up; `unavailable` is repeated for ever and not counted */
  maxFailures: number;
  /** of the messages that this process has failed at and not settled yet */
  failures: Failures;
  /** makes the dead letter durable before the message goes */
  onDeadLetter: (letter: DeadLetter) => Promise<void>;
  /** receives every failure, for logs */
  onFailure: (subject: string, error: unknown, outcome: 'retry' | 'reject') => void;
}

/** Messages whose failures are counted at most: more than the server lets one consumer hold unsettled. */
const maxCounted = 1_000;

/**
 * How often the handler failed at each unsettled message, by its place in the stream. The server's count of deliveries
 * would not do: it also counts those that ended because a database or a peer was away. A restart counts anew.
 */
export class Failures {
  private readonly counts = new Map<number, number>();

  /** Counts one more; returns how many there are now. */
  note(streamSeq: number): number {
    const count = (this.counts.get(streamSeq) ?? 0) + 1;
    this.counts.set(streamSeq, count);
    // Another process of this service may have settled the oldest, of which nothing is heard here.
    const [oldest] = this.counts.keys();
    if (this.counts.size > maxCounted && oldest !== undefined) this.counts.delete(oldest);
    return count;
  }

  /** Forgets a message that is settled. */
  forget(streamSeq: number): void {
    this.counts.delete(streamSeq);
  }
}

/** Milliseconds before the first repeat; doubles with each one up to the cap. */
const firstDelayMs = 200;
const maxDelayMs = 30_000;
/** Extends the server's ack wait (10 s) while a handler is at work. */
const workingEveryMs = 3_000;

/**
 * Decodes, handles and settles a message: the only place that acknowledges. A handler that returns has made its effect
 * durable, so its message is acknowledged. When a handler throws, the error table says whether the message is repeated
 * or given up. A crash anywhere leaves the message unacknowledged, so it comes again and the inbox of the handler drops
 * the repeat.
 */
export async function settle(
  message: JsMsg,
  handler: (event: EventEnvelope) => Promise<void>,
  options: SettleOptions,
): Promise<void> {
  const working = setInterval(() => message.working(), workingEveryMs);
  let event: EventEnvelope | undefined;
  try {
    event = parse(EventEnvelope, decode(message), `event on ${message.subject}`);
    await handler(event);
    message.ack();
    options.failures.forget(message.seq);
  } catch (thrown) {
    const error = toAppError(thrown);
    const deliveries = message.info.deliveryCount;
    const isWornOut = error.kind !== 'unavailable' && options.failures.note(message.seq) >= options.maxFailures;
    const outcome = busOutcome(error) === 'reject' || isWornOut ? 'reject' : 'retry';
    options.onFailure(message.subject, error, outcome);
    if (outcome === 'retry') return message.nak(Math.min(firstDelayMs * 2 ** (deliveries - 1), maxDelayMs));
    const { code, kind, message: reason } = error;
    await options.onDeadLetter({
      subject: message.subject,
      streamSeq: message.seq,
      deliveries,
      code,
      kind,
      reason,
      event,
    });
    message.term(code);
    options.failures.forget(message.seq);
  } finally {
    clearInterval(working);
  }
}

function decode(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined; // not JSON: parse() refuses it by name, without quoting it
  }
}
