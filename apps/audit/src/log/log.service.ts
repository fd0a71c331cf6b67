import { randomUUID } from 'node:crypto';
import { toHex } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { bug, unavailable } from '@cpds/errors';
import { type EventEnvelope, events, type Receipted } from '@cpds/messages';
import type { Tx, UnitOfWork } from '@cpds/store';
import { type Erasure, EventRows, type RefusedMessage } from './event.rows.js';
import { edgeTilesOf, growLog, type TileHashes } from './growth.js';
import type { Journal } from './journal.js';
import { LogKeys } from './log-keys.js';
import { LogReader } from './log.reader.js';
import { readyByJournal, readyBySeq } from './ready.js';
import { Receipts } from './receipts.js';
import { Roots } from './roots.js';
import { faultOf, Standing, type Witness } from './standing.js';
import { assertWhole } from './wholeness.js';

/** Leaves that one transaction appends at most; the next takes the rest. */
const maxLeaves = 4096;
/** Leaves that are read at once where the journal must be completed. */
const journalChunk = 65_536;

/** Name and keys of the log. */
export interface LogIdentity {
  readonly party: string;
  readonly signer: tlog.NoteSigner;
  /** earlier keys, which sign beside `signer` for readers who do not know it yet; newest first, default none */
  readonly formerSigners?: readonly tlog.NoteSigner[];
  readonly ring: KeyRing;
  /** the database's derivation root */
  readonly root: Uint8Array;
  /** what was signed, in a second place */
  readonly journal: Journal;
  /** Whom a log without a journal must be compared with before it signs: nicknames of chains. Default nobody. */
  readonly witnesses?: readonly string[];
  /** Size at which the operator accepts this database though the journal is empty. */
  readonly acceptedSize?: number;
}

/** The result of a transaction that was committed. */
export interface Acceptance {
  readonly size: number;
  /** Entries that were added. */
  readonly appended: number;
  /** One per producer that the batch named or that grew. */
  readonly receipts: readonly Receipted[];
  /** Alarm events raised: sequence conflicts and refused messages. */
  readonly alarms: number;
}

/** Result of storing a batch, before leaf indices are given. */
interface Taken {
  readonly producers: readonly string[];
  readonly alarms: number;
}

/** Result of giving leaf indices and writing tiles and checkpoint. */
interface Growth {
  readonly size: number;
  readonly producers: readonly string[];
  readonly appended: number;
  /** There may be more that is ready. */
  readonly goesOn: boolean;
}

interface LogRow {
  size: number;
  root: Buffer;
  checkpoint: string;
}

/**
 * The append-only log. One row lock on `log` serialises all writers, also a second process started by mistake.
 *
 * THE DURABLE LINE is the commit of `append`. Before it nothing has left this process: a crash rolls back events, leaf
 * indices, tiles and checkpoint together, the messages are unacknowledged and come again. After it everything is durable
 * at once; a crash then loses only announcements: receipts are repeated at start and every few seconds, messages come
 * again and are recognised as the same. A checkpoint is signed inside the transaction and read only from the database,
 * so no checkpoint was ever seen whose leaves could vanish.
 *
 * The journal is written last before the commit. A crash between them, or a database that was restored from a backup, leaves
 * the journal ahead: leaves then get their places in the journal's order until the database has caught up. So two roots for
 * one size cannot be signed, and what chains hold of the log is compared with it too (`compare`).
 */
