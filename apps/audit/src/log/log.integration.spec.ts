import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { eventLeaf, eventLeafHash, events } from '@cpds/messages';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { auditTables } from '../migrations.js';
import { eventOf } from '../testing/test-event.js';
import { custody, type LogStore, openLogStore, signer } from '../testing/test-log.js';
import { growLog } from './growth.js';
import { Journal } from './journal.js';
import { LogReader } from './log.reader.js';
import type { Erasure } from './event.rows.js';
import { AuditLog, type LogIdentity } from './log.service.js';

const erasure: Erasure = { by: 'privacy.north', reason: 'patient-asked', reference: '2026/17' };
const verifier = tlog.verifierOf(signer);

describe('the audit log on Postgres', () => {
  let database: LogStore;
  let store: DataSource;
  let folder: string;
  let identity: LogIdentity;
  let log: AuditLog;
  let reader: LogReader;

  beforeEach(async () => {
    database = await openLogStore();
    ({ store, reader } = database);
    folder = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    identity = { party: 'north', signer, ...custody, journal: await Journal.open(folder, [verifier], custody.ring) };
    log = new AuditLog(database.unitOfWork, identity);
    await log.open();
  });
  afterEach(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  /** Verifies everything again: checkpoint, every leaf under it, order per producer. */
  async function verified(): Promise<string[]> {
    const tree = await reader.tree();
    const signed = tlog.openCheckpoint(tree.checkpoint, tlog.verifierOf(signer));
    const leaves = (await reader.leaves(0, 10_000)).map((row) => row.leaf);
    expect(leaves).toHaveLength(signed.size);
    const rebuilt = growLog(
      0,
      [],
      leaves.map((leaf) => Buffer.from(leaf)),
    );
    expect(toHex(rebuilt.root)).toBe(toHex(signed.root));
    const seqs = new Map<string, number>();
    for (const leaf of leaves) {
      const { producer, seq } = JSON.parse(leaf) as { producer: string; seq: number };
      expect(seq).toBe((seqs.get(producer) ?? 0) + 1);
      seqs.set(producer, seq);
    }
    for (let index = 0; index < Math.min(leaves.length, 256); index++)
      expect((await reader.tile(0, 0, index + 1)).subarray(32 * index).toString('hex')).toBe(
        toHex(tlog.leafHash(Buffer.from(leaves[index]!))),
      );
    return leaves;
  }

  it('takes each event once and receipts it', async () => {
    const batch = [eventOf('records.north', 1), eventOf('bridge.north', 1), eventOf('records.north', 2)];
    const { receipts, size, alarms } = await log.append(batch);
    expect({ size, alarms }).toEqual({ size: 3, alarms: 0 });
    expect(receipts).toEqual([
      { producer: 'bridge.north', throughSeq: 1, leaf: eventLeafHash(batch[1]!), treeSize: 3 },
      { producer: 'records.north', throughSeq: 2, leaf: eventLeafHash(batch[2]!), treeSize: 3 },
    ]);
    // The same again, also twice in one batch: nothing happens but the receipt.
    expect(await log.append([...batch, ...batch])).toEqual({ size: 3, appended: 0, alarms: 0, receipts });
    expect((await verified()).sort()).toEqual(batch.map(eventLeaf).sort());
    const [first, , second] = batch.map(eventLeafHash);
    expect(await log.receipts.of({ producer: 'records.north', seq: 1 })).toEqual({
      producer: 'records.north',
      seq: 1,
      leaf: first,
      throughSeq: 2,
      treeSize: 3,
    });
    expect(await log.receipts.of({ producer: 'records.north', seq: 2 })).toMatchObject({ leaf: second });
    expect(await log.receipts.of({ producer: 'records.north', seq: 3 })).toMatchObject({ leaf: null, throughSeq: 2 });
    expect(await log.receipts.of({ producer: 'identity.north', seq: 1 })).toMatchObject({ leaf: null, throughSeq: 0 });
  });

  it('holds an event until its predecessor is there', async () => {
    const [third, other] = [eventOf('records.north', 3), eventOf('bridge.north', 1)];
    const three = await log.append([third, other]);
    expect(three.receipts).toEqual([
      { producer: 'bridge.north', throughSeq: 1, leaf: eventLeafHash(other), treeSize: 1 },
    ]);
    // No receipt for what waits, which audit has all the same and needs nobody to send again.
    expect(await log.receipts.of({ producer: 'records.north', seq: 3 })).toMatchObject({ leaf: null });
    expect(await log.receipts.leavesOf({ producer: 'records.north', seqs: [3, 2, 1] })).toEqual({
      producer: 'records.north',
      throughSeq: 0,
      leaves: [eventLeafHash(third), null, null],
    });
    expect((await log.append([eventOf('records.north', 1)])).receipts[0]?.throughSeq).toBe(1);
    expect((await log.append([eventOf('records.north', 2)])).receipts[0]).toEqual({
      producer: 'records.north',
      throughSeq: 3,
      leaf: eventLeafHash(third),
      treeSize: 4,
    });
    await verified();
  });

  it("names each producer's last event among the first leaves, which an anchor covers", async () => {
    const batch = [eventOf('records.north', 1), eventOf('records.north', 2), eventOf('bridge.north', 1)];
    for (const one of batch) await log.append([one]);
    const [first, second, other] = batch.map(eventLeafHash);
    expect(await log.receipts.lastWithin(0)).toEqual([]);
    expect(await log.receipts.lastWithin(1)).toEqual([{ producer: 'records.north', throughSeq: 1, leaf: first }]);
    expect(await log.receipts.lastWithin(2)).toEqual([{ producer: 'records.north', throughSeq: 2, leaf: second }]);
    expect(await log.receipts.lastWithin(3)).toContainEqual({ producer: 'bridge.north', throughSeq: 1, leaf: other });
  });

  it('raises one alarm for another event under a taken seq, and logs the first', async () => {
    const first = eventOf('records.north', 1);
    const forged = eventOf('records.north', 1, { details: { step: 'forged' } });
    expect((await log.append([first])).alarms).toBe(0);
    expect(await log.append([forged])).toMatchObject({ size: 2, alarms: 1 });
    expect(await log.append([forged])).toMatchObject({ size: 2, alarms: 0 });
    // Two different events in one batch: the first stands, the second raises.
    const again = [eventOf('bridge.north', 1), eventOf('bridge.north', 1), eventOf('bridge.north', 1)];
    expect(await log.append(again)).toMatchObject({ size: 5, alarms: 2 });
    const leaves = await verified();
    expect(leaves).toContain(eventLeaf(first));
    expect(leaves).not.toContain(eventLeaf(forged));
    expect(leaves.filter((leaf) => leaf.includes('audit.sequence-conflict.v1'))).toHaveLength(3);
  });

  it('records a message that is no event, once', async () => {
    const message = { subject: 'records.x.v1', body: 'not json', reason: 'body is not JSON' };
    expect(await log.refuse(message)).toMatchObject({ size: 1, alarms: 1 });
    expect(await log.refuse(message)).toMatchObject({ size: 1, alarms: 0 });
    expect((await verified())[0]).toContain('audit.message-refused.v1');
  });

  it('appends in one order however many writers there are', async () => {
    const second = await openStore({ url: database.url, ...auditTables });
    const other = new AuditLog(new UnitOfWork(second), identity);
    try {
      const all = Array.from({ length: 40 }, (_, i) => eventOf('records.north', i + 1));
      await Promise.all(all.map((one, i) => (i % 2 === 0 ? log : other).append([one])));
      expect(await log.receipts.of({ producer: 'records.north', seq: 40 })).toMatchObject({
        throughSeq: 40,
        treeSize: 40,
      });
      expect(await verified()).toHaveLength(40);
    } finally {
      await second.destroy();
    }
  });

  it('leaves nothing behind when it dies before the durable line', async () => {
    await log.append([eventOf('records.north', 1)]);
    const before = await reader.tree();
    const dying = new UnitOfWork(store);
    const run = dying.run.bind(dying);
    // The transaction does all its work and then the process is gone instead of committing.
    dying.run = (work) =>
      run(async (tx) => {
        await work(tx);
        throw new Error('killed');
      });
    const lost = [eventOf('records.north', 2), eventOf('bridge.north', 1)];
    await expect(new AuditLog(dying, identity).append(lost)).rejects.toThrow('killed');
    expect(await reader.tree()).toEqual(before);
    const restarted = new AuditLog(new UnitOfWork(store), identity);
    await restarted.open();
    await restarted.append(lost);
    expect(await verified()).toHaveLength(3);
  });

  it('does not start on a log that was altered, cut, or is not its own', async () => {
    await log.append([eventOf('records.north', 1), eventOf('records.north', 2)]);
    await expect(
      new AuditLog(new UnitOfWork(store), {
        ...identity,
        party: 'south',
        signer: tlog.noteSigner('cpds/south/audit', new Uint8Array(32).fill(7)),
      }).open(),
    ).rejects.toThrow('this database holds the log of');
    await store.query(`UPDATE tile SET hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)`);
    await expect(log.open()).rejects.toThrow('does not have the root that was signed');
    await store.query(`UPDATE tile SET hashes = substring(hashes FOR 32)`);
    await expect(log.open()).rejects.toThrow('tile 0/0 is not 2 hashes wide as size 2 says');
  });

  it('erases a person and stays provable', async () => {
    const person = randomUUID();
    const planted = 'planted-detail-string';
    const first = eventOf('records.north', 1, { person, details: { planted } });
    const other = eventOf('records.north', 2, { details: { planted } });
    await log.append([first, other]);
    const dump = (await store.query('SELECT event::text AS row FROM event')) as { row: string }[];
    const inHex = (text: string) => Buffer.from(text).toString('hex');
    // with its salt, details of few bits could be guessed from the leaf
    for (const secret of [planted, inHex(planted), person, inHex(person), first.salt.slice(2), inHex(first.salt)])
      expect(JSON.stringify(dump)).not.toContain(secret);
    expect(await log.detailsOf('records.north', 1)).toEqual({ details: { planted }, salt: first.salt, person });
    await log.erase(person, erasure);
    expect(await log.detailsOf('records.north', 1)).toBeNull();
    expect(await log.detailsOf('records.north', 2)).toMatchObject({ details: { planted } });
    expect(await verified()).toHaveLength(3);
  });

  it('says who erased a person and why, in the transaction of the erasure; a second one does not erase that', async () => {
    const person = randomUUID();
    await log.append([eventOf('records.north', 1, { person })]);
    expect((await log.erase(person, erasure)).receipts).toMatchObject([{ producer: 'audit.north', throughSeq: 1 }]);
    await log.erase(person, { ...erasure, by: 'other.north' });
    expect(await log.detailsOf('audit.north', 1)).toMatchObject({ details: { ...erasure, person } });
    expect(await log.detailsOf('audit.north', 2)).toMatchObject({ details: { ...erasure, by: 'other.north', person } });
    expect((await verified()).slice(1).map((leaf) => JSON.parse(leaf) as object)).toMatchObject([
      { type: events.personErased, seq: 1 },
      { type: events.personErased, seq: 2 },
    ]);
  });

  it('erases nothing when the event of it cannot be written', async () => {
    const person = randomUUID();
    const first = eventOf('records.north', 1, { person });
    await log.append([first]);
    const nameless = { reason: 'court-order' } as typeof erasure;
    await expect(log.erase(person, nameless)).rejects.toThrow('names whoever acted');
    expect(await log.detailsOf('records.north', 1)).toMatchObject({ details: first.details, person });
  });

  it('keeps what comes after an erasure, sealed anew, until the next one', async () => {
    const person = randomUUID();
    const of = (seq: number) => eventOf('records.north', seq, { person, details: { seq } });
    await log.append([of(1)]);
    await log.erase(person, erasure);
    await log.append([of(2), of(3)]);
    await log.append([of(4)]);
    const kept = () => Promise.all([1, 2, 3, 4, 5].map((seq) => log.detailsOf('records.north', seq)));
    const open = (seq: number) => ({ details: { seq }, person });
    expect(await kept()).toMatchObject([null, open(2), open(3), open(4), null]);
    await log.erase(person, erasure);
    await log.append([of(5)]);
    expect(await kept()).toMatchObject([null, null, null, null, open(5)]);
    expect(await verified()).toHaveLength(7);
  });

  it('refuses to erase a person of whom it never heard', async () => {
    await expect(log.erase(randomUUID(), erasure)).rejects.toMatchObject({ code: 'unknown-person', kind: 'missing' });
    expect(await verified()).toHaveLength(0);
  });
});
