import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, ensureEventStream, hospitalEventSubjects, type Bus } from '@cpds/bus';
import { toHex, utf8 } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { testNats, testPostgres } from '@cpds/local';
import { type EventEnvelope, eventLeaf, Receipted, receiptSubject } from '@cpds/messages';
import { openStore, UnitOfWork } from '@cpds/store';
import { growLog } from '../log/growth.js';
import { Journal } from '../log/journal.js';
import { LogReader } from '../log/log.reader.js';
import { type Acceptance, AuditLog } from '../log/log.service.js';
import { auditTables } from '../migrations.js';
import { Announcer } from './announcer.js';
import { EventsConsumer } from './events.consumer.js';
import { Intake } from './intake.js';
import { OpenedStream } from './opened-stream.js';

const signer = tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));
const ring = new KeyRing(new Uint8Array(32).fill(9));
const owner = { kind: 'hospital', party: 'north' } as const;
const noError = (): void => undefined;

/** The places between two durable steps at which the process can be gone. */
type Death = 'before the commit' | 'after the commit' | 'after the receipts' | 'never';

/** One life of the service: everything but HTTP. Dying cuts both connections where it stands. */
async function live(database: string, nats: string, folder: string, death: Death) {
  const store = await openStore({ url: database, ...auditTables });
  const bus = await connectBus({ url: nats, name: 'audit' });
  let die: () => void = noError;
  const dead = new Promise<void>((resolve) => (die = resolve));
  let isArmed = false;
  const unitOfWork = new UnitOfWork(store);
  const run = unitOfWork.run.bind(unitOfWork);
  unitOfWork.run = (work) =>
    run(async (tx) => {
      const value = await work(tx);
      if (isArmed && death === 'before the commit') {
        await bus.connection.close();
        die();
        throw new Error('killed');
      }
      return value;
    });
  const journal = await Journal.open(folder, [tlog.verifierOf(signer)], ring);
  const log = new AuditLog(unitOfWork, { party: 'north', signer, ring, root: new Uint8Array(32).fill(8), journal });
  const announcer = new Announcer(bus, log, { owner, coveredSize: async () => 0, onError: noError });
  const onDurable = async (acceptance: Acceptance): Promise<void> => {
    if (!isArmed) return announcer.announce(acceptance.receipts);
    if (death === 'after the receipts') {
      announcer.announce(acceptance.receipts);
      await bus.connection.flush();
    }
    await bus.connection.close();
    die();
    throw new Error('killed');
  };
  const intake = new Intake(log, { onDurable });
  const consumer = new EventsConsumer(bus, log, intake, new OpenedStream(unitOfWork), {
    streamReplicas: 1,
    owner,
    onError: noError,
    onTaken: () => undefined,
    onLoss: noError,
  });
  await log.open();
  await consumer.start();
  announcer.start();
  const end = async (): Promise<void> => {
    await announcer.stop();
    await consumer.stop();
    await intake.settled();
    await bus.connection.close();
    await store.destroy();
  };
  /** Makes the next transaction the last one. */
  const arm = (): void => void (isArmed = true);
  return { log, reader: new LogReader(new UnitOfWork(store)), arm, dead, end };
}

function eventOf(producer: string, seq: number): EventEnvelope {
  return {
    id: randomUUID(),
    type: `${producer.split('.')[0]}.something-happened.v1`,
    producer,
    seq,
    at: new Date().toISOString(),
    correlation: 'request-1',
    salt: `0x${randomBytes(32).toString('hex')}`,
    details: {},
  };
}

describe('an audit service that is killed', () => {
  const producers = ['identity.north', 'records.north', 'bridge.north'];
  const each = 40;
  let database: { url: string; close(): Promise<void> };
  let nats: { url: string; close(): Promise<void> };
  let outside: Bus;
  let folder: string;

  beforeEach(async () => {
    [database, nats] = await Promise.all([testPostgres(), testNats()]);
    folder = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    outside = await connectBus({ url: nats.url, name: 'test' });
    await ensureEventStream(await outside.jsm(), hospitalEventSubjects);
  });
  afterEach(async () => {
    await outside.close();
    await Promise.all([database.close(), nats.close()]);
    rmSync(folder, { recursive: true });
  });

  it('between any two durable steps loses nothing, takes nothing twice and leaves no gap', async () => {
    const heard = new Map<string, number>();
    outside.subscribe(receiptSubject, ({ body }) => {
      const receipt = Receipted.parse(body);
      heard.set(receipt.producer, Math.max(heard.get(receipt.producer) ?? 0, receipt.throughSeq));
    });
    const all = producers.flatMap((producer) => Array.from({ length: each }, (_, i) => eventOf(producer, i + 1)));
    const publish = async (part: EventEnvelope[]): Promise<void> => {
      // Shuffled: the order of arrival is not the order of a producer.
      for (const event of [...part].sort(() => Math.random() - 0.5))
        await outside.js.publish(event.type, JSON.stringify(event), { msgID: event.id });
    };

    const partOf = (from: number, to: number): EventEnvelope[] =>
      all.filter((event) => event.seq > from && event.seq <= to);
    const heardAll = (seq: number): Promise<void> =>
      until(() => producers.every((producer) => heard.get(producer) === seq));
    const deaths: Death[] = ['before the commit', 'after the commit', 'after the receipts'];
    let size = 0;
    for (const [round, death] of deaths.entries()) {
      const life = await live(database.url, nats.url, folder, death);
      await publish(partOf(10 * round, 10 * round + 5));
      await heardAll(10 * round + 5);
      life.arm();
      await publish(partOf(10 * round + 5, 10 * round + 10));
      await life.dead;
      await life.end();
      // What was receipted before the kill must still be there, and the log must hold together as it is.
      const after = await live(database.url, nats.url, folder, 'never');
      const tree = await after.reader.tree();
      expect(tree.size).toBeGreaterThanOrEqual(size);
      size = tree.size;
      for (const [producer, seq] of heard)
        expect((await after.log.receipts.of({ producer, seq })).throughSeq).toBeGreaterThanOrEqual(seq);
      await heardAll(10 * round + 10);
      await after.end();
    }

    const last = await live(database.url, nats.url, folder, 'never');
    await publish(partOf(30, each));
    await heardAll(each);
    const tree = await last.reader.tree();
    const leaves = (await last.reader.leaves(0, 1_000)).map((row) => row.leaf);
    expect([...leaves].sort()).toEqual(all.map(eventLeaf).sort());
    expect(tlog.openCheckpoint(tree.checkpoint, tlog.verifierOf(signer)).size).toBe(all.length);
    expect(toHex(growLog(0, [], leaves.map(utf8)).root)).toBe(toHex(tree.root));
    for (const producer of producers) {
      const seqs = leaves.map((leaf) => JSON.parse(leaf) as EventEnvelope).filter((leaf) => leaf.producer === producer);
      expect(seqs.map((leaf) => leaf.seq)).toEqual(Array.from({ length: each }, (_, i) => i + 1));
    }
    await last.end();
  }, 120_000);
});

async function until(fact: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error('it did not come to that in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
