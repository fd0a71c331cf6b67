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

/** What vanished, or was deleted and made anew, since its reader had opened it. */
export type BusLoss = 'stream' | 'consumer';

/** When stream and consumer were made: other values are another stream, another consumer. */
export interface Opened {
  readonly stream: string;
  /** null while it is being forgotten: whatever consumer is there is none that was lost */
  readonly consumer: string | null;
}

/** Where a reader keeps what it had opened, so that it also notices what was lost while it was away. */
export interface ConsumerMemory {
  /** what was opened last; null before the first time */
  read(): Promise<Opened | null>;
  write(opened: Opened): Promise<void>;
}

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
  /** default: this process's own, so that a restart knows of nothing earlier */
  memory?: ConsumerMemory;
  /** Told of each loss, before the messages that follow it. A throw is tried again with the next `open`. */
  onLoss: (loss: BusLoss) => Promise<void>;
}

/** What is there now; null for what is not. */
interface Found {
  readonly stream: string | null;
  readonly consumer: string | null;
}

/**
 * One durable consumer of the stream `EVENTS`, for as long as its reader lives. A server says that a consumer was deleted
 * only to a pull that is under way just then, so it is also looked after.
 */
export class EventConsumer {
  private readonly memory: ConsumerMemory;

  constructor(private readonly options: EventConsumerOptions) {
    this.memory = options.memory ?? new OwnMemory();
  }

  /**
   * Makes what is missing, tells of what was lost since the last time, and gives the messages from the first that nobody
   * settled. They end when stream or consumer are lost: open again.
   */
  async open(): Promise<ConsumerMessages> {
    const { bus, durable, filters, streamSubjects, ackWaitMs, maxUnsettled, prefetch, onLoss } = this.options;
    const jsm = await bus.jsm();
    const earlier = await this.memory.read();
    const loss = earlier === null ? null : lossOf(earlier, await this.look(jsm));
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
    const opened = await this.look(jsm);
    // A loss between the making and this look is found by the next one.
    if (opened.stream !== null && !isEqual(opened, earlier))
      await this.memory.write({ ...opened, stream: opened.stream });
    const consumer = await bus.js.consumers.get(eventStream, durable);
    const messages = await consumer.consume({ max_messages: prefetch, abort_on_missing_resource: true });
    this.lookAfter(jsm, messages, opened);
    return messages;
  }

  /** Deletes the consumer, so that the next `open` begins with the stream's first message; no loss. Audit alone has the right. */
  async forget(): Promise<void> {
    const jsm = await this.options.bus.jsm();
    // Before it is gone: an `open` that comes in between, or after a crash, must not take it for lost.
    const opened = await this.memory.read();
    if (opened !== null) await this.memory.write({ ...opened, consumer: null });
    await orNull(jsm.consumers.delete(eventStream, this.options.durable));
  }

  /** Ends the messages once they are no longer those of the stream and consumer that were opened. */
  private lookAfter(jsm: JetStreamManager, messages: ConsumerMessages, opened: Found): void {
    const look = async (): Promise<void> => {
      try {
        if (lossOf(opened, await this.look(jsm)) !== null) messages.stop();
      } catch {
        // The server is away: the connection comes back by itself, and the next look tells what it has kept.
      }
    };
    const timer = setInterval(() => void look(), lookMs);
    timer.unref();
    void messages.closed().finally(() => clearInterval(timer));
  }

  private async look(jsm: JetStreamManager): Promise<Found> {
    const stream = await orNull(jsm.streams.info(eventStream));
    const consumer = stream === null ? null : await orNull(jsm.consumers.info(eventStream, this.options.durable));
    return { stream: stream?.created ?? null, consumer: consumer?.created ?? null };
  }
}

/** Forgets with its process. */
class OwnMemory implements ConsumerMemory {
  private opened: Opened | null = null;

  read(): Promise<Opened | null> {
    return Promise.resolve(this.opened);
  }

  write(opened: Opened): Promise<void> {
    this.opened = opened;
    return Promise.resolve();
  }
}

function lossOf(opened: Found, now: Found): BusLoss | null {
  if (now.stream !== opened.stream) return 'stream';
  return opened.consumer === null || now.consumer === opened.consumer ? null : 'consumer';
}

function isEqual(one: Found, other: Found | null): boolean {
  return one.stream === other?.stream && one.consumer === other.consumer;
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

/** Events that a durable consumer of the bus has not settled yet; null where there is no such consumer. */
export async function pendingOf(bus: Bus, durable: string): Promise<number | null> {
  const info = await orNull((await bus.jsm()).consumers.info(eventStream, durable));
  return info && info.num_pending + info.num_ack_pending;
}
