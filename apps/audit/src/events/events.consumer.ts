import { Injectable } from '@nestjs/common';
import { AckPolicy, DeliverPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import {
  Bus,
  ensureEventStream,
  eventStream,
  hospitalEventSubjects,
  hubEventSubjects,
  widenEventStream,
} from '@cpds/bus';
import { type AfterRound, Loop } from '@cpds/store';
import { AuditLog } from '../log/log.service.js';
import { decodeEvent, type LogOwner } from './decode.js';
import { Intake } from './intake.js';

/** The durable consumer's name; the outbox's relays know audit by receipts, not by it. */
const durableName = 'audit';
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
  abstract readonly owner: LogOwner;
  /** Told of a message that will be tried again or was refused, and with the stream's name of a consumer that was lost. */
  abstract readonly onError: (subject: string, error: unknown) => void;
}

/**
 * Feeds the log from the stream `EVENTS`. A message is acknowledged when its event is durable and not before, so it comes
 * again after any crash, and the log knows it by (producer, seq). Messages are taken many at a time: each waits for the
 * transaction that holds it, not for the one before. A round lasts as long as one consumer of the stream.
 */
@Injectable()
export class EventsConsumer {
  private readonly loop: Loop;
  private messages: ConsumerMessages | undefined;
  private readonly unsettled = new Set<Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly log: AuditLog,
    private readonly intake: Intake,
    private readonly options: EventsConsumerOptions,
  ) {
    this.loop = new Loop({
      round: (stop) => this.round(stop),
      everyMs: retryMs,
      onError: (error) => options.onError(eventStream, error),
    });
  }

  /** Resolves once the consumer stands; it then runs until `stop`. */
  async start(): Promise<void> {
    this.messages = await this.consume();
    this.loop.start();
  }

  /** Takes no more messages and waits for those that were taken. */
  async stop(): Promise<void> {
    const stopped = this.loop.stop();
    this.messages?.stop();
    await stopped;
    await Promise.all(this.unsettled);
  }

  private async consume(): Promise<ConsumerMessages> {
    const isHub = this.options.owner.kind === 'hub';
    const subjects = isHub ? hubEventSubjects : hospitalEventSubjects;
    const jsm = await this.bus.jsm();
    await ensureEventStream(jsm, subjects);
    await widenEventStream(jsm, subjects);
    await jsm.consumers.add(eventStream, {
      durable_name: durableName,
      // `audit.*` in a hospital's stream are this service's own events.
      filter_subjects: subjects.filter((subject) => isHub || !subject.startsWith('audit.')),
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: maxUnsettled,
      max_deliver: -1,
    });
    return (await this.bus.js.consumers.get(eventStream, durableName)).consume({ max_messages: maxUnsettled / 2 });
  }

  private async round(stop: AbortSignal): Promise<AfterRound> {
    const messages = (this.messages ??= await this.consume());
    // Stopped while the consumer was being made, so `stop` could not end it.
    if (stop.aborted) messages.stop();
    try {
      for await (const message of messages) this.take(message);
    } finally {
      this.messages = undefined;
    }
    return 'again';
  }

  private take(message: JsMsg): void {
    const settled = this.settle(message).finally(() => this.unsettled.delete(settled));
    this.unsettled.add(settled);
  }

  private async settle(message: JsMsg): Promise<void> {
    try {
      const body = message.string();
      const decoded = decodeEvent(this.options.owner, message.subject, body);
      if (decoded.kind === 'event') await this.intake.add(decoded.event);
      else {
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
