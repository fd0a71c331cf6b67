import { randomUUID } from 'node:crypto';
import { type Bus, BusRequests, connectBus, ensureEventStream, eventStream, hospitalEventSubjects } from '@cpds/bus';
import { KeyRing } from '@cpds/crypto/custody';
import { testNats, testPostgres } from '@cpds/local';
import {
  type Anchored,
  anchoredSubject,
  appendedSubject,
  EventEnvelope,
  eventLeafHash,
  type Hex,
  type LeavesAnswer,
  type LeavesQuery,
  leavesRequest,
  outboxAgreed,
  OutboxRows,
  type ReceiptAnswer,
  type ReceiptQuery,
  receiptRequest,
  type Receipted,
  receiptSubject,
} from '@cpds/messages';
import { Leases, openStore, UnitOfWork } from '@cpds/store';
import { AckPolicy } from '@nats-io/jetstream';
import type { DataSource, Logger } from 'typeorm';
import { Agreement } from './agreement.js';
import { Inbox } from './inbox.js';
import { outboxMigrations } from './migrations.js';
import { Numbered } from './numbered.js';
import { Outbox } from './outbox.js';
import { Receipts } from './receipts.js';
import { Relay, type RelayOptions } from './relay.js';

const producer = 'records.north';
const type = 'records.cohort-minted.v1';

const ring = new KeyRing(new Uint8Array(32).fill(9));
let database: Awaited<ReturnType<typeof testPostgres>>;
let nats: Awaited<ReturnType<typeof testNats>>;
let bus: Bus;
let store: DataSource;
let unitOfWork: UnitOfWork;
let log: TestLog;

/** The hospital's audit service, reduced to the leaves that it holds of this producer. */
class TestLog {
  readonly leaves = new Map<number, Hex>();
  /** events about whose leaves it was asked, by request */
  readonly asked: { receipts: number[]; leaves: number[][] } = { receipts: [], leaves: [] };
  private readonly subscriptions: { unsubscribe(): void }[] = [];

  /** It answers from now on. */
  answer(): void {
    const { connection } = bus;
    const reply = (subject: string, answerOf: (body: never) => unknown): void => {
      const callback = (_: unknown, message: { json(): unknown; respond(data: string): unknown }): void => {
        message.respond(JSON.stringify({ ok: true, value: answerOf(message.json() as never) }));
      };
      this.subscriptions.push(connection.subscribe(subject, { callback }));
    };
    reply(receiptRequest, ({ seq }: ReceiptQuery): ReceiptAnswer => {
      this.asked.receipts.push(seq);
      return { producer, seq, leaf: this.leaves.get(seq) ?? null, throughSeq: this.throughSeq, treeSize: 9 };
    });
    reply(leavesRequest, ({ seqs }: LeavesQuery): LeavesAnswer => {
      this.asked.leaves.push(seqs);
      return { producer, throughSeq: this.throughSeq, leaves: seqs.map((seq) => this.leaves.get(seq) ?? null) };
    });
  }

