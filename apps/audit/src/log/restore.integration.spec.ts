import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { events, type EventEnvelope } from '@cpds/messages';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { auditTables } from '../migrations.js';
import { eventOf } from '../testing/test-event.js';
import { custody, type LogStore, openLogStore, signer } from '../testing/test-log.js';
import { Journal } from './journal.js';
import { LogReader } from './log.reader.js';
import { AuditLog, type LogIdentity } from './log.service.js';

const tables = ['log', 'tile', 'producer', 'event', 'details_key', 'refused_event', 'anchor'];

describe('an audit log and its journal', () => {
  let database: LogStore;
  let store: DataSource;
  let folder: string;
  let log: AuditLog;
  let reader: LogReader;

  const journal = (at = folder): Promise<Journal> => Journal.open(at, [tlog.verifierOf(signer)], custody.ring);
  const identityWith = async (over: Partial<LogIdentity> = {}): Promise<LogIdentity> => ({
    party: 'north',
    signer,
    ...custody,
    journal: await journal(),
    ...over,
  });
  /** The next process on this database. */
  const restart = async (over: Partial<LogIdentity> = {}): Promise<void> => {
    log = new AuditLog(new UnitOfWork(store), await identityWith(over));
    await log.open();
  };
  const dump = async (): Promise<void> => {
    await store.query('CREATE SCHEMA dump');
    for (const table of tables) await store.query(`CREATE TABLE dump.${table} AS TABLE ${table}`);
  };
  const restore = async (): Promise<void> => {
    for (const table of tables) await store.query(`TRUNCATE ${table}`);
    for (const table of tables) await store.query(`INSERT INTO ${table} SELECT * FROM dump.${table}`);
  };
  const rootNow = async (): Promise<string> => {
    const { size, root } = await reader.tree();
    return `${size} ${toHex(root)}`;
  };
  const leaves = async (): Promise<string[]> => (await reader.leaves(0, 1_000)).map(({ leaf }) => leaf);

  beforeAll(async () => {
    database = await openLogStore();
    ({ store, reader } = database);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await store.query(`TRUNCATE ${tables.join(', ')}`);
    await store.query('DROP SCHEMA IF EXISTS dump CASCADE');
    folder = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    await restart();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('go on with the same history after a restore, in whatever order the events come again', async () => {
    const [r, b] = [1, 2, 3, 4, 5]
      .map((seq) => [eventOf('records.north', seq), eventOf('bridge.north', seq)])
      .reduce(
        ([records, bridges], [one, other]) => [
          [...records!, one!],
          [...bridges!, other!],
        ],
        [[], []] as EventEnvelope[][],
      ) as [EventEnvelope[], EventEnvelope[]];
    await log.append([r[0]!, r[1]!]);
    await log.append([b[0]!, r[2]!]);
    await dump();
    for (const batch of [[b[1]!, b[2]!, b[3]!], [r[3]!], [b[4]!, r[4]!]]) await log.append(batch);
    const [root, before] = [await rootNow(), await leaves()];
    await restore();
    await restart();
    expect(await log.behind()).toBe(6);
    await expect(log.assertCurrent()).rejects.toMatchObject({ code: 'log-catching-up' });
    // Ready by its seq, and yet not next; nor is an event that never was in the log.
    await log.append([r[3]!, eventOf('identity.north', 1)]);
    expect((await reader.tree()).size).toBe(4);
    await log.append([b[4]!, r[4]!, b[3]!]);
    await log.append([b[1]!]);
    expect((await reader.tree()).size).toBe(5);
    expect(await log.append([b[2]!])).toMatchObject({ size: 11 });
    expect((await leaves()).slice(0, 10)).toEqual(before);
    await log.compare({ where: 'the chain', size: 10, root: Buffer.from(root.split(' ')[1]!, 'hex') });
    expect(log.standing.stopped).toBeNull();
    await log.assertCurrent();
  });

  it('bring back events of the log itself, which nobody could send again', async () => {
    await log.append([eventOf('records.north', 1)]);
    await dump();
    await log.append([eventOf('records.north', 1)]);
    await log.refuse({ subject: 'x', body: 'no json', reason: 'is none' });
    const before = await leaves();
    await restore();
    await restart();
    await log.refuse({ subject: 'x', body: 'another', reason: 'is none' });
    expect((await leaves()).slice(0, 3)).toEqual(before);
    expect(await log.detailsOf('audit.north', 2)).toMatchObject({ details: { subject: 'x', reason: 'is none' } });
    expect((await leaves()).map((leaf) => (JSON.parse(leaf) as EventEnvelope).seq)).toEqual([1, 1, 2, 3]);
  });

  it('erase again whom they erased after the backup', async () => {
    const [person, other] = [randomUUID(), randomUUID()];
    const [mine, theirs] = [eventOf('records.north', 1, { person }), eventOf('bridge.north', 1, { person: other })];
    await dump();
    await log.append([mine]);
    await log.append([theirs]);
    await log.erase(person, { by: 'privacy.north', reason: 'patient-asked' });
    const later = eventOf('records.north', 2, { person });
    await log.append([later]);
    expect(await log.detailsOf('records.north', 1)).toBeNull();
    const root = await rootNow();
    await restore();
    await restart();
    for (const one of [mine, theirs, later]) await log.append([one]);
    expect(await rootNow()).toBe(root);
    expect(await log.detailsOf('records.north', 1)).toBeNull();
    expect(await log.detailsOf('records.north', 2)).not.toBeNull();
    expect(await log.detailsOf('bridge.north', 1)).not.toBeNull();
    // Neither the person nor whoever erased is readable in the journal.
    for (const name of readdirSync(join(folder, 'own')))
      expect(readFileSync(join(folder, 'own', name), 'latin1')).not.toMatch(/privacy|details/);
  });

  it('keep their history when the database fails to commit what the journal has', async () => {
    await log.append([eventOf('records.north', 1)]);
    const dying = new UnitOfWork(store);
    const run = dying.run.bind(dying);
    dying.run = (work) =>
      run(async (tx) => {
        await work(tx);
        throw new Error('killed');
      });
    const lost = [eventOf('records.north', 2), eventOf('bridge.north', 1), eventOf('identity.north', 1)];
    await expect(new AuditLog(dying, await identityWith()).append(lost)).rejects.toThrow('killed');
    const signed = (await (await journal()).last())!;
    expect(signed.size).toBe(4);
    for (const one of lost) await log.append([one]);
    expect(await rootNow()).toBe(`4 ${toHex(signed.root)}`);
  });

  it('refuse a database whose journal holds another history', async () => {
    await log.append([eventOf('records.north', 1)]);
    await dump();
    await log.append([eventOf('records.north', 2)]);
    await restore();
    // As a log without this check signed: a second root for two leaves.
    const elsewhere = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    await restart({ journal: await journal(elsewhere), acceptedSize: 1 });
    await log.append([eventOf('bridge.north', 1)]);
    await expect(restart()).rejects.toMatchObject({ code: 'log-forked', message: expect.stringContaining('journal') });
    rmSync(elsewhere, { recursive: true });
  });

  it('refuse an empty journal, unless the operator accepts the database at this very size', async () => {
    for (const seq of [1, 2, 3]) await log.append([eventOf('records.north', seq)]);
    rmSync(folder, { recursive: true });
    await expect(restart()).rejects.toMatchObject({ code: 'journal-missing' });
    await expect(restart({ acceptedSize: 2 })).rejects.toMatchObject({ code: 'journal-missing' });
    await restart({ acceptedSize: 3, witnesses: ['hub'] });
    const next = eventOf('records.north', 4);
    await expect(log.append([next])).rejects.toMatchObject({ code: 'log-unproven' });
    log.standing.heard('hub');
    await log.append([next]);
    expect((await (await journal()).last())!.size).toBe(4);
    expect((await (await journal()).hashes(0, 4)).map(toHex)).toEqual(
      (await leaves()).map((leaf) => toHex(tlog.leafHash(Buffer.from(leaf)))),
    );
    await restart();
  });

  it('complete a journal that was put back from an earlier day', async () => {
    await log.append([eventOf('records.north', 1)]);
    const kept = mkdtempSync(join(tmpdir(), 'cpds-journal-'));
    cpSync(folder, kept, { recursive: true });
    for (const seq of [2, 3]) await log.append([eventOf('records.north', seq)]);
    rmSync(folder, { recursive: true });
    cpSync(kept, folder, { recursive: true });
    rmSync(kept, { recursive: true });
    await restart();
    await log.append([eventOf('records.north', 4)]);
    expect(await (await journal()).hashes(0, 4)).toHaveLength(4);
    await restart();
  });

  it('refuse a journal that is damaged', async () => {
    await log.append([eventOf('records.north', 1)]);
    await dump();
    await log.append([eventOf('records.north', 2)]);
    await restore();
    rmSync(join(folder, 'leaves', '0'));
    await expect(restart()).rejects.toMatchObject({ code: 'journal-damaged' });
    const other = tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(6));
    const { size, root } = (await (await journal()).last())!;
    writeFileSync(join(folder, 'checkpoint'), tlog.signCheckpoint({ origin: other.name, size, root }, other));
    await expect(restart()).rejects.toMatchObject({ code: 'journal-damaged' });
    writeFileSync(join(folder, 'checkpoint'), 'no note');
    await expect(restart()).rejects.toMatchObject({ code: 'journal-damaged' });
  });

  it('sign nothing where the journal cannot be written', async () => {
    rmSync(folder, { recursive: true });
    await expect(log.append([eventOf('records.north', 1)])).rejects.toMatchObject({ code: 'journal-unusable' });
    expect((await reader.tree()).size).toBe(0);
    await restart();
    await log.append([eventOf('records.north', 1)]);
  });

  describe('shown what a chain holds', () => {
    const other = new Uint8Array(32).fill(1);

    it.each([
      ['fewer leaves of the same log', 2, null, null],
      ['as many', 5, null, null],
      ['none', 0, null, null],
      ['another root for fewer', 2, other, 'log-forked'],
      ['another root for as many', 5, other, 'log-forked'],
      ['more', 6, other, 'log-behind'],
    ] as const)('%s', async (_, size, foreign, code) => {
      const roots = [tlog.emptyRoot()];
      for (const seq of [1, 2, 3, 4, 5]) {
        await log.append([eventOf('records.north', seq)]);
        roots.push((await reader.tree()).root);
      }
      await log.compare({ where: 'hub', size, root: foreign ?? roots[size]! });
      expect(log.standing.stopped?.code ?? null).toBe(code);
      if (code === null) return;
      await expect(log.append([eventOf('records.north', 6)])).rejects.toMatchObject({ code });
      await expect(log.raise(events.messageRefused, 'x', {})).rejects.toMatchObject({ code });
      await expect(log.receipts.all()).rejects.toMatchObject({ code });
      await expect(log.assertCurrent()).rejects.toMatchObject({ code });
      // Agreement with somebody else does not undo it.
      await log.compare({ where: 'north', size: 0, root: tlog.emptyRoot() });
      expect(log.standing.maySign).toBe(false);
      expect((await reader.tree()).size).toBe(5);
    });

    it('compares leaves that only the journal has, too', async () => {
      await log.append([eventOf('records.north', 1)]);
      await dump();
      for (const seq of [2, 3]) await log.append([eventOf('records.north', seq)]);
      const { root } = await reader.tree();
      await restore();
      await restart();
      await log.compare({ where: 'hub', size: 3, root });
      expect(log.standing.maySign).toBe(true);
      await log.compare({ where: 'hub', size: 2, root: other });
      expect(log.standing.stopped?.code).toBe('log-forked');
    });
  });

  describe('with a database that was changed', () => {
    const damages: [string, string][] = [
      ['a size that is too small', 'UPDATE log SET size = 2'],
      ['a size that is too large', 'UPDATE log SET size = 4'],
      ['another root', String.raw`UPDATE log SET root = sha256('\x00')`],
      ['the checkpoint of an earlier size', 'UPDATE log SET checkpoint = (SELECT checkpoint FROM dump.log)'],
      ['another log of its own key', 'UPDATE tile SET hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)'],
      ['no tiles', 'DELETE FROM tile'],
      ['an entry less', 'DELETE FROM event WHERE leaf_index = 1'],
      ['an entry that lost its place', 'UPDATE event SET leaf_index = NULL WHERE leaf_index = 2'],
      ['an entry too many', 'UPDATE event SET leaf_index = 3 WHERE seq = 9'],
      ['another text of an entry', String.raw`UPDATE event SET leaf = leaf || '\x20' WHERE leaf_index = 1`],
      [
        'two entries in each other’s place',
        `UPDATE event SET leaf_index = leaf_index + 100 WHERE leaf_index > 0;
         UPDATE event SET leaf_index = 203 - leaf_index - 100 WHERE leaf_index > 100`,
      ],
      ['a producer that is behind its entries', 'UPDATE producer SET through_seq = 2'],
      ['a producer that is ahead of them', 'UPDATE producer SET through_seq = 4'],
      ['a producer less', 'DELETE FROM producer'],
      [
        'an entry that waits before its producer’s end',
        "UPDATE event SET producer = 'bridge.north' WHERE seq = 2; UPDATE event SET seq = 2 WHERE seq = 9",
      ],
    ];

    beforeEach(async () => {
      await log.append([eventOf('records.north', 1)]);
      await dump();
      await log.append([eventOf('records.north', 2), eventOf('records.north', 3), eventOf('records.north', 9)]);
    });

    it('starts as it was', async () => expect(restart()).resolves.toBeUndefined());

    it.each(damages)('does not start with %s', async (_, sql) => {
      await store.query(sql);
      await expect(restart()).rejects.toMatchObject({ code: 'log-damaged' });
    });

    it('does not start with a checkpoint that another key signed', async () => {
      const { size, root } = await reader.tree();
      const other = tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(6));
      const forged = tlog.signCheckpoint({ origin: other.name, size, root }, other);
      await store.query('UPDATE log SET checkpoint = $1', [forged]);
      await expect(restart()).rejects.toThrow();
    });
  });

  it('force their commits to disk, whatever the role was told', async () => {
    await store.query(`ALTER ROLE CURRENT_USER SET synchronous_commit = off`);
    const fresh = await openStore({ url: database.url, ...auditTables });
    expect(await fresh.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
    const seen: unknown[] = [];
    const watched = new UnitOfWork(fresh);
    const run = watched.run.bind(watched);
    watched.run = (work) =>
      run(async (tx) => {
        const value = await work(tx);
        seen.push(...((await tx.manager.query('SHOW synchronous_commit')) as unknown[]));
        return value;
      });
    await new AuditLog(watched, await identityWith()).append([eventOf('records.north', 1)]);
    expect(seen).toEqual([{ synchronous_commit: 'on' }]);
    await fresh.destroy();
    await store.query(`ALTER ROLE CURRENT_USER RESET synchronous_commit`);
  });
});
