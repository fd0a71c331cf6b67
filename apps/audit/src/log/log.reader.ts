import { Injectable } from '@nestjs/common';
import * as tlog from '@cpds/crypto/tlog';
import { bug, missing } from '@cpds/errors';
import { UnitOfWork } from '@cpds/store';

/** One entry of the log and its place. */
export interface Leaf {
  readonly leafIndex: number;
  readonly leaf: string;
}

/** Size and signed statement of the log. */
export interface SignedTree {
  readonly size: number;
  readonly root: Uint8Array;
  readonly checkpoint: string;
}

/** Reads what `AuditLog` made durable, and nothing that is not: every answer comes from committed rows. */
@Injectable()
export class LogReader {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async tree(): Promise<SignedTree> {
    const [row] = await this.query<{ size: string; root: Buffer; checkpoint: string }>(
      'SELECT size, root, checkpoint FROM log',
      [],
    );
    if (row === undefined) throw bug('log-missing', 'the log has not been opened');
    return { size: Number(row.size), root: row.root, checkpoint: row.checkpoint };
  }

  /**
   * The first `width` hashes of a tile. Answers any width up to the stored one: a partial tile is the beginning of the
   * fuller one that replaced it.
   *
   * @throws AppError `no-tile` (missing)
   */
  async tile(level: number, index: number, width: number): Promise<Buffer> {
    const [row] = await this.query<{ hashes: Buffer }>(
      'SELECT substring(hashes FOR $3) AS hashes FROM tile WHERE level = $1 AND index = $2 AND length(hashes) >= $3',
      [level, index, width * tlog.HASH_BYTES],
    );
    if (row === undefined) throw missing('no-tile', 'the log has no such tile');
    return row.hashes;
  }

  /**
   * The first `width` entries of a bundle.
   *
   * @throws AppError `no-tile` (missing)
   */
  async entries(index: number, width: number): Promise<Uint8Array[]> {
    const rows = await this.leaves(index * tlog.TILE_WIDTH, width);
    if (rows.length < width) throw missing('no-tile', 'the log has no such entry bundle');
    return rows.map((row) => Buffer.from(row.leaf));
  }

  /** At most `limit` entries from `from` on, in order. */
  async leaves(from: number, limit: number): Promise<Leaf[]> {
    const rows = await this.query<{ leaf_index: string; leaf: Buffer }>(
      'SELECT leaf_index, leaf FROM event WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index',
      [from, from + limit],
    );
    return rows.map(toLeaf);
  }

  /** Hashes of the leaves `from` to `to`, the latter excluded, in order. */
  async leafHashes(from: number, to: number): Promise<Uint8Array[]> {
    return (await this.leaves(from, to - from)).map(({ leaf }) => tlog.leafHash(Buffer.from(leaf)));
  }

  /** What is missing before the first event that waits, of each producer that has one waiting. */
  async gaps(): Promise<{ producer: string; fromSeq: number; toSeq: number }[]> {
    const rows = await this.query<{ producer: string; from_seq: string; to_seq: string }>(
      `SELECT producer, coalesce(through_seq, 0) + 1 AS from_seq, first_seq - 1 AS to_seq
       FROM (SELECT producer, min(seq) AS first_seq FROM event WHERE leaf_index IS NULL GROUP BY producer) waiting
       LEFT JOIN producer USING (producer) WHERE first_seq > coalesce(through_seq, 0) + 1 ORDER BY producer`,
      [],
    );
    return rows.map((row) => ({ producer: row.producer, fromSeq: Number(row.from_seq), toSeq: Number(row.to_seq) }));
  }

  /** Every entry that carries `correlation`, in order. */
  async trail(correlation: string): Promise<Leaf[]> {
    const rows = await this.query<{ leaf_index: string; leaf: Buffer }>(
      'SELECT leaf_index, leaf FROM event WHERE correlation = $1 AND leaf_index IS NOT NULL ORDER BY leaf_index',
      [correlation],
    );
    return rows.map(toLeaf);
  }

  /** The entry of (producer, seq), or null while it is not in the log. */
  async entryOf(producer: string, seq: number): Promise<Leaf | null> {
    const [row] = await this.query<{ leaf_index: string; leaf: Buffer }>(
      'SELECT leaf_index, leaf FROM event WHERE producer = $1 AND seq = $2 AND leaf_index IS NOT NULL',
      [producer, seq],
    );
    return row === undefined ? null : toLeaf(row);
  }

  /** A reader of the given subtrees, loaded in one query. */
  async nodes(wanted: readonly tlog.TreeNode[]): Promise<tlog.NodeReader> {
    const places = wanted.map(tlog.tileOfNode);
    const rows = await this.query<{ level: number; index: string; hashes: Buffer }>(
      `SELECT DISTINCT level, index, hashes FROM tile
       JOIN unnest($1::int[], $2::bigint[]) AS wanted (level, index) USING (level, index)`,
      [places.map((tile) => tile.level), places.map((tile) => tile.index)],
    );
    const tiles = new Map(rows.map((row) => [`${row.level}/${row.index}`, row.hashes]));
    return (node) => {
      const { level, index } = tlog.tileOfNode(node);
      return tlog.nodeInTile(node, tiles.get(`${level}/${index}`) ?? new Uint8Array());
    };
  }

  private async query<T>(sql: string, parameters: unknown[]): Promise<T[]> {
    return (await this.unitOfWork.reader.query(sql, parameters)) as T[];
  }
}

function toLeaf(row: { leaf_index: string; leaf: Buffer }): Leaf {
  return { leafIndex: Number(row.leaf_index), leaf: row.leaf.toString() };
}
