import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { JetStreamManager } from '@nats-io/jetstream';
import { Catch, Controller, type ExceptionFilter, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { AppError, invalid, unavailable } from '@cpds/errors';
import { testNats } from '@cpds/local';
import type { EventEnvelope } from '@cpds/messages';
import { throwError } from 'rxjs';
import { z } from 'zod';
import { type Bus, connectBus } from './bus.js';
import { type BusLoss, EventConsumer } from './event-consumer.js';
import { ensureEventStream, eventStream, hospitalEventSubjects, widenEventStream } from './event-stream.js';
import { JetStreamStrategy } from './jetstream-strategy.js';
import { BusRequests } from './requests.js';
import type { DeadLetter } from './settle.js';

let deliveries: { seq: number; at: number }[] = [];
let behave: (event: EventEnvelope) => Promise<void> = async () => undefined;

@Controller()
class Doors {
  @EventPattern('records.*.v1')
  async stored(@Payload() event: EventEnvelope): Promise<void> {
    deliveries.push({ seq: event.seq, at: Date.now() });
    await behave(event);
  }

  @MessagePattern('records.double')
  double(@Payload() body: { n: number }): { n: number } {
    if (body.n < 0) throw invalid('negative', 'n', 'n: is negative');
    return { n: 2 * body.n };
  }
}

@Module({ controllers: [Doors] })
class Service {}

@Controller()
class Answers {
  @MessagePattern('records.half')
  half(@Payload() body: { n: number }): { n: number } {
    return { n: body.n / 2 };
  }
}

/** Hears no events: its reader would ask the server that is away for ten seconds more. */
@Module({ controllers: [Answers] })
class Answering {}

@Catch()
class Passing implements ExceptionFilter {
  catch(thrown: unknown): unknown {
    return throwError(() => thrown);
  }
}

let nats: Awaited<ReturnType<typeof testNats>>;
let bus: Bus;
let requests: BusRequests;
let service: INestMicroservice;
const letters: DeadLetter[] = [];
const losses: BusLoss[] = [];

async function start(over: Bus, module: typeof Service | typeof Answering = Service): Promise<INestMicroservice> {
  const strategy = new JetStreamStrategy({
    bus: over,
    service: 'reader',
    streamSubjects: hospitalEventSubjects,
    maxFailures: 3,
    onDeadLetter: async (letter) => void letters.push(letter),
    onLoss: async (loss) => void losses.push(loss),
  });
  const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
  app.useGlobalFilters(new Passing());
  await app.listen();
  return app;
}

let seq = 0;
async function send(body?: string): Promise<number> {
  const envelope: EventEnvelope = {
    id: randomUUID(),
    type: 'records.object-stored.v1',
    producer: 'records.north',
    seq: ++seq,
    at: new Date().toISOString(),
    correlation: 'r-1',
    salt: `0x${'11'.repeat(32)}`,
    details: {},
  };
  const ack = await bus.js.publish(envelope.type, body ?? JSON.stringify(envelope));
  return ack.seq;
}

/** Waits until the reader has settled all up to `seq` of the stream. The count of pending messages cannot say so: JetStream updates it late. */
async function settled(through: number): Promise<void> {
  const jsm = await bus.jsm();
  for (;;) {
    const info = await jsm.consumers.info(eventStream, 'reader');
    if (info.ack_floor.stream_seq >= through) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function until(fact: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error('nobody told of the loss');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  nats = await testNats();
  bus = await connectBus({ url: nats.url, name: 'test' });
  requests = new BusRequests(bus);
  service = await start(bus);
});

afterAll(async () => {
  await service.close();
  await bus.close();
  await nats.close();
});

beforeEach(() => {
  deliveries = [];
  letters.length = 0;
  behave = async () => undefined;
});

describe('requests', () => {
  const Number_ = z.object({ n: z.number() });

  it('answer with a typed value', async () => {
    await expect(requests.ask('records.double', Number_, Number_, { n: 21 })).resolves.toEqual({ n: 42 });
  });

  it('carry the error of the answerer, with its field', async () => {
    await expect(requests.ask('records.double', Number_, Number_, { n: -1 })).rejects.toMatchObject({
      code: 'negative',
      kind: 'invalid',
      field: 'n',
    });
  });

  it('do not believe an answer of another shape', async () => {
    const asked = requests.ask('records.double', Number_, z.object({ m: z.string() }), { n: 1 });
    await expect(asked).rejects.toMatchObject({ code: 'invalid-input', field: 'm' });
  });

  it('say unavailable where nobody answers', async () => {
    const asked = requests.ask('records.nobody', Number_, Number_, { n: 1 }, 300);
    await expect(asked).rejects.toMatchObject({ code: 'no-answer', kind: 'unavailable' });
  });
});

describe('events', () => {
  it('reach the handler once when it succeeds', async () => {
    await settled(await send());
    expect(deliveries).toHaveLength(1);
  });

  it('come again after a bug, and become a dead letter after the last try', async () => {
    behave = () => Promise.reject(new TypeError('boom'));
    const at = await send();
    await settled(at);
    expect(deliveries).toHaveLength(3);
    expect(letters).toMatchObject([{ streamSeq: at, deliveries: 3, kind: 'bug', event: { seq } }]);
  });

  it('are never given up while something is unavailable', async () => {
    let left = 4;
    behave = async () => {
      if (left-- > 0) throw unavailable('away', 'away');
    };
    await settled(await send());
    expect(deliveries).toHaveLength(5);
    expect(letters).toEqual([]);
  });

  it('are not given up for a first failure after something was unavailable for long', async () => {
    let left = 3;
    behave = () => Promise.reject(left-- > 0 ? unavailable('away', 'away') : new TypeError('boom'));
    const at = await send();
    await settled(at);
    expect(deliveries).toHaveLength(6);
    expect(letters).toMatchObject([{ streamSeq: at, deliveries: 6, kind: 'bug' }]);
  });

  it('are given up at once when they are not envelopes or are refused', async () => {
    await send('{"not":"an envelope"}');
    await send('not json');
    behave = () => Promise.reject(new AppError('refused', 'denied', 'refused'));
    await settled(await send());
    expect(letters.map(({ code, deliveries: tries }) => [code, tries])).toEqual([
      ['invalid-input', 1],
      ['invalid-input', 1],
      ['refused', 1],
    ]);
  });

  it('that were under way when the reader died come to the next one', async () => {
    let entered = (): void => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    let release = (): void => undefined;
    behave = async () => {
      entered();
      await new Promise<void>((resolve) => (release = resolve));
      throw unavailable('dying', 'stopped in the middle');
    };
    const at = await send();
    await inside;
    const closing = service.close();
    release();
    await closing;
    behave = async () => undefined;
    service = await start(bus);
    await settled(at);
    expect(deliveries).toHaveLength(2);
  });

  it.each<[string, BusLoss, (jsm: JetStreamManager) => Promise<unknown>]>([
    ['the stream was lost', 'stream', (jsm) => jsm.streams.delete(eventStream)],
    ['the consumer was lost', 'consumer', (jsm) => jsm.consumers.delete(eventStream, 'reader')],
    [
      'the stream was made anew by somebody else',
      'stream',
      async (jsm) => {
        await jsm.streams.delete(eventStream);
        await ensureEventStream(jsm, hospitalEventSubjects);
      },
    ],
    [
      'the consumer was made anew by somebody else',
      'consumer',
      async (jsm) => {
        const { config } = await jsm.consumers.info(eventStream, 'reader');
        await jsm.consumers.delete(eventStream, 'reader');
        await jsm.consumers.add(eventStream, config);
      },
    ],
  ])('flow again after %s, and it is told once', async (_, loss, lose) => {
    const jsm = await bus.jsm();
    losses.length = 0;
    await lose(jsm);
    await until(() => losses.length > 0);
    deliveries = [];
    const at = await send();
    await settled(at);
    expect(deliveries.at(-1)?.seq).toBe(seq);
    expect(losses).toEqual([loss]);
  });
});

describe('a consumer that is forgotten', () => {
  it('begins with the first message again, and is no loss', async () => {
    const told: BusLoss[] = [];
    const consumer = new EventConsumer({
      bus,
      durable: 'again',
      filters: ['identity.*.v1'],
      streamSubjects: hospitalEventSubjects,
      ackWaitMs: 10_000,
      maxUnsettled: 10,
      prefetch: 5,
      onLoss: async (loss) => void told.push(loss),
    });
    for (const body of ['1', '2']) await bus.js.publish('identity.token-issued.v1', body);
    const read = async (): Promise<string[]> => {
      const bodies: string[] = [];
      const messages = await consumer.open();
      for await (const message of messages) {
        bodies.push(message.string());
        await message.ackAck();
        if (bodies.length === 2) break;
      }
      await messages.close();
      return bodies;
    };
    expect(await read()).toEqual(['1', '2']);
    await consumer.forget();
    expect(await read()).toEqual(['1', '2']);
    expect(told).toEqual([]);
    await consumer.forget();
  });
});

describe('ensureEventStream', () => {
  it('adds subjects to a stream that exists and is repeatable', async () => {
    const jsm = await bus.jsm();
    await ensureEventStream(jsm, [...hospitalEventSubjects, 'other.*.v1']);
    expect((await jsm.streams.info(eventStream)).config.subjects).not.toContain('other.*.v1');
    await widenEventStream(jsm, [...hospitalEventSubjects, 'other.*.v1']);
    await ensureEventStream(jsm, hospitalEventSubjects);
    await widenEventStream(jsm, hospitalEventSubjects);
    expect((await jsm.streams.info(eventStream)).config.subjects).toContain('other.*.v1');
  });
});

describe('datagrams', () => {
  it('are heard in order, and one that fails does not stop the next', async () => {
    const errors: string[] = [];
    const other = await connectBus({ url: nats.url, name: 'other', onHandlerError: (subject) => errors.push(subject) });
    const heard: unknown[] = [];
    let all = (): void => undefined;
    const done = new Promise<void>((resolve) => (all = resolve));
    other.subscribe('consortium.north.*.v1', ({ body }) => {
      heard.push(body);
      if (body === 2) throw new Error('no');
      if (body === 3) all();
    });
    await other.connection.flush();
    for (const body of [1, 2, 3]) bus.publish('consortium.north.sign.v1', body);
    await done;
    expect(heard).toEqual([1, 2, 3]);
    expect(errors).toEqual(['consortium.north.sign.v1']);
    await other.close();
  });
});

describe('a bus whose server is away', () => {
  it('closes all the same, and so does the service on it', async () => {
    const server = await testNats();
    const left = await connectBus({ url: server.url, name: 'left' });
    const over = await start(left, Answering);
    const away = disconnected(left);
    await server.close();
    await away;
    await over.close();
    await left.close();
    expect(left.connection.isClosed()).toBe(true);
  });
});

async function disconnected({ connection }: Bus): Promise<void> {
  for await (const { type } of connection.status()) if (type === 'disconnect') return;
}
