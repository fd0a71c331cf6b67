import { bug, parse, toAppError, toProblem } from '@cpds/errors';
import type { EventEnvelope } from '@cpds/messages';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { z } from 'zod';
import { type Bus, drained } from './bus.js';
import { type BusLoss, EventConsumer } from './event-consumer.js';
import { ensureEventStream, eventStream } from './event-stream.js';
import { requestIdIn, withinRequest } from './request-id.js';
import { Failures, settle, type SettleOptions } from './settle.js';
import { subjectMatches } from './subject.js';

/** After the stream or its consumer vanished, it is looked for this often, milliseconds. */
const reopenAfterMs = 500;

/** A message that a killed process held is delivered again after this many milliseconds: the latency that a crash costs. */
const ackWaitMs = 10_000;
/** Messages held beside the one under way. More would wait behind a slow handler for so long that the server delivers them twice. */
const prefetch = 8;

export interface StrategyOptions extends Partial<SettleOptions> {
  bus: Bus;
  /** name of the durable consumer and of the queue group of requests: the service's name */
  service: string;
  /** subjects of the stream, which the first process to start makes; omit if this process may not administer it */
  streamSubjects?: string[];
  /** told of each request that was answered and each event that was handled, for logs; default nobody */
  onDone?: (done: { what: 'request' | 'event'; subject: string; ms: number }) => void;
  /** told when the stream or this service's consumer was lost while it was running; default nobody */
  onLoss?: (loss: BusLoss) => Promise<void>;
}

/**
 * Nest's transport over NATS: `@EventPattern(subject)` is fed by one durable JetStream consumer per service and settled by
 * `settle`; `@MessagePattern(subject)` answers core requests in a queue group with `{ ok, value }` or `{ ok, error }`.
 * Handlers get the parsed `EventEnvelope`, respectively the request's JSON body, and may be wildcards for events.
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  private readonly subscriptions: Subscription[] = [];
  private messages?: ConsumerMessages;
  private isClosing = false;
  private consuming: Promise<void> = Promise.resolve();

  constructor(private readonly options: StrategyOptions) {
    super();
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const eventPatterns: string[] = [];
      for (const [pattern, handler] of this.messageHandlers) {
        if (handler.isEventHandler) eventPatterns.push(pattern);
        else this.answer(pattern, handler);
      }
      if (this.options.streamSubjects)
        await ensureEventStream(await this.options.bus.jsm(), this.options.streamSubjects);
      if (eventPatterns.length > 0) this.consuming = this.consume(eventPatterns, this.settling());
      await this.options.bus.connection.flush();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Stops taking messages and waits for the one under way. Subscriptions that the server's absence keeps open end with the connection. */
  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.subscriptions.map(drained));
    await this.messages?.close();
    await this.consuming;
  }

  on(): never {
    throw bug('not-supported', 'this transport has no events of its own');
  }

  unwrap<T>(): T {
    return this.options.bus as T;
  }

  private answer(subject: string, handler: MessageHandler): void {
    const subscription = this.options.bus.connection.subscribe(subject, { queue: this.options.service });
    const listen = async (): Promise<void> => {
      for await (const message of subscription)
        if (isToInbox(message)) void withinRequest(requestIdIn(message), () => this.reply(message, handler));
    };
    listen().catch((error: unknown) => this.options.onFailure?.(subject, error, 'reject'));
    this.subscriptions.push(subscription);
  }

  private async reply(message: Msg, handler: MessageHandler): Promise<void> {
    const begunMs = performance.now();
    try {
      const value = await resultOf(handler, parse(z.json(), jsonOf(message), `request ${message.subject}`));
      message.respond(JSON.stringify({ ok: true, value: value ?? null }));
    } catch (thrown) {
      const { code, kind, detail, field, culprit } = toProblem(thrown);
      if (kind === 'bug' || kind === 'unavailable')
        this.options.onFailure?.(message.subject, toAppError(thrown), 'reject');
      message.respond(JSON.stringify({ ok: false, error: { code, kind, message: detail, field, culprit } }));
    }
    this.tellDone('request', message.subject, begunMs);
  }

  /** No `Loop` of libs/store: store and bus stand in one layer, and neither imports the other. */
  private async consume(patterns: string[], settling: SettleOptions): Promise<void> {
    const { bus, service, streamSubjects, onLoss = () => Promise.resolve() } = this.options;
    const consumer = new EventConsumer({
      bus,
      durable: service,
      filters: patterns,
      streamSubjects,
      ackWaitMs,
      maxUnsettled: 256,
      prefetch,
      onLoss,
    });
    while (!this.isClosing) {
      try {
        this.messages = await consumer.open();
        for await (const message of this.messages)
          await withinRequest(requestIdIn(message), () => this.take(message, patterns, settling));
      } catch (error) {
        settling.onFailure(eventStream, error, 'retry');
      }
      if (!this.isClosing) await new Promise((resolve) => setTimeout(resolve, reopenAfterMs));
    }
  }

  private tellDone(what: 'request' | 'event', subject: string, begunMs: number): void {
    this.options.onDone?.({ what, subject, ms: Math.round(performance.now() - begunMs) });
  }

  private async take(message: JsMsg, patterns: string[], settling: SettleOptions): Promise<void> {
    const begunMs = performance.now();
    const handle = async (event: EventEnvelope): Promise<void> => {
      await this.dispatch(message.subject, patterns, event);
      this.tellDone('event', message.subject, begunMs);
    };
    try {
      await settle(message, handle, settling);
    } catch (error) {
      settling.onFailure(message.subject, error, 'retry'); // unsettled: the server delivers it again after ack_wait
    }
  }

  private settling(): SettleOptions {
    return {
      maxFailures: this.options.maxFailures ?? 10,
      failures: new Failures(),
      onDeadLetter:
        this.options.onDeadLetter ?? (() => Promise.reject(bug('no-dead-letters', 'no place for dead letters'))),
      onFailure: this.options.onFailure ?? (() => undefined),
    };
  }

  private async dispatch(subject: string, patterns: string[], event: EventEnvelope): Promise<void> {
    for (const pattern of patterns.filter((candidate) => subjectMatches(candidate, subject))) {
      const handler = this.messageHandlers.get(pattern);
      if (handler) await resultOf(handler, event);
    }
  }
}

/** A throwing handler arrives as an errored Observable: it must be awaited before anything is acknowledged. */
async function resultOf(handler: MessageHandler, data: unknown): Promise<unknown> {
  const result: unknown = await handler(data, {});
  return isObservable(result) ? lastValueFrom(result, { defaultValue: null }) : result;
}

/** An answer goes to an inbox only: elsewhere the asker, who chose the subject, would speak in the answerer's name. */
function isToInbox({ reply }: Msg): boolean {
  return reply?.startsWith('_INBOX.') ?? false;
}

function jsonOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined; // parse() refuses it by name
  }
}
