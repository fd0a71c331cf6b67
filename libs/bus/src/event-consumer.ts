import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Bus } from './bus.js';
import { ensureEventStream, eventStream } from './event-stream.js';

/** What vanished, or was deleted and made anew, while its reader was running. */
export type BusLoss = 'stream' | 'consumer';

/** Milliseconds between two looks whether stream and consumer are still those that were opened. */
const lookMs = 2_000;

export interface EventConsumerOptions {
  bus: Bus;
  /** name of the durable consumer */
  durable: string;
  /** subjects that it takes */
  filters: readonly string[];
  /** subjects of the stream, which is made where it is missing; omit if this process may not administer it */
  streamSubjects?: string[];
  /** milliseconds after which a message that was not settled comes again */
  ackWaitMs: number;
  /** unsettled messages at most */
  maxUnsettled: number;
  /** messages held beside those under way */
  prefetch: number;
  /** Told of each loss, before the messages that follow it. A throw is tried again with the next `open`. */
  onLoss: (loss: BusLoss) => Promise<void>;
}

/** When stream and consumer were made: other values are another stream, another consumer. */
interface Identity {
  readonly stream: string | undefined;
  readonly consumer: string | undefined;
}

/**
 * One durable consumer of the stream `EVENTS`, for as long as its reader lives. A server says that a consumer was deleted
 * only to a pull that is under way just then, so it is also looked after.
 */
export class EventConsumer {
  private opened: Identity | undefined;

  constructor(private readonly options: EventConsumerOptions) {}

  /**
   * Makes what is missing, tells of what was lost since the last time, and gives the messages from the first that nobody
   * settled. They end when stream or consumer are lost: open again.
   */
  async open(): Promise<ConsumerMessages> {
    const { bus, durable, filters, streamSubjects, ackWaitMs, maxUnsettled, prefetch, onLoss } = this.options;
    const jsm = await bus.jsm();
    const loss = this.opened === undefined ? null : lossOf(this.opened, await this.look(jsm));
    if (streamSubjects !== undefined) await ensureEventStream(jsm, streamSubjects);
    await jsm.consumers.add(eventStream, {
      durable_name: durable,
      // One subject stands in the call too, where the server compares it with the user's rights.
      ...(filters.length === 1 ? { filter_subject: filters[0] } : { filter_subjects: [...filters] }),
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: maxUnsettled,
      max_deliver: -1,
    });
    if (loss !== null) await onLoss(loss);
    this.opened = await this.look(jsm);
    const consumer = await bus.js.consumers.get(eventStream, durable);
    const messages = await consumer.consume({ max_messages: prefetch, abort_on_missing_resource: true });
    this.lookAfter(jsm, messages);
    return messages;
  }

  /** Deletes the consumer, so that the next `open` begins with the stream's first message; no loss. Audit alone has the right. */
  async forget(): Promise<void> {
    const jsm = await this.options.bus.jsm();
    // Before it is gone: an `open` that comes in between must not take it for lost.
    this.opened = undefined;
    await orNull(jsm.consumers.delete(eventStream, this.options.durable));
  }

  /** Ends the messages once they are no longer those of the stream and consumer that were opened. */
  private lookAfter(jsm: JetStreamManager, messages: ConsumerMessages): void {
    const { opened } = this;
    const look = async (): Promise<void> => {
      try {
        if (opened !== undefined && lossOf(opened, await this.look(jsm)) !== null) messages.stop();
      } catch {
        // The server is away: the connection comes back by itself, and the next look tells what it has kept.
      }
    };
    const timer = setInterval(() => void look(), lookMs);
    timer.unref();
    void messages.closed().finally(() => clearInterval(timer));
  }

  private async look(jsm: JetStreamManager): Promise<Identity> {
    const stream = await orNull(jsm.streams.info(eventStream));
    const consumer = stream === null ? null : await orNull(jsm.consumers.info(eventStream, this.options.durable));
    return { stream: stream?.created, consumer: consumer?.created };
  }
}

function lossOf(opened: Identity, now: Identity): BusLoss | null {
  if (now.stream !== opened.stream) return 'stream';
  return now.consumer === opened.consumer ? null : 'consumer';
}

/** The answer, or null where stream or consumer does not exist. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    const codes: number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
    if (error instanceof JetStreamApiError && codes.includes(error.code)) return null;
    throw error;
  }
}