export class AuditLog {
  /** Whether it may sign; whoever learns of a fault says so here. */
  readonly standing = new Standing();
  /** How far the producers' events are durable. */
  readonly receipts: Receipts;
  /** What its checkpoints are signed with. */
  readonly keys: LogKeys;
  private readonly rows: EventRows;
  private readonly reader: LogReader;
  private readonly roots: Roots;
  /** whether the log must still tell that other keys sign it than before */
  private areKeysUntold = false;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly identity: LogIdentity,
    private readonly now: () => Date = () => new Date(),
  ) {
    this.rows = new EventRows(identity.party, identity.ring, identity.root, now);
    this.reader = new LogReader(unitOfWork);
    this.receipts = new Receipts(unitOfWork, this.standing);
    this.keys = new LogKeys(identity.signer, identity.formerSigners);
    this.roots = new Roots(this.reader, identity.journal);
  }

  /**
   * A checkpoint that this log signed earlier, signed by the keys of now: whoever knows only those must be able to read it.
   * Size and root stay.
   *
   * @throws AppError `log-damaged` (bug) when it is not of this log
   */
  async signedAnew(note: string): Promise<string> {
    this.standing.assertNotStopped();
    const { size, root } = tlog.parseCheckpoint(tlog.parseNote(note).text);
    const own = await this.roots.at(size);
    if (own === null || toHex(own) !== toHex(root))
      throw bug('log-damaged', `a stored checkpoint of ${size} leaves does not have the root of this log`);
    return this.keys.sign(size, root);
  }

  /**
   * Makes the empty log, or recomputes root and checkpoint of the stored one and compares it with the journal.
   *
   * @throws AppError (bug: the service must not start) `log-damaged` when tiles, root, checkpoint and entries do not belong
   *   together; `log-forked` when the journal holds another root; `journal-missing` when it holds nothing of a log with
   *   entries that the operator has not accepted; `journal-damaged`; `log-key-unknown` when none of its keys has signed it
   */
  async open(): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const { root, size } = growLog(0, [], []);
      await tx.manager.query(
        `INSERT INTO log (origin, size, root, checkpoint, updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
        [this.keys.origin, size, root, this.keys.sign(size, root), this.now()],
      );
      const row = await this.lock(tx);
      const stored = growLog(row.size, await this.edge(tx, row.size), []);
      const signed = this.keys.open(row.checkpoint);
      if (
        toHex(stored.root) !== row.root.toString('hex') ||
        signed.size !== row.size ||
        toHex(signed.root) !== toHex(stored.root)
      )
        throw bug('log-damaged', `the log of ${row.size} leaves does not have the root that was signed`);
      await assertWhole(tx, row.size);
      // Signatures of Ed25519 are always the same, so another text means other keys.
      this.areKeysUntold = row.checkpoint !== this.keys.sign(row.size, row.root);
    });
    await this.meetJournal();
    if (this.areKeysUntold && this.standing.maySign) await this.commit(async () => ({ producers: [], alarms: 0 }));
  }

  /**
   * Compares the log with what `witness` holds of it, also with leaves that only the journal has the order of.
   * Where it is behind or differs, it stands still from then on.
   */
  async compare(witness: Witness): Promise<void> {
    const fault = faultOf(witness, await this.roots.at(witness.size));
    if (fault !== null) this.standing.stop(fault);
  }

  /**
   * For readiness.
   *
   * @throws AppError why it may not sign, or `log-catching-up` (unavailable)
   */
  async assertCurrent(): Promise<void> {
    this.standing.assertMaySign();
    await this.assertCaughtUp();
  }

  /** @throws AppError `log-catching-up` (unavailable) */
  async assertCaughtUp(): Promise<void> {
    const behind = await this.behind();
    if (behind > 0) throw unavailable('log-catching-up', `${behind} leaves that were signed are being gathered again`);
  }

  /** Lets the journal forget what `covered` leaves with final anchors no longer need. */
  pruneJournal(covered: number): Promise<void> {
    return this.identity.journal.prune(covered, this.now());
  }

  /** How many leaves the journal has that the database has not yet. */
  async behind(): Promise<number> {
    const [{ size }, written] = [await this.reader.tree(), await this.identity.journal.last()];
    return Math.max(0, (written?.size ?? 0) - size);
  }

  /**
   * Takes a batch of events: each once, by (producer, seq); each producer's in order and without a gap. An event whose
   * predecessor is missing is kept and waits. Another event under a taken seq is kept aside, and raises
   * `audit.sequence-conflict.v1` in this same log.
   */
  append(batch: readonly EventEnvelope[]): Promise<Acceptance> {
    return this.commit(async (tx) => {
      const alarms = await this.rows.conflictsOf(tx, batch, await this.rows.store(tx, batch));
      await this.storeOwn(tx, alarms);
      return { producers: batch.map((event) => event.producer), alarms: alarms.length };
    });
  }

  /** Keeps a message that cannot be an entry, and raises `audit.message-refused.v1` for it, once. */
  refuse(message: RefusedMessage): Promise<Acceptance> {
    return this.commit(async (tx) => {
      const alarm = await this.rows.keepAside(tx, message, events.messageRefused, `refused-${randomUUID()}`, {
        subject: message.subject,
        reason: message.reason,
      });
      await this.storeOwn(tx, alarm);
      return { producers: [], alarms: alarm.length };
    });
  }

  /** Adds an event of this log itself. */
  raise(type: string, correlation: string, details: Record<string, unknown>): Promise<Acceptance> {
    return this.commit(async (tx) => {
      await this.storeOwn(tx, [await this.rows.ownEvent(tx, type, correlation, details)]);
      return { producers: [], alarms: 1 };
    });
  }

  /**
   * Erases a person's details for ever; leaves and proofs stay. `audit.person-erased.v1` says who and why, and commits
   * with it.
   *
   * @throws AppError `unknown-person`
   */
  erase(person: string, erasure: Erasure): Promise<Acceptance> {
    return this.commit(async (tx) => {
      await this.storeOwn(tx, [await this.rows.erase(tx, person, erasure)]);
      return { producers: [this.rows.producer], alarms: 0 };
    });
  }

  /** Details of an event as its producer sent them; null when the person was erased or the event is unknown. */
  detailsOf(producer: string, seq: number): Promise<unknown> {
    return this.unitOfWork.run((tx) => this.rows.detailsOf(tx, producer, seq));
  }

  private async commit(take: (tx: Tx) => Promise<Taken>): Promise<Acceptance> {
    this.standing.assertMaySign();
    const first = await this.unitOfWork.run(async (tx) => {
      const log = await this.lock(tx);
      await this.restoreOwn(tx, log);
      const taken = await take(tx);
      if (this.areKeysUntold) await this.tellKeys(tx);
      return { ...taken, grown: await this.sequence(tx, log) };
    });
    this.areKeysUntold = false;
    const producers = new Set([...first.producers, ...first.grown.producers]);
    let grown = first.grown;
    let appended = grown.appended;
    // A long run of waiting events became ready: go on, transaction by transaction.
    while (grown.goesOn) {
      grown = await this.unitOfWork.run(async (tx) => this.sequence(tx, await this.lock(tx)));
      for (const producer of grown.producers) producers.add(producer);
      appended += grown.appended;
    }
    const receipts = (await this.receipts.all()).filter((receipt) => producers.has(receipt.producer));
    return { size: grown.size, appended, receipts, alarms: first.alarms };
  }

  /** The log's own word on its keys, which the next checkpoint covers with the signatures of all of them. */
  private async tellKeys(tx: Tx): Promise<void> {
    const { verifierKey, formerVerifierKeys } = this.keys;
    const details = { verifierKey, formerVerifierKeys };
    await this.storeOwn(tx, [await this.rows.ownEvent(tx, events.logKeysChanged, 'log-keys', details)]);
  }

  private async lock(tx: Tx): Promise<LogRow> {
    // A pool or role may have turned this off; a receipt promises the disk.
    await tx.manager.query('SET LOCAL synchronous_commit = on');
    const rows = (await tx.manager.query('SELECT origin, size, root, checkpoint FROM log FOR UPDATE')) as {
      origin: string;
      size: string;
      root: Buffer;
      checkpoint: string;
    }[];
    const [row] = rows;
    if (rows.length !== 1 || row?.origin !== this.keys.origin)
      throw bug('log-foreign', `this database holds the log of ${row?.origin ?? 'nobody'}, not of ${this.keys.origin}`);
    return { size: Number(row.size), root: row.root, checkpoint: row.checkpoint };
  }

  /** Gives leaf indices to every event whose turn it is, and writes tiles and checkpoint over them. */
  private async sequence(tx: Tx, log: LogRow): Promise<Growth> {
    const { journal } = this.identity;
    const written = await journal.last();
    const isBehind = (written?.size ?? 0) > log.size;
    const ready = isBehind
      ? await readyByJournal(tx, await journal.hashes(log.size, Math.min(written!.size, log.size + maxLeaves)))
      : await readyBySeq(tx, maxLeaves);
    if (ready.length === 0) return { size: log.size, producers: [], appended: 0, goesOn: false };
    const growth = growLog(
      log.size,
      await this.edge(tx, log.size),
      ready.map((row) => row.leaf),
    );
    await tx.manager.query(
      `UPDATE event SET leaf_index = placed.leaf_index
       FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS placed (producer, seq, leaf_index)
       WHERE event.producer = placed.producer AND event.seq = placed.seq`,
      [ready.map((row) => row.producer), ready.map((row) => row.seq), ready.map((_, i) => log.size + i)],
    );
    // Ready rows of a producer are consecutive, so all events up to the last one's seq are there.
    const through = new Map(ready.map((row) => [row.producer, row.seq]));
    await tx.manager.query(
      `INSERT INTO producer (producer, through_seq) SELECT * FROM unnest($1::text[], $2::bigint[])
       ON CONFLICT (producer) DO UPDATE SET through_seq = excluded.through_seq`,
      [[...through.keys()], [...through.values()]],
    );
    await tx.manager.query(
      `INSERT INTO tile (level, index, hashes) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])
       ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes`,
      [
        growth.tiles.map((tile) => tile.level),
        growth.tiles.map((tile) => tile.index),
        growth.tiles.map((tile) => Buffer.from(tile.hashes)),
      ],
    );
    if (isBehind)
      for (const row of ready.filter(({ producer }) => producer === this.rows.producer))
        await this.rows.eraseAgain(tx, Number(row.seq), row.leaf.toString());
    const { size, root } = growth;
    if (size === written?.size && toHex(root) !== toHex(written.root))
      throw bug('log-forked', `the journal holds another root for ${size} leaves`);
    this.standing.assertMaySign();
    const checkpoint = this.keys.sign(size, root);
    await tx.manager.query('UPDATE log SET size = $1, root = $2, checkpoint = $3, updated_at = $4', [
      size,
      Buffer.from(root),
      checkpoint,
      this.now(),
    ]);
    if (!isBehind) {
      await this.completeJournal(written?.size ?? 0, log.size);
      await journal.write({ from: log.size, hashes: ready.map((row) => tlog.leafHash(row.leaf)), checkpoint });
    }
    return {
      size,
      producers: [...through.keys()],
      appended: ready.length,
      goesOn: isBehind || ready.length === maxLeaves,
    };
  }

  /** Stores events of the log itself. Nobody could send them again, so they are in the journal before they have a place. */
  private async storeOwn(tx: Tx, own: readonly EventEnvelope[]): Promise<void> {
    await this.identity.journal.keepOwn(own);
    await this.rows.store(tx, own);
  }

  /** Brings back own events that the journal has and the database lost, before another takes their seq. */
  private async restoreOwn(tx: Tx, log: LogRow): Promise<void> {
    const written = await this.identity.journal.last();
    if ((written?.size ?? 0) <= log.size) return;
    await this.rows.store(tx, await this.identity.journal.own(await this.rows.lastOwnSeq(tx)));
  }

  /** Adds the leaves that an earlier journal, or one begun anew, lacks. */
  private async completeJournal(from: number, to: number): Promise<void> {
    for (let start = from; start < to; start += journalChunk) {
      const hashes = await this.reader.leafHashes(start, Math.min(start + journalChunk, to));
      await this.identity.journal.prepare(start, hashes);
    }
  }

  private async meetJournal(): Promise<void> {
    const { journal, acceptedSize, witnesses = [] } = this.identity;
    const [{ size }, written] = [await this.reader.tree(), await journal.last()];
    if (written !== null) {
      const fault = faultOf({ where: 'journal', ...written }, await this.roots.at(written.size));
      if (fault !== null) throw fault;
      return;
    }
    if (size > 0 && acceptedSize !== size)
      throw bug(
        'journal-missing',
        `the journal is empty and this database has ${size} leaves: put the journal back; if it is lost for good and no ` +
          `backup of the database was restored, start once with ACCEPTED_LOG_SIZE=${size}`,
      );
    this.standing.await(witnesses);
  }

  private async edge(tx: Tx, size: number): Promise<TileHashes[]> {
    const wanted = edgeTilesOf(size);
    const rows = (await tx.manager.query(
      `SELECT level, index, hashes FROM tile JOIN unnest($1::int[], $2::bigint[]) AS wanted (level, index) USING (level, index)`,
      [wanted.map((tile) => tile.level), wanted.map((tile) => tile.index)],
    )) as { level: number; index: string; hashes: Buffer }[];
    return rows.map((row) => ({ level: row.level, index: Number(row.index), hashes: row.hashes }));
  }
}
