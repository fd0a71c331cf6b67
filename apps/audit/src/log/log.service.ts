import { randomUUID } from 'node:crypto';
import { toHex } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { bug } from '@cpds/errors';
import { events, type EventEnvelope, type Receipted } from '@cpds/messages';
import type { Tx, UnitOfWork } from '@cpds/store';
import { type Erasure, EventRows, type RefusedMessage } from './event.rows.js';
import { edgeTilesOf, growLog, type TileHashes } from './growth.js';

/** Leaves that one transaction appends at most; the next takes the rest. */
const maxLeaves = 4096;

/** Name and keys of the log. */
export interface LogIdentity {
  readonly party: string;
  readonly signer: tlog.NoteSigner;
  readonly ring: KeyRing;
  /** the database's derivation root */
  readonly root: Uint8Array;
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
 * so no checkpoint was ever seen whose leaves could vanish, and two roots for one size cannot be signed.
 */
export class AuditLog {
  private readonly rows: EventRows;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly identity: LogIdentity,
    private readonly now: () => Date = () => new Date(),
  ) {
    this.rows = new EventRows(identity.party, identity.ring, identity.root, now);
  }

  /** The log's name: first line of its checkpoints. */
  get origin(): string {
    return this.identity.signer.name;
  }

  /** The verifier key for its checkpoints: `name+hash+base64`. */
  get verifierKey(): string {
    return tlog.formatVerifierKey(tlog.verifierOf(this.identity.signer));
  }

  /**
   * Makes the empty log, or recomputes root and checkpoint of the stored one.
   *
   * @throws AppError `log-damaged` (bug) when tiles, root and checkpoint do not belong together: the service must not start
   */
  async open(): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const { root, size } = growLog(0, [], []);
      await tx.manager.query(
        `INSERT INTO log (origin, size, root, checkpoint, updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
        [
          this.origin,
          size,
          root,
          tlog.signCheckpoint({ origin: this.origin, size, root }, this.identity.signer),
          this.now(),
        ],
      );
      const row = await this.lock(tx);
      const stored = growLog(row.size, await this.edge(tx, row.size), []);
      const signed = tlog.openCheckpoint(row.checkpoint, tlog.verifierOf(this.identity.signer));
      if (
        toHex(stored.root) !== row.root.toString('hex') ||
        signed.size !== row.size ||
        toHex(signed.root) !== toHex(stored.root)
      )
        throw bug('log-damaged', `the log of ${row.size} leaves does not have the root that was signed`);
    });
  }

  /**
   * Takes a batch of events: each once, by (producer, seq); each producer's in order and without a gap. An event whose
   * predecessor is missing is kept and waits. Another event under a taken seq is kept aside, and raises
   * `audit.sequence-conflict.v1` in this same log.
   */
  append(batch: readonly EventEnvelope[]): Promise<Acceptance> {
    return this.commit(async (tx) => {
      const alarms = await this.rows.conflictsOf(tx, batch, await this.rows.store(tx, batch));
      await this.rows.store(tx, alarms);
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
      await this.rows.store(tx, alarm);
      return { producers: [], alarms: alarm.length };
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
      const { producer } = await this.rows.erase(tx, person, erasure);
      return { producers: [producer], alarms: 0 };
    });
  }

  /** Details of an event as its producer sent them; null when the person was erased or the event is unknown. */
  detailsOf(producer: string, seq: number): Promise<unknown> {
    return this.unitOfWork.run((tx) => this.rows.detailsOf(tx, producer, seq));
  }

  /** How far each producer's events are durable now. */
  async receipts(): Promise<Receipted[]> {
    const rows = (await this.unitOfWork.reader.query(
      'SELECT producer, through_seq, (SELECT size FROM log) AS size FROM producer ORDER BY producer',
    )) as { producer: string; through_seq: string; size: string }[];
    return rows.map((row) => ({
      producer: row.producer,
      throughSeq: Number(row.through_seq),
      treeSize: Number(row.size),
    }));
  }

  /** The last durable seq of one producer; 0 for an unknown one. */
  async receiptOf(producer: string): Promise<Receipted> {
    const known = (await this.receipts()).find((receipt) => receipt.producer === producer);
    if (known !== undefined) return known;
    const [row] = (await this.unitOfWork.reader.query('SELECT size FROM log')) as [{ size: string }];
    return { producer, throughSeq: 0, treeSize: Number(row.size) };
  }

  private async commit(take: (tx: Tx) => Promise<Taken>): Promise<Acceptance> {
    const first = await this.unitOfWork.run(async (tx) => {
      const log = await this.lock(tx);
      const taken = await take(tx);
      return { ...taken, grown: await this.sequence(tx, log) };
    });
    const producers = new Set([...first.producers, ...first.grown.producers]);
    let grown = first.grown;
    let appended = grown.appended;
    // A long run of waiting events became ready: go on, transaction by transaction.
    while (grown.appended === maxLeaves) {
      grown = await this.unitOfWork.run(async (tx) => this.sequence(tx, await this.lock(tx)));
      for (const producer of grown.producers) producers.add(producer);
      appended += grown.appended;
    }
    const receipts = (await this.receipts()).filter((receipt) => producers.has(receipt.producer));
    return { size: grown.size, appended, receipts, alarms: first.alarms };
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
    if (rows.length !== 1 || row?.origin !== this.origin)
      throw bug('log-foreign', `this database holds the log of ${row?.origin ?? 'nobody'}, not of ${this.origin}`);
    return { size: Number(row.size), root: row.root, checkpoint: row.checkpoint };
  }

  /** Gives leaf indices to every event whose predecessors have theirs, and writes tiles and checkpoint over them. */
  private async sequence(tx: Tx, log: LogRow): Promise<Growth> {
    const ready = (await tx.manager.query(
      `SELECT producer, seq, leaf FROM (
         SELECT e.producer, e.seq, e.leaf, coalesce(p.through_seq, 0) AS through,
                row_number() OVER (PARTITION BY e.producer ORDER BY e.seq) AS place
         FROM event e LEFT JOIN producer p USING (producer) WHERE e.leaf_index IS NULL) waiting
       WHERE seq = through + place ORDER BY place, producer LIMIT ${maxLeaves}`,
    )) as { producer: string; seq: string; leaf: Buffer }[];
    if (ready.length === 0) return { size: log.size, producers: [], appended: 0 };
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
    const { size, root } = growth;
    await tx.manager.query('UPDATE log SET size = $1, root = $2, checkpoint = $3, updated_at = $4', [
      size,
      Buffer.from(root),
      tlog.signCheckpoint({ origin: this.origin, size, root }, this.identity.signer),
      this.now(),
    ]);
    return { size, producers: [...through.keys()], appended: ready.length };
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
