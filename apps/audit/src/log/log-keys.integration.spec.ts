import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tlog from '@cpds/crypto/tlog';
import { events, type EventEnvelope } from '@cpds/messages';
import { UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { Anchors } from '../anchors/anchors.service.js';
import { Proofs } from '../proofs/proofs.service.js';
import { eventOf } from '../testing/test-event.js';
import { custody, type LogStore, openLogStore } from '../testing/test-log.js';
import { Journal } from './journal.js';
import { LogReader } from './log.reader.js';
import { AuditLog } from './log.service.js';

/** A new log key signs beside the former one for a while, and takes its place. */

const [old, fresh, stranger] = [1, 2, 3].map((n) =>
  tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(n)),
) as [tlog.NoteSigner, tlog.NoteSigner, tlog.NoteSigner];

const event = (seq: number): EventEnvelope => eventOf('records.north', seq);

describe('the keys of a log', () => {
  let database: LogStore;
  let store: DataSource;
  let folder: string;
  let unitOfWork: UnitOfWork;
  let reader: LogReader;

  beforeEach(async () => {
    database = await openLogStore();
    ({ store, unitOfWork, reader } = database);
    folder = await mkdtemp(join(tmpdir(), 'cpds-log-keys-'));
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  /** The log as a start with these keys has it. */
  async function started(signer: tlog.NoteSigner, ...formerSigners: tlog.NoteSigner[]): Promise<AuditLog> {
    const verifiers = [signer, ...formerSigners].map(tlog.verifierOf);
    const journal = await Journal.open(folder, verifiers, custody.ring);
    const log = new AuditLog(unitOfWork, { party: 'north', signer, formerSigners, ...custody, journal });
    await log.open();
    return log;
  }

  const checkpoint = async (): Promise<string> => (await reader.tree()).checkpoint;
  const opens = (note: string, signer: tlog.NoteSigner): boolean => {
    try {
      return tlog.openCheckpoint(note, tlog.verifierOf(signer)).size >= 0;
    } catch {
      return false;
    }
  };
  const told = async (): Promise<string[]> => (await reader.leaves(0, 100)).map(({ leaf }) => typeOf(leaf));
  const typeOf = (leaf: string): string => (JSON.parse(leaf) as { type: string }).type;

  it('sign together from the start that has both, and the log says so once', async () => {
    await (await started(old)).append([event(1)]);
    expect([opens(await checkpoint(), old), opens(await checkpoint(), fresh)]).toEqual([true, false]);

    const both = await started(fresh, old);
    expect([opens(await checkpoint(), old), opens(await checkpoint(), fresh)]).toEqual([true, true]);
    expect(both.keys.verifierKey).toBe(tlog.formatVerifierKey(tlog.verifierOf(fresh)));
    expect(both.keys.formerVerifierKeys).toEqual([tlog.formatVerifierKey(tlog.verifierOf(old))]);
    await both.append([event(2)]);
    expect([opens(await checkpoint(), old), opens(await checkpoint(), fresh)]).toEqual([true, true]);

    await started(fresh, old);
    expect(await told()).toEqual([event(1).type, events.logKeysChanged, event(2).type]);
    expect(await both.detailsOf('audit.north', 1)).toMatchObject({
      details: { verifierKey: both.keys.verifierKey, formerVerifierKeys: both.keys.formerVerifierKeys },
    });
  });

  it('are the new one alone once the former is taken out, also in the journal', async () => {
    await (await started(old)).append([event(1)]);
    await started(fresh, old);
    const alone = await started(fresh);
    expect([opens(await checkpoint(), old), opens(await checkpoint(), fresh)]).toEqual([false, true]);
    expect(await told()).toEqual([event(1).type, events.logKeysChanged, events.logKeysChanged]);
    expect((await (await Journal.open(folder, [tlog.verifierOf(fresh)], custody.ring)).last())?.size).toBe(3);
    await alone.append([event(2)]);
    expect((await reader.tree()).size).toBe(4);
  });

  it('are known, or the service does not start and signs nothing', async () => {
    await (await started(old)).append([event(1)]);
    const before = await checkpoint();
    await expect(started(fresh)).rejects.toMatchObject({ code: 'log-key-unknown', kind: 'bug' });
    await expect(started(fresh, stranger)).rejects.toMatchObject({ code: 'log-key-unknown' });
    expect(await checkpoint()).toBe(before);
    expect((await started(old)).keys.formerVerifierKeys).toEqual([]);
  });

  it('of now sign what was anchored under a former one, and never another root', async () => {
    await (await started(old)).append([event(1)]);
    const { size, root, checkpoint: anchored } = await reader.tree();
    const add = `INSERT INTO anchor (chain, size, root, checkpoint, state, attempt, wanted_at) VALUES ('hub', $1, $2, $3, 'final', 1, now())`;
    await store.query(add, [size, root, anchored]);
    await started(fresh, old);
    const log = await started(fresh);
    const anchors = new Anchors(unitOfWork, reader, log, {
      hubChain: 'hub',
      chains: ['hub'],
      everyMs: 60_000,
      now: () => new Date(),
      onError: () => undefined,
    });
    const proofs = new Proofs(reader, anchors, log);
    const proof = await proofs.anchoredInclusion('records.north', 1);
    expect(tlog.openCheckpoint(proof!.checkpoint, tlog.verifierOf(fresh))).toMatchObject({ size: 1 });

    const false_ = { origin: old.name, size, root: new Uint8Array(32).fill(5) };
    await store.query('UPDATE anchor SET checkpoint = $1', [tlog.signCheckpoint(false_, old)]);
    await expect(proofs.anchoredInclusion('records.north', 1)).rejects.toMatchObject({ code: 'log-damaged' });
  });
});
