import { randomUUID } from 'node:crypto';
import { type Bus, connectBus, ensureEventStream, eventStream, hospitalEventSubjects } from '@cpds/bus';
import { testNats, testPostgres } from '@cpds/local';
import { EventEnvelope, type Receipted, receiptSubject } from '@cpds/messages';
import { Leases, openStore, UnitOfWork } from '@cpds/store';
import { AckPolicy } from '@nats-io/jetstream';
import type { DataSource } from 'typeorm';
import { Inbox } from './inbox.js';
import { outboxMigrations } from './migrations.js';
import { Outbox } from './outbox.js';
import { Receipts } from './receipts.js';
import { Relay } from './relay.js';

const producer = 'records.north';
const type = 'records.cohort-minted.v1';

let database: Awaited<ReturnType<typeof testPostgres>>;
let nats: Awaited<ReturnType<typeof testNats>>;
let bus: Bus;
let store: DataSource;
let unitOfWork: UnitOfWork;

/** A producer process: everything it would hold, started and stopped together. */
async function startProducer(consumers: string[] = [], subjectOf = (event: EventEnvelope): string => event.type) {
  const errors: unknown[] = [];
  const outbox = new Outbox(producer);
  const onError = (error: unknown): void => void errors.push(error);
  const receipts = new Receipts(unitOfWork, bus, { producer, subject: receiptSubject, mayAsk: true, onError });
  const relay = new Relay(unitOfWork, new Leases(store, 20), bus, outbox, receipts, {
    producer,
    subjectOf,
    consumers,
    pollMs: 50,
    resendAfterMs: 60_000,
    mayInspect: true,
    onError,
  });
  await receipts.start();
  await bus.connection.flush();
  relay.start();
  const append = (n: number) =>
    unitOfWork.run((tx) => outbox.append(tx, type, { correlation: 'r-1', details: { n }, person: randomUUID() }));
  const stop = async (): Promise<void> => {
    receipts.stop();
    await relay.stop();
  };
  return { outbox, receipts, relay, append, stop, errors };
}

