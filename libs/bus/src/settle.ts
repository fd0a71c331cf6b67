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
  /** deliveries after which a message whose handler keeps failing is given up; `unavailable` is repeated for ever */
  maxDeliveries: number;
  /** makes the dead letter durable before the message goes */
  onDeadLetter: (letter: DeadLetter) => Promise<void>;
  /** receives every failure, for logs */
  onFailure: (subject: string, error: unknown, outcome: 'retry' | 'reject') => void;
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
  } catch (thrown) {
    const error = toAppError(thrown);
    const deliveries = message.info.deliveryCount;
    const isWornOut = error.kind !== 'unavailable' && deliveries >= options.maxDeliveries;
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
