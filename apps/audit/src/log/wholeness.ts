import * as tlog from '@cpds/crypto/tlog';
import { bug } from '@cpds/errors';
import type { Tx } from '@cpds/store';

/**
 * Looks whether entries, tiles and producers tell of the same log, as far as that is quick: the newest tile's entries,
 * and how far each producer is. All of it is what `libs/audit-verifier` looks at.
 *
 * @throws AppError `log-damaged` (bug)
 */
export async function assertWhole(tx: Tx, size: number): Promise<void> {
  const first = size === 0 ? 0 : Math.floor((size - 1) / tlog.TILE_WIDTH) * tlog.TILE_WIDTH;
  const newest = (await tx.manager.query(
    `SELECT leaf_index, leaf, substring(hashes FROM (32 * (leaf_index - $1) + 1)::int FOR 32) AS hash
     FROM event LEFT JOIN tile ON level = 0 AND index = $1 / ${tlog.TILE_WIDTH}
     WHERE leaf_index >= $1 ORDER BY leaf_index`,
    [first],
  )) as { leaf: Buffer; hash: Buffer | null }[];
  const isEntry = newest.every(({ leaf, hash }) => hash !== null && hash.equals(tlog.leafHash(leaf)));
  if (newest.length !== size - first || !isEntry)
    throw bug('log-damaged', `the entries from ${first} on are not those of the log's tiles`);
  const [told] = (await tx.manager.query(
    `SELECT coalesce(sum(through_seq), 0) AS leaves,
       count(*) FILTER (WHERE NOT EXISTS (
         SELECT FROM event e WHERE e.producer = p.producer AND e.seq = p.through_seq AND e.leaf_index IS NOT NULL)
       OR EXISTS (
         SELECT FROM event e WHERE e.producer = p.producer AND e.seq <= p.through_seq AND e.leaf_index IS NULL)) AS wrong
     FROM producer p`,
  )) as [{ leaves: string; wrong: string }];
  if (Number(told.leaves) !== size || Number(told.wrong) > 0)
    throw bug('log-damaged', `the producers' events are not the ${size} leaves of the log`);
}
