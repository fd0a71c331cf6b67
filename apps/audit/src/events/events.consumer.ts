import { Injectable } from '@nestjs/common';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import {
  Bus,
  type BusLoss,
  EventConsumer,
  ensureEventStream,
  eventStream,
  hospitalEventSubjects,
  hubEventSubjects,
  requestIdIn,
  widenEventStream,
  withinRequest,
} from '@cpds/bus';
import { type EventEnvelope, lostOnBus } from '@cpds/messages';
import { type AfterRound, Loop } from '@cpds/store';
import { AuditLog } from '../log/log.service.js';
import { decodeEvent, type LogOwner } from './decode.js';
import { Intake } from './intake.js';
import { OpenedStream } from './opened-stream.js';

/** The durable consumer's name; the outbox's relays know audit by receipts, not by it. */
export const durableName = 'audit';
/** Unsettled messages at most: two full batches, so that one is read while the other commits. */
const maxUnsettled = 1024;
/**
 * Milliseconds after which messages that a killed process held come again. Short, because disclosures wait for them;
 * too short costs repeats that the log recognises, never an entry twice.
 */
const ackWaitMs = 2_000;
/** First pause before a failed message or a lost consumer is tried again, milliseconds. */
const retryMs = 500;

export abstract class EventsConsumerOptions {
  /** servers that keep the stream */
  abstract readonly streamReplicas: number;
  abstract readonly owner: LogOwner;
  /** Told of a message that will be tried again or was refused, and with the stream's name of a consumer that was lost. */
  abstract readonly onError: (subject: string, error: unknown) => void;
  /** Told of an event that is durable, for the log line that ties it to its request. */
  abstract readonly onTaken: (event: EventEnvelope) => void;
  /** Told of a stream or consumer that was lost, also while audit was away, after the log's own event of it. */
  abstract readonly onLoss: (loss: BusLoss) => void;
}

/**
 * Feeds the log from the stream `EVENTS`. A message is acknowledged when its event is durable and not before, so it comes
 * again after any crash, and the log knows it by (producer, seq). Messages are taken many at a time: each waits for the
 * transaction that holds it, not for the one before. A round lasts as long as one consumer of the stream; while the log
 * must not sign there is none.
 */
@Injectable()
export class EventsConsumer {
  private readonly loop: Loop;
  private readonly subjects: string[];
  private readonly consumer: EventConsumer;
  private messages: ConsumerMessages | undefined;
  private readonly unsettled = new Set<Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly log: AuditLog,
    private readonly intake: Intake,
    private readonly opened: OpenedStream,
    private readonly options: EventsConsumerOptions,
  ) {
    const isHub = options.owner.kind === 'hub';
    this.subjects = isHub ? hubEventSubjects : hospitalEventSubjects;
    this.consumer = new EventConsumer({
      bus,
      durable: durableName,
      // `audit.*` in a hospital's stream are this service's own events.
      filters: this.subjects.filter((subject) => isHub || !subject.startsWith('audit.')),
      ackWaitMs,
      maxUnsettled,
      prefetch: maxUnsettled / 2,
      memory: opened,
      onLoss: (loss) => this.tell(loss),
    });
    this.loop = new Loop({
      round: (stop) => this.round(stop),
      everyMs: retryMs,
      onError: (error) => options.onError(eventStream, error),
    });
    log.standing.onStopped(() => this.messages?.stop());
  }

  /** Resolves once the stream stands; takes messages as soon as the log may sign, until `stop`. */
  async start(): Promise<void> {
    // A database that was restored remembers a stream of before: what was lost since is in the leaves that come back.
    if ((await this.log.behind()) > 0) await this.opened.clear();
    await this.makeStream();
    this.loop.start();
  }

  /** Reads the stream again from its first message: the log knows what it has. */
  async readAgain(): Promise<void> {
    await this.consumer.forget();
    this.messages?.stop();
  }

  /** Takes no more messages and waits for those that were taken. */
  async stop(): Promise<void> {
    const stopped = this.loop.stop();
    this.messages?.stop();
    await stopped;
    await Promise.all(this.unsettled);
  }

  private async makeStream(): Promise<void> {
    const jsm = await this.bus.jsm();
    await ensureEventStream(jsm, this.subjects);
    await widenEventStream(jsm, this.subjects, this.options.streamReplicas);
  }

  /** Writes the loss into the log itself before the messages that come after it. */
  private async tell(loss: BusLoss): Promise<void> {
    await this.log.raise(lostOnBus(durableName, loss), `bus-${durableName}`, {
      stream: eventStream,
      consumer: durableName,
    });
    this.options.onLoss(loss);
  }

  private async round(stop: AbortSignal): Promise<AfterRound> {
    if (!this.log.standing.maySign) return;
    await this.makeStream();
    const messages = (this.messages = await this.consumer.open());
    // Stopped while the consumer was being made, so nobody could end it.
    if (stop.aborted || !this.log.standing.maySign) messages.stop();
    try {
      for await (const message of messages) this.take(message);
    } finally {
      this.messages = undefined;
    }
    return 'again';
  }

  private take(message: JsMsg): void {
    const settled = withinRequest(requestIdIn(message), () => this.settle(message)).finally(() =>
      this.unsettled.delete(settled),
    );
    this.unsettled.add(settled);
  }

  private async settle(message: JsMsg): Promise<void> {
    try {
      const body = message.string();
      const decoded = decodeEvent(this.options.owner, message.subject, body);
      if (decoded.kind === 'event') {
        await this.intake.add(decoded.event);
        this.options.onTaken(decoded.event);
      } else {
        this.options.onError(message.subject, new Error(decoded.reason));
        await this.log.refuse({ subject: message.subject, body, reason: decoded.reason });
      }
      message.ack();
    } catch (error) {
      this.options.onError(message.subject, error);
      message.nak(retryMs);
    }
  }
}
