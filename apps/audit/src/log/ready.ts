import type { Tx } from '@cpds/store';

/** A stored event whose turn it is to get a leaf index. */
export interface ReadyEvent {
  readonly producer: string;
  readonly seq: string;
  readonly leaf: Buffer;
}

/** The first `limit` events whose predecessors all have their places; those of one producer in order and without a gap. */
export async function readyBySeq(tx: Tx, limit: number): Promise<ReadyEvent[]> {
  return (await tx.manager.query(
    `SELECT producer, seq, leaf FROM (
       SELECT e.producer, e.seq, e.leaf, coalesce(p.through_seq, 0) AS through,
              row_number() OVER (PARTITION BY e.producer ORDER BY e.seq) AS place
       FROM event e LEFT JOIN producer p USING (producer) WHERE e.leaf_index IS NULL) waiting
     WHERE seq = through + place ORDER BY place, producer LIMIT $1`,
    [limit],
  )) as ReadyEvent[];
}

/** Events whose leaves have `hashes`, in that order, as far as they are there again without a gap. */
export async function readyByJournal(tx: Tx, hashes: readonly Uint8Array[]): Promise<ReadyEvent[]> {
  const rows = (await tx.manager.query(
    `SELECT producer, seq, leaf, place FROM event
     JOIN unnest($1::bytea[]) WITH ORDINALITY AS wanted (hash, place) ON sha256('\\x00'::bytea || leaf) = hash
     WHERE leaf_index IS NULL ORDER BY place`,
    [hashes.map((hash) => Buffer.from(hash))],
  )) as (ReadyEvent & { place: string })[];
  const gap = rows.findIndex((row, i) => Number(row.place) !== i + 1);
  return gap === -1 ? rows : rows.slice(0, gap);
}
