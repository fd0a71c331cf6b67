import { to0x } from '@cpds/crypto/bytes';
import { type Hex, maxOutboxRows, type OutboxRows, type OutboxRowsQuery } from '@cpds/messages';
import type { UnitOfWork } from '@cpds/store';
import type { Outbox } from './outbox.js';

/** One answer stays well under the 1 MiB that NATS carries. */
const maxAnswerBytes = 512 * 1024;

/** An event that this database numbered, by its number and its leaf hash. */
export interface OwnLeaf {
  readonly seq: number;
  readonly leaf: Hex;
}

/** Reads what one producer has numbered: the other half of every comparison with the log. */
export class Numbered {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
  ) {}

  get producer(): string {
    return this.outbox.producer;
  }

  /** The newest number that this database has ever given; 0 before the first. */
  async lastSeq(): Promise<number> {
    const [row] = (await this.unitOfWork.reader.query('SELECT last_seq FROM outbox_counter WHERE producer = $1', [
      this.producer,
    ])) as { last_seq: string }[];
    return Number(row?.last_seq ?? 0);
  }

  /** Leaf hash of the own event `seq`; null where this database never numbered it, or holds it no more. */
  async leafOf(seq: number): Promise<Hex | null> {
    if (!Number.isSafeInteger(seq)) return null;
    const [row] = (await this.unitOfWork.reader.query(
      `SELECT leaf FROM outbox WHERE producer = $1 AND seq = $2
       UNION ALL SELECT cleared_leaf FROM outbox_relay WHERE producer = $1 AND cleared_seq = $2 AND cleared_leaf IS NOT NULL`,
      [this.producer, seq],
    )) as { leaf: Buffer }[];
    return row === undefined ? null : to0x(row.leaf);
  }

  /** Leaves of the rows that are held, after `afterSeq` and up to `toSeq`, the first `limit` of them. */
  async leaves(afterSeq: number, toSeq: number, limit: number): Promise<OwnLeaf[]> {
    const rows = (await this.unitOfWork.reader.query(
      'SELECT seq, leaf FROM outbox WHERE producer = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4',
      [this.producer, afterSeq, toSeq, limit],
    )) as { seq: string; leaf: Buffer }[];
    return rows.map((row) => ({ seq: Number(row.seq), leaf: to0x(row.leaf) }));
  }

  /** Events as they were sent, for audit where its log has a gap; an answer ends before it gets too long. */
  async rows({ fromSeq, toSeq }: OutboxRowsQuery): Promise<OutboxRows> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT envelope FROM (
         SELECT envelope, seq, sum(octet_length(envelope::text)) OVER (ORDER BY seq) AS bytes FROM (
           SELECT envelope, seq FROM outbox WHERE producer = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4) held) sized
       WHERE bytes <= $5 OR seq = $2 ORDER BY seq`,
      [this.producer, fromSeq, toSeq, maxOutboxRows, maxAnswerBytes],
    )) as { envelope: unknown }[];
    const events = rows.map((row) => this.outbox.read(row.envelope));
    return { producer: this.producer, events, lastSeq: await this.lastSeq() };
  }
}