  away(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  take(...events: EventEnvelope[]): void {
    for (const event of events) this.leaves.set(event.seq, eventLeafHash(event));
  }

  get throughSeq(): number {
    return Math.max(0, ...this.leaves.keys());
  }

  /** Announces the receipt of `event`, taken or not. */
  announce({ seq, ...event }: EventEnvelope): void {
    const leaf = eventLeafHash({ seq, ...event });
    bus.publish(receiptSubject, { producer, throughSeq: seq, leaf, treeSize: seq } satisfies Receipted);
  }

  /** Announces that final anchors cover everything up to `event`. */
  anchor(event: EventEnvelope): void {
    const anchored: Anchored = { producer, throughSeq: event.seq, leaf: eventLeafHash(event) };
    bus.publish(anchoredSubject, anchored);
  }
}

/** A producer process: everything it would hold, started and stopped together. */
async function startProducer(consumers: string[] = [], over: Partial<RelayOptions> = {}) {
  const errors: unknown[] = [];
  const outbox = new Outbox(producer, ring);
  const onError = (error: unknown): void => void errors.push(error);
  const requests = new BusRequests(bus);
  const numbered = new Numbered(unitOfWork, outbox);
  const agreement = new Agreement(unitOfWork, requests, outbox, numbered, {
    agreed: outboxAgreed('records'),
    onError,
  });
  const receipts = new Receipts(unitOfWork, bus, requests, numbered, agreement, {
    receipts: receiptSubject,
    anchors: anchoredSubject,
    onError,
  });
  const leases = new Leases(store, 20);
  const relay = new Relay(unitOfWork, leases, bus, outbox, numbered, agreement, receipts, {
    producer,
    subjectOf: (event) => event.type,
    appended: appendedSubject('records'),
    consumers,
    pollMs: 50,
    resendAfterMs: 60_000,
    keepMs: 0,
    mayInspect: true,
    onError,
    ...over,
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
  return { outbox, numbered, agreement, receipts, relay, append, stop, errors };
}

async function until(fact: () => Promise<boolean>): Promise<void> {
  while (!(await fact())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Whether `fact` came about within `ms` milliseconds. */
async function within(ms: number, fact: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (!(await fact())) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
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
  Number(((await store.query('SELECT count(stream_seq) AS n FROM outbox')) as [{ n: string }])[0].n);
/** One plan of `EXPLAIN (FORMAT JSON)`, as far as it is read here. */
interface Planned {
  Plan: { 'Total Cost': number };
}
/** What an outbox is after its database was restored from a dump that was made when `lastSeq` events were in it. */
async function restoreTo(lastSeq: number): Promise<void> {
  await store.query('DELETE FROM outbox WHERE seq > $1', [lastSeq]);
  await store.query('UPDATE outbox_counter SET last_seq = $1', [lastSeq]);
  await store.query(
    'UPDATE outbox_relay SET published_seq = least(published_seq, $1), receipted_seq = least(receipted_seq, $1)',
    [lastSeq],
  );
}

beforeEach(async () => {
  [database, nats] = await Promise.all([testPostgres(), testNats()]);
  bus = await connectBus({ url: nats.url, name: 'test' });
  await ensureEventStream(await bus.jsm(), hospitalEventSubjects);
  store = await openStore({ url: database.url, migrations: outboxMigrations });
  unitOfWork = new UnitOfWork(store);
  log = new TestLog();
  log.answer();
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

  it('holds no detail, person or salt readable in its rows, and sends all of them', async () => {
    const sender = await startProducer();
    const [planted, person] = ['planted-detail-string', randomUUID()];
    const told = await unitOfWork.run((tx) =>
      sender.outbox.append(tx, type, { correlation: 'r-1', details: { planted }, person }),
    );
    const dump = JSON.stringify(await store.query('SELECT * FROM outbox'));
    expect(dump).toContain(type);
    for (const hidden of [planted, person, told.salt.slice(2)]) expect(dump).not.toContain(hidden);
    await until(async () => (await streamed()).length === 1);
    expect(await streamed()).toEqual([told]);
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
    await store.query('UPDATE outbox_relay SET published_seq = 0'); // the mark was not written
    const second = await startProducer();
    await second.append(2);
    await until(async () => (await streamed()).length === 2);
    expect((await streamed()).map(({ seq }) => seq)).toEqual([1, 2]);
    await second.stop();
  });

  it('gives its lease back after a failed round: another process of the producer sends', async () => {
    const subjectOf = (): never => {
      throw new Error('cannot publish');
    };
    const lame = await startProducer([], { subjectOf });
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
    const [, second] = [await sender.append(1), await sender.append(2)];
    await until(async () => (await streamed()).length === 2);

    log.take(...(await streamed()));
    log.announce(second);
    log.anchor(second);
    await sender.receipts.wait(second);
    await until(async () => sender.receipts.anchoredThrough === 2);
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
    const [first, second] = [await sender.append(1), await sender.append(2)];
    await until(async () => (await streamed()).length === 2);
    log.take(first);
    log.announce(first);
    log.anchor(first);
    await until(async () => (await rowsLeft()) === 1);
    // An anchor said to cover more than the log holds deletes nothing either.
    log.anchor(second);
    await until(async () => sender.receipts.anchoredThrough === 2 && log.asked.leaves.flat().includes(2));
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

  it('keeps rows until a final anchor covers them, and deletes none that the log holds another event for', async () => {
    const sender = await startProducer();
    const [first, second, third] = [await sender.append(1), await sender.append(2), await sender.append(3)];
    await until(async () => (await rowsPublished()) === 3);
    log.take(first, second, third);
    log.announce(third);
    await until(async () => sender.receipts.throughSeq === 3);
    // Numbers that this database never gave, and numbers under another leaf, cover nothing.
    log.anchor({ ...third, seq: Number.MAX_SAFE_INTEGER });
    log.anchor({ ...third, correlation: 'another' });
    log.anchor(first);
    await until(async () => (await rowsLeft()) === 2);
    expect(sender.receipts.anchoredThrough).toBe(1);

    log.leaves.set(2, eventLeafHash({ ...second, correlation: 'another' }));
    log.anchor(third);
    await until(async () => sender.errors.length > 0);
    expect(sender.errors).toEqual([expect.objectContaining({ code: 'log-disagrees' })]);
    expect(await rowsLeft()).toBe(2);
    await sender.stop();
  });

  it('keeps rows that are anchored for as long as the stream keeps its messages', async () => {
    const sender = await startProducer([], { keepMs: 3_600_000 });
    const [first, second] = [await sender.append(1), await sender.append(2)];
    await until(async () => (await rowsPublished()) === 2);
    log.take(first, second);
    await store.query(`UPDATE outbox SET appended_at = now() - interval '2 hours' WHERE seq = 1`);
    log.anchor(second);
    await until(async () => (await rowsLeft()) === 1);
    expect(await store.query('SELECT seq FROM outbox')).toEqual([{ seq: '2' }]);
    // The row that went is remembered by its leaf: an announcement of it is still believed.
    log.announce(first);
    await until(async () => sender.receipts.throughSeq === 1);
    await sender.stop();
  });

  it('gives audit its rows again as they were sent, in answers of a bounded size', async () => {
    const sender = await startProducer();
    const sent = [await sender.append(1), await sender.append(2), await sender.append(3)];
    const wide = 'x'.repeat(300_000);
    const append = () =>
      unitOfWork.run((tx) => sender.outbox.append(tx, type, { correlation: 'r', details: { wide } }));
    const [fourth] = [await append(), await append()];
    const rows = OutboxRows.parse(await sender.numbered.rows({ fromSeq: 2, toSeq: 1_000 }));
    expect(rows).toEqual({ producer, events: [sent[1], sent[2], fourth], lastSeq: 5 });
    expect((await sender.numbered.rows({ fromSeq: 5, toSeq: 5 })).events).toHaveLength(1);
    expect((await sender.numbered.rows({ fromSeq: 6, toSeq: 9 })).events).toEqual([]);
    await sender.stop();
  });

  it('sends again what audit does not have and nothing else, and no copy at all while audit is away', async () => {
    const published: number[] = [];
    const listening = bus.connection.subscribe(type, {
      callback: (_, message) => void published.push(message.json<EventEnvelope>().seq),
    });
    log.away(); // until it has taken what reached it
    const sender = await startProducer([], { resendAfterMs: 60, pollMs: 20 });
    const events = [await sender.append(1), await sender.append(2), await sender.append(3), await sender.append(4)];
    await until(async () => published.length === 4);
    log.take(events[0]!, events[2]!); // 2 and 4 were lost on the way
    log.answer();
    await until(async () => log.asked.leaves.length > 1);
    await until(async () => published.length >= 6);
    expect(published.slice(4, 6)).toEqual([2, 4]);
    log.take(events[1]!, events[3]!);
    const asked = log.asked.leaves.length;
    await until(async () => log.asked.leaves.length > asked);
    const before = published.length;

    // Away: questions go unanswered, and the pause between them doubles.
    log.away();
    let unanswered = 0;
    const silent = bus.connection.subscribe(leavesRequest, { callback: () => void unanswered++ });
    await until(async () => unanswered > 0);
    expect(published.length).toBe(before);
    silent.unsubscribe();
    listening.unsubscribe();
    await sender.stop();
  });

  it('doubles the pause between its questions while nothing is receipted', async () => {
    const sender = await startProducer([], { resendAfterMs: 40, pollMs: 5 });
    const event = await sender.append(1);
    await until(async () => (await rowsPublished()) === 1);
    log.take(event);
    const times: number[] = [];
    while (times.length < 5) {
      const asked = log.asked.leaves.length;
      await until(async () => log.asked.leaves.length > asked);
      times.push(Date.now());
    }
    const pauses = times.slice(1).map((at, index) => at - times[index]!);
    // 80, 160, 320, 640: a busy machine makes each longer, none shorter than the one before it should be
    for (const [index, pause] of pauses.entries()) expect(pause).toBeGreaterThan(40 * 2 ** index);
    await sender.stop();
  });

  it('counts an idle reader as far as the stream went at the look before, and never past the newest message', async () => {
    const jsm = await bus.jsm();
    await jsm.consumers.add(eventStream, {
      durable_name: 'bridge',
      ack_policy: AckPolicy.Explicit,
      filter_subjects: ['records.*.v1'],
    });
    // The server acknowledged the message and has not counted it as pending yet: held so by hand.
    const info = jsm.consumers.info.bind(jsm.consumers);
    let looks = 0;
    let isStale = true;
    jsm.consumers.info = async (stream, name) => {
      const found = await info(stream, name);
      looks++;
      return isStale ? { ...found, num_pending: 0, num_ack_pending: 0 } : found;
    };
    const sender = await startProducer(['bridge'], { pollMs: 600_000 });
    await until(async () => looks === 1); // the stream was empty
    const event = await sender.append(1);
    await until(async () => (await rowsPublished()) === 1);
    log.take(event);
    log.anchor(event);
    await until(async () => looks === 2);
    isStale = false;
    log.announce(event); // one more look
    await until(async () => sender.receipts.throughSeq === 1);
    expect(await rowsLeft()).toBe(1);
    await sender.stop();
  });

  it('wakes the replica that relays when another one commits an event', async () => {
    const relaying = await startProducer([], { pollMs: 600_000 });
    await relaying.append(1);
    await until(async () => (await streamed()).length === 1);
    const other = await startProducer([], { pollMs: 600_000 });
    await other.append(2);
    const isStreamed = await within(5_000, async () => (await streamed()).length === 2);
    expect({ isStreamed }).toEqual({ isStreamed: true });
    await Promise.all([relaying.stop(), other.stop()]);
  });

  it('appends, relays and clears by indexes, however many events wait', async () => {
    const rows = 100_000;
    await store.query(
      `INSERT INTO outbox (producer, seq, envelope, leaf)
       SELECT $1, seq, jsonb_build_object('id', gen_random_uuid(), 'type', $2::text, 'producer', $1::text, 'seq', seq, 'at', '2026-01-01T00:00:00Z',
         'correlation', 'r', 'salt', '0x' || repeat('00', 32), 'details', '{}'::jsonb), sha256(seq::text::bytea)
       FROM generate_series(1, $3::int) AS seq`,
      [producer, type, rows],
    );
    await store.query('INSERT INTO outbox_counter (producer, last_seq) VALUES ($1, $2)', [producer, rows]);
    await store.query(
      `INSERT INTO inbox (consumer, envelope_id, at)
       SELECT 'bridge', gen_random_uuid(), now() - seq * interval '1 minute' FROM generate_series(1, $1::int) AS seq`,
      [rows],
    );
    const stored = (await store.query('SELECT leaf FROM outbox WHERE seq = 1')) as [{ leaf: Buffer }];
    await store.query('ANALYZE');
    const seen = new Map<string, unknown[]>();
    store.setOptions({
      logging: ['query'],
      logger: { logQuery: (query: string, parameters?: unknown[]) => void seen.set(query, parameters ?? []) } as Logger,
    });
    const sender = await startProducer([], { resendAfterMs: 1, pollMs: 1 });
    await until(async () => (await streamed()).length > 0);
    await sender.append(0);
    log.leaves.set(1, `0x${stored[0].leaf.toString('hex')}`);
    bus.publish(anchoredSubject, { producer, throughSeq: 1, leaf: log.leaves.get(1) });
    await until(async () => (await rowsLeft()) === rows);
    await new Inbox().prune(unitOfWork);
    await sender.numbered.rows({ fromSeq: 2, toSeq: rows });
    await sender.stop();
    const statements = [...seen].filter(
      ([query]) => /^\s*(SELECT|INSERT|UPDATE|DELETE)[^]*\b(outbox|inbox)/.test(query) && !query.includes('count(*)'),
    );
    const plans = await Promise.all(
      statements.map(async ([query, parameters]) => {
        const [row] = (await store.query(`EXPLAIN (FORMAT JSON) ${query}`, parameters)) as [
          { 'QUERY PLAN': [Planned] },
        ];
        const { Plan } = row['QUERY PLAN'][0];
        return { query, cost: Plan['Total Cost'], reads: JSON.stringify(Plan) };
      }),
    );
    expect(plans.length).toBeGreaterThan(15);
    const readsAll = /"Seq Scan"[^}]*"Relation Name":"(outbox|inbox)"/;
    expect(plans.filter(({ cost, reads }) => cost > 2_000 || readsAll.test(reads))).toEqual([]);
  }, 60_000);
});

describe('receipts', () => {
  it('resolve when the announcement covers the row, and at once afterwards', async () => {
    const sender = await startProducer();
    log.away();
    const event = await sender.append(1);
    const waiting = sender.receipts.wait(event);
    log.announce(event);
    const receipt = { seq: 1, leaf: eventLeafHash(event) };
    await expect(waiting).resolves.toMatchObject(receipt);
    await until(async () => sender.receipts.throughSeq === 1);
    await expect(sender.receipts.wait(event, 1)).resolves.toMatchObject(receipt);
    await sender.stop();
  });

  it('ask the log when an announcement was lost', async () => {
    const sender = await startProducer();
    const event = await sender.append(1);
    log.take(event);
    await expect(sender.receipts.wait(event)).resolves.toMatchObject({ treeSize: 9 });
    await sender.stop();
  });

  it('are late, said with Retry-After, when the log is away', async () => {
    const sender = await startProducer();
    const event = await sender.append(1);
    await expect(sender.receipts.wait(event, 100)).rejects.toMatchObject({
      code: 'receipt-late',
      kind: 'unavailable',
      retryAfterSec: 5,
    });
    await sender.stop();
  });

  it('are remembered across a restart', async () => {
    const first = await startProducer();
    const event = await first.append(1);
    log.take(event);
    log.announce(event);
    log.anchor(event);
    await until(async () => (await rowsLeft()) === 0);
    await first.stop();
    log.away();
    const second = await startProducer();
    expect(second.receipts.throughSeq).toBe(1);
    await second.stop();
  });

  it('let go whoever waits for n when n is told, and not whoever waits for the next', async () => {
    log.away();
    const sender = await startProducer();
    const [first, second] = [await sender.append(1), await sender.append(2)];
    const settled: number[] = [];
    const waits = [first, second].map(async (event) => settled.push((await sender.receipts.wait(event)).seq));
    log.announce(first);
    await waits[0];
    await until(async () => sender.receipts.throughSeq === 1);
    expect(settled).toEqual([1]);
    log.announce(second);
    await Promise.all(waits);
    expect(settled).toEqual([1, 2]);
    await sender.stop();
  });

  it('let go by an answer whoever waits for n, and not whoever waits for the next', async () => {
    const sender = await startProducer();
    const [first, second] = [await sender.append(1), await sender.append(2)];
    const settled: number[] = [];
    const waits = [first, second].map(async (event) => settled.push((await sender.receipts.wait(event)).seq));
    log.take(first);
    await waits[0];
    const asked = log.asked.receipts.filter((seq) => seq === 2).length;
    const isAskedAgain = (): boolean => log.asked.receipts.filter((seq) => seq === 2).length > asked + 1;
    await until(async () => settled.length > 1 || isAskedAgain());
    expect(settled).toEqual([1]);
    log.take(second);
    await Promise.all(waits);
    await sender.stop();
  });

  it('of a later event make audit say so of the own leaf: a higher number alone lets nobody go', async () => {
    log.away();
    const sender = await startProducer();
    const [first, second] = [await sender.append(1), await sender.append(2)];
    const waiting = sender.receipts.wait(first, 1_000);
    log.announce(second);
    await until(async () => sender.receipts.throughSeq === 2);
    await expect(waiting).rejects.toMatchObject({ code: 'receipt-late' });
    log.answer();
    log.take(first, second);
    await expect(sender.receipts.wait(first)).resolves.toMatchObject({ seq: 1 });
    await sender.stop();
  });

  it('that are forged change nothing: nobody is let go, no row goes, and a restart knows nothing of them', async () => {
    const max = Number.MAX_SAFE_INTEGER;
    const sender = await startProducer();
    const event = await sender.append(1);
    await until(async () => (await rowsPublished()) === 1);
    const waiting = sender.receipts.wait(event, 1_000);
    const forged = [
      { producer, throughSeq: max, leaf: eventLeafHash(event), treeSize: max },
      { producer, throughSeq: max, treeSize: max },
      { producer, throughSeq: 1, leaf: eventLeafHash({ ...event, seq: 2 }), treeSize: 1 },
    ];
    for (const receipt of forged)
      for (const subject of [receiptSubject, 'audit.receipted.v1', anchoredSubject]) bus.publish(subject, receipt);
    await expect(waiting).rejects.toMatchObject({ code: 'receipt-late' });
    expect(sender.receipts.throughSeq).toBe(0);
    expect(await rowsLeft()).toBe(1);
    expect(await sender.agreement.isBroken()).toBe(false);
    await sender.stop();

    const second = await startProducer();
    expect(second.receipts.throughSeq).toBe(0);
    await expect(second.receipts.wait(event, 600)).rejects.toMatchObject({ code: 'receipt-late' });
    log.take(event);
    await expect(second.receipts.wait(event)).resolves.toMatchObject({ seq: 1 });
    await second.stop();
  });

  it('of numbers that a restored database gives again let nobody go, until an operator brings both into agreement', async () => {
    const before = await startProducer([], { keepMs: 3_600_000 });
    const sent = [await before.append(1), await before.append(2), await before.append(3), await before.append(4)];
    await until(async () => (await rowsPublished()) === 4);
    log.take(...sent);
    log.announce(sent[3]!);
    await until(async () => before.receipts.throughSeq === 4);
    await before.stop();
    await restoreTo(2);

    const sender = await startProducer();
    await expect(sender.agreement.require()).rejects.toMatchObject({ code: 'log-disagrees', kind: 'unavailable' });
    const again = await sender.append(3);
    log.announce(sent[3]!); // the receipt is repeated
    await expect(sender.receipts.wait(again)).rejects.toMatchObject({ code: 'log-disagrees' });
    // Numbers that overtook the log's do not heal it, nor does a restart.
    const [fourth, fifth] = [await sender.append(4), await sender.append(5)];
    log.take(fifth);
    await expect(sender.receipts.wait(fifth)).rejects.toMatchObject({ code: 'log-disagrees' });
    await sender.stop();
    const restarted = await startProducer();
    await expect(restarted.receipts.wait(fifth)).rejects.toMatchObject({ code: 'log-disagrees' });
    log.anchor(fifth);
    await until(async () => restarted.receipts.anchoredThrough === 5);

    const agreed = { producer, lastSeq: 5, logSeq: 5, renumbered: 2, changed: true };
    const actor = { by: 'operator' };
    expect(await restarted.agreement.agree(actor)).toEqual(agreed);
    expect(await restarted.agreement.agree(actor)).toEqual({ ...agreed, lastSeq: 8, renumbered: 0, changed: false });
    await until(async () => (await rowsPublished()) === (await rowsLeft()));
    const { events } = await restarted.numbered.rows({ fromSeq: 6, toSeq: 9 });
    expect(events).toEqual([
      expect.objectContaining({
        seq: 6,
        type: outboxAgreed('records'),
        details: { by: 'operator', lastSeq: 5, logSeq: 5, renumbered: 2 },
      }),
      { ...again, seq: 7 },
      { ...fourth, seq: 8 },
    ]);
    log.take(...events);
    await expect(restarted.receipts.wait(events[2]!)).resolves.toMatchObject({ seq: 8 });
    log.anchor(events[2]!);
    await until(async () => (await rowsLeft()) === 0);
    await restarted.stop();
  });

  it('of a restored node that takes no token go on where its start says that the log stands, and nowhere else', async () => {
    const node = await startProducer();
    for (let n = 1; n <= 4; n++) log.take(await node.append(n));
    await restoreTo(2);
    await node.agreement.check();
    await expect(node.agreement.require()).rejects.toMatchObject({ code: 'log-disagrees' });
    const actor = { by: 'service:bridge' };
    await expect(node.agreement.agreeAt(3, actor)).rejects.toMatchObject({ code: 'log-disagrees' });
    await expect(node.agreement.require()).rejects.toMatchObject({ code: 'log-disagrees' });

    expect(await node.agreement.agreeAt(4, actor)).toMatchObject({ lastSeq: 2, logSeq: 4, changed: true });
    await node.agreement.require();
    expect((await node.append(5)).seq).toBe(6);
    expect(await node.agreement.agreeAt(3, actor)).toBeNull();
    await node.stop();
  });

  it('disagree also where the log is no longer than the database: another event stands under a number', async () => {
    const sender = await startProducer();
    const event = await sender.append(1);
    log.leaves.set(1, eventLeafHash({ ...event, correlation: 'another' }));
    await expect(sender.receipts.wait(event)).rejects.toMatchObject({ code: 'log-disagrees' });
    await sender.stop();
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

  it('forgets ids older than any repeat, and those alone', async () => {
    const inbox = new Inbox();
    const [old, young] = [randomUUID(), randomUUID()];
    for (const id of [old, young]) await unitOfWork.run((tx) => inbox.once(tx, 'bridge', id));
    await store.query(`UPDATE inbox SET at = now() - interval '15 days' WHERE envelope_id = $1`, [old]);
    expect(await inbox.prune(unitOfWork)).toBe(false);
    expect(await unitOfWork.run((tx) => inbox.once(tx, 'bridge', old))).toBe(true);
    expect(await unitOfWork.run((tx) => inbox.once(tx, 'bridge', young))).toBe(false);
  });
});
