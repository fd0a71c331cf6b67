import { to0x } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import type { Anchored, Hex, LeavesAnswer, LeavesQuery, ReceiptAnswer, ReceiptQuery, Receipted } from '@cpds/messages';
import type { UnitOfWork } from '@cpds/store';
import type { Standing } from './standing.js';

/** How far the producers' events are durable, read from committed rows only. A log that stands still gives no receipt. */
export class Receipts {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly standing: Standing,
  ) {}

  /** How far each producer's events are durable now. */
  async all(): Promise<Receipted[]> {
    this.standing.assertNotStopped();
    const rows = (await this.unitOfWork.reader.query(
      `SELECT producer, seq AS through_seq, leaf, (SELECT size FROM log) AS size
       FROM producer JOIN event USING (producer) WHERE seq = through_seq ORDER BY producer`,
    )) as { producer: string; through_seq: string; leaf: Buffer; size: string }[];
    return rows.map((row) => ({
      producer: row.producer,
      throughSeq: Number(row.through_seq),
      leaf: leafHashOf(row.leaf),
      treeSize: Number(row.size),
    }));
  }

  /** The leaf that stands for one event of a producer, and how far its events are durable. */
  async of({ producer, seq }: Pick<ReceiptQuery, 'producer' | 'seq'>): Promise<ReceiptAnswer> {
    this.standing.assertNotStopped();
    const [row] = (await this.unitOfWork.reader.query(
      `SELECT (SELECT size FROM log) AS size,
              coalesce((SELECT through_seq FROM producer WHERE producer = $1), 0) AS through_seq,
              (SELECT leaf FROM event WHERE producer = $1 AND seq = $2 AND leaf_index IS NOT NULL) AS leaf`,
      [producer, seq],
    )) as [{ size: string; through_seq: string; leaf: Buffer | null }];
    return {
      producer,
      seq,
      leaf: row.leaf === null ? null : leafHashOf(row.leaf),
      throughSeq: Number(row.through_seq),
      treeSize: Number(row.size),
    };
  }

  /** The leaf of each of a producer's events `seqs`, in their order; null for one that is neither in the log nor waiting. */
  async leavesOf({ producer, seqs }: LeavesQuery): Promise<LeavesAnswer> {
    this.standing.assertNotStopped();
    // The leaves first: what is appended between the two reads must not look like an event that the log took before.
    const rows = (await this.unitOfWork.reader.query(
      'SELECT seq, leaf FROM event WHERE producer = $1 AND seq = ANY($2::bigint[])',
      [producer, seqs],
    )) as { seq: string; leaf: Buffer }[];
    const [through] = (await this.unitOfWork.reader.query('SELECT through_seq FROM producer WHERE producer = $1', [
      producer,
    ])) as { through_seq: string }[];
    const held = new Map(rows.map((row) => [Number(row.seq), leafHashOf(row.leaf)]));
    return {
      producer,
      throughSeq: Number(through?.through_seq ?? 0),
      leaves: seqs.map((seq) => held.get(seq) ?? null),
    };
  }

  /** The last event of each producer among the first `size` leaves. */
  async lastWithin(size: number): Promise<Anchored[]> {
    // Leaf indices of one producer rise with its seq, so the search walks back over what came after `size`.
    const rows = (await this.unitOfWork.reader.query(
      `SELECT producer.producer, covered.seq, covered.leaf FROM producer CROSS JOIN LATERAL (
         SELECT seq, leaf FROM event
         WHERE event.producer = producer.producer AND leaf_index < $1 ORDER BY seq DESC LIMIT 1) covered`,
      [size],
    )) as { producer: string; seq: string; leaf: Buffer }[];
    return rows.map((row) => ({ producer: row.producer, throughSeq: Number(row.seq), leaf: leafHashOf(row.leaf) }));
  }
}

/** The name of a stored leaf: its RFC 6962 hash, as `eventLeafHash` gives it to the producer. */
function leafHashOf(leaf: Uint8Array): Hex {
  return to0x(tlog.leafHash(leaf));
}
