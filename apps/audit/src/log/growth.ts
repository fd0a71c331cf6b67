/** Computes how a log grows. Pure. The crash story stands where the result is committed (`log.service.ts`). */

import { concat } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { bug } from '@cpds/errors';

/** The hashes of one tile, as many as it has. */
export interface TileHashes {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
}

/** A log after a batch of leaves. */
export interface LogGrowth {
  readonly size: number;
  readonly root: Uint8Array;
  /** Every tile that changed, whole. */
  readonly tiles: readonly TileHashes[];
}

/** The partial tiles at the right edge of a log, which are all that growing needs. */
export function edgeTilesOf(size: number): tlog.Tile[] {
  return tlog.partialTilesOf(size);
}

/**
 * The log of `size` leaves, known by its edge tiles, with `leaves` appended.
 *
 * @throws AppError `log-damaged` (bug) when a stored tile is not as wide as `size` says: nothing is appended to such a log
 */
export function growLog(size: number, edge: readonly TileHashes[], leaves: readonly Uint8Array[]): LogGrowth {
  const stored = new Map(edge.map((tile) => [keyOf(tile), tile.hashes]));
  for (const tile of edgeTilesOf(size))
    if (stored.get(keyOf(tile))?.length !== tile.width * tlog.HASH_BYTES)
      throw bug('log-damaged', `tile ${keyOf(tile)} is not ${tile.width} hashes wide as size ${size} says`);

  let frontier = tlog.frontierOf(size, (node) =>
    tlog.nodeInTile(node, stored.get(keyOf(tlog.tileOfNode(node))) ?? new Uint8Array()),
  );
  const grown = new Map<string, { level: number; index: number; parts: Uint8Array[] }>();
  for (const leaf of leaves) {
    const step = tlog.appendLeaf(frontier, tlog.leafHash(leaf));
    frontier = step.frontier;
    for (const node of step.completed) {
      const place = tlog.rowOfNode(node);
      if (place === null) continue;
      const key = keyOf(place);
      const tile = grown.get(key) ?? { ...place, parts: [stored.get(key) ?? new Uint8Array()] };
      tile.parts.push(node.hash);
      grown.set(key, tile);
    }
  }
  return {
    size: frontier.size,
    root: tlog.frontierRoot(frontier),
    tiles: [...grown.values()].map(({ level, index, parts }) => ({ level, index, hashes: concat(...parts) })),
  };
}

function keyOf(tile: { level: number; index: number }): string {
  return `${tile.level}/${tile.index}`;
}