async function until(fact: () => Promise<boolean>): Promise<void> {
  while (!(await fact())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const streamed = async (): Promise<EventEnvelope[]> => {
  const jsm = await bus.jsm();
  const { state } = await jsm.streams.info(eventStream);
  const out: EventEnvelope[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const message = await jsm.streams.getMessage(eventStream, { seq });
    if (message?.subject === type) out.push(EventEnvelope.parse(message.json()));
  }
  return out;
};
const rowsLeft = async (): Promise<number> =>
  Number(((await store.query('SELECT count(*) AS n FROM outbox')) as [{ n: string }])[0].n);
const rowsPublished = async (): Promise<number> =>
  Number(
    ((await store.query('SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL')) as [{ n: string }])[0].n,
  );
const announce = (throughSeq: number): void =>
  bus.publish(receiptSubject, { producer, throughSeq, treeSize: throughSeq } satisfies Receipted);

beforeEach(async () => {
  [database, nats] = await Promise.all([testPostgres(), testNats()]);
  bus = await connectBus({ url: nats.url, name: 'test' });
  await ensureEventStream(await bus.jsm(), hospitalEventSubjects);
  store = await openStore({ url: database.url, migrations: outboxMigrations });
  unitOfWork = new UnitOfWork(store);
});

afterEach(async () => {
  await bus.close();
  await store.destroy();
  await Promise.all([database.close(), nats.close()]);
});

describe('outbox', () => {
  it('numbers events without gaps, also when transactions roll back and run together', async () => {
    const sender = await startProducer();
    const doomed = unitOfWork.run(async (tx) => {
      await sender.outbox.append(tx, type, { correlation: 'r-1', details: {} });
      throw new Error('rolled back');
    });
    await expect(doomed).rejects.toThrow('rolled back');
    await Promise.all(Array.from({ length: 20 }, (_, n) => sender.append(n)));
    await until(async () => (await streamed()).length === 20);
    expect((await streamed()).map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(sender.errors).toEqual([]);
    await sender.stop();
  });

  it('refuses an event that names a type of the wrong form and takes no number for it', async () => {
    const sender = await startProducer();
    const bad = unitOfWork.run((tx) => sender.outbox.append(tx, 'Nonsense', { correlation: 'r', details: {} }));
    await expect(bad).rejects.toMatchObject({ code: 'invalid-input', field: 'type' });
    expect((await sender.append(1)).seq).toBe(1);
    await sender.stop();
  });

  it('goes on after the process died between publishing and marking: the stream has the event once', async () => {
    const first = await startProducer();
    await first.append(1);
    await until(async () => (await streamed()).length === 1);
    await first.stop();
    await store.query('UPDATE outbox SET published_at = NULL, stream_seq = NULL'); // the mark was not written
    const second = await startProducer();
    await second.append(2);
    await until(async () => (await streamed()).length === 2);
    expect((await streamed()).map(({ seq }) => seq)).toEqual([1, 2]);
    await second.stop();
  });

  it('gives its lease back after a failed round: another process of the producer sends', async () => {
    const lame = await startProducer([], () => {
      throw new Error('cannot publish');
    });
    await lame.append(1);
    await until(async () => lame.errors.length > 0);
    const sound = await startProducer();
    await until(async () => (await streamed()).length === 1);
    await Promise.all([lame.stop(), sound.stop()]);
  });

  it('keeps a row until the log receipted it and the declared reader passed it', async () => {
    const jsm = await bus.jsm();
    await jsm.consumers.add(eventStream, {
      durable_name: 'bridge',
      ack_policy: AckPolicy.Explicit,
      filter_subjects: ['records.*.v1'],
    });
    const sender = await startProducer(['bridge']);
    await sender.append(1);
    await sender.append(2);
    await until(async () => (await streamed()).length === 2);

    announce(2);
    await sender.receipts.wait(2);
    expect(await rowsLeft()).toBe(2); // the reader has passed nothing

    const reader = await bus.js.consumers.get(eventStream, 'bridge');
    (await reader.next())?.ack();
    await until(async () => (await rowsLeft()) === 1); // one passed, one not
    (await reader.next())?.ack();
    await until(async () => (await rowsLeft()) === 0);
    await sender.stop();
  });

  it('keeps rows that the reader passed but the log has not receipted', async () => {
    const sender = await startProducer();
    await sender.append(1);
    await sender.append(2);
    await until(async () => (await streamed()).length === 2);
    announce(1);
    await until(async () => (await rowsLeft()) === 1);
    const left = (await store.query('SELECT seq FROM outbox')) as { seq: string }[];
    expect(left).toEqual([{ seq: '2' }]);
    await sender.stop();
  });

  it('sends everything again to a stream that was made anew', async () => {
    const sender = await startProducer();
    await sender.append(1);
    await sender.append(2);
    // Marked, not only streamed: a publication under way would be repeated into the new stream, ahead of the others.
    await until(async () => (await rowsPublished()) === 2);
    const jsm = await bus.jsm();
    await jsm.streams.delete(eventStream);
    await ensureEventStream(jsm, hospitalEventSubjects);
    await until(async () => (await streamed()).length === 2);
    expect((await streamed()).map(({ seq }) => seq)).toEqual([1, 2]);
    await sender.stop();
  });
});

describe('receipts', () => {
  it('resolve when the announcement covers the row, and at once afterwards', async () => {
    const sender = await startProducer();
    const { seq } = await sender.append(1);
    const waiting = sender.receipts.wait(seq);
    announce(seq);
    await expect(waiting).resolves.toMatchObject({ throughSeq: seq });
    await expect(sender.receipts.wait(seq, 1)).resolves.toMatchObject({ throughSeq: seq });
    await sender.stop();
  });

  it('ask the log when an announcement was lost', async () => {
    const audit = bus.connection.subscribe('audit.receipt', {
      callback: (_, message) => {
        message.respond(JSON.stringify({ ok: true, value: { producer, throughSeq: 1, treeSize: 9 } }));
      },
    });
    const sender = await startProducer();
    await sender.append(1);
    await expect(sender.receipts.wait(1)).resolves.toMatchObject({ treeSize: 9 });
    audit.unsubscribe();
    await sender.stop();
  });

  it('are late, said with Retry-After, when the log is away', async () => {
    const sender = await startProducer();
    await sender.append(1);
    await expect(sender.receipts.wait(1, 100)).rejects.toMatchObject({
      code: 'receipt-late',
      kind: 'unavailable',
      retryAfterSec: 5,
    });
    await sender.stop();
  });

  it('are remembered across a restart', async () => {
    const first = await startProducer();
    await first.append(1);
    announce(1);
    await until(async () => (await rowsLeft()) === 0);
    await first.stop();
    const second = await startProducer();
    expect(second.receipts.throughSeq).toBe(1);
    await second.stop();
  });
});

describe('inbox', () => {
  it('lets an envelope have its effect once, and again when the effect rolled back', async () => {
    const inbox = new Inbox();
    const id = randomUUID();
    const failed = unitOfWork.run(async (tx) => {
      expect(await inbox.once(tx, 'bridge', id)).toBe(true);
      throw new Error('effect failed');
    });
    await expect(failed).rejects.toThrow('effect failed');
    expect(await unitOfWork.run((tx) => inbox.once(tx, 'bridge', id))).toBe(true);
    expect(await unitOfWork.run((tx) => inbox.once(tx, 'bridge', id))).toBe(false);
    expect(await unitOfWork.run((tx) => inbox.once(tx, 'audit', id))).toBe(true);
  });
});
