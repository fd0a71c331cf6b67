/** Where a log keeps its hashes and entries: the layout of c2sp.org/tlog-tiles (tile height 8, so 256 hashes a tile). */

import { concat } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { assertCount, foldSubtrees, HASH_BYTES, type TreeNode } from './merkle.js';

/** Levels of the tree that one tile level spans. */
export const TILE_HEIGHT = 8;
/** Hashes of a full tile, entries of a full bundle. */
export const TILE_WIDTH = 256;

/** `width` hashes of tree level 8·`level`, beginning with hash 256·`index`. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** `width` entries, beginning with entry 256·`index`. */
export interface EntryBundle {
  readonly index: number;
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`. */
export function tilePath(tile: Tile): string {
  return `tile/${tile.level}/${indexPath(tile.index)}${widthSuffix(tile.width)}`;
}

/** `tile/entries/<N>[.p/<W>]`. */
export function entriesPath(bundle: EntryBundle): string {
  return `tile/entries/${indexPath(bundle.index)}${widthSuffix(bundle.width)}`;
}

/**
 * The tile or bundle that a request path names; `level` is `entries` for a bundle.
 *
 * @throws CryptoError `bad-tile-path`, for every path that is not the one written form of a tile
 */
export function parseTilePath(path: string): { level: number | 'entries'; index: number; width: number } {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) throw new CryptoError('bad-tile-path', 'path', 'names no tile');
  const level = match[1] === 'entries' ? ('entries' as const) : Number(match[1]);
  const index = Number(match[2]!.replace(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  const written = level === 'entries' ? entriesPath({ index, width }) : tilePath({ level, index, width });
  if (!Number.isSafeInteger(index) || width < 1 || width > TILE_WIDTH || written !== path || Number(level) > 63)
    throw new CryptoError('bad-tile-path', 'path', 'names no tile');
  return { level, index, width };
}

/** Every tile of a tree of `size` leaves, lowest level first, the partial one of a level last. */
export function tilesOf(size: number): Tile[] {
  assertCount(size, 'size');
  const tiles: Tile[] = [];
  for (let level = 0, rows = size; rows > 0; level++, rows = Math.floor(rows / TILE_WIDTH))
    for (const { index, width } of bundlesOf(rows)) tiles.push({ level, index, width });
  return tiles;
}

/** Every entry bundle of a log of `size` entries. */
export function bundlesOf(size: number): EntryBundle[] {
  assertCount(size, 'size');
  const bundles: EntryBundle[] = [];
  for (let index = 0; index * TILE_WIDTH < size; index++)
    bundles.push({ index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) });
  return bundles;
}

/** The tile from whose hashes `node` is computed, as wide as that needs. */
export function tileOfNode(node: TreeNode): Tile {
  const { level, index, to } = rowsOfNode(node);
  return { level, index, width: to };
}

/**
 * Hash of `node`, from the bytes of the tile that `tileOfNode` names (or a wider one of the same place).
 *
 * @throws CryptoError `short-tile` when the bytes end before the node does
 */
export function nodeInTile(node: TreeNode, bytes: Uint8Array): Uint8Array {
  const { from, to } = rowsOfNode(node);
  if (bytes.length < to * HASH_BYTES) throw new CryptoError('short-tile', 'tile', 'ends before the node does');
  let hashes: Uint8Array[] = [];
  for (let row = from; row < to; row++) hashes.push(bytes.slice(row * HASH_BYTES, (row + 1) * HASH_BYTES));
  while (hashes.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < hashes.length; i += 2) above.push(foldSubtrees(hashes.slice(i, i + 2)));
    hashes = above;
  }
  return hashes[0]!;
}

/** The place of a node that tiles keep: its tile and row, or null for the levels between two tile levels. */
export function rowOfNode(node: TreeNode): { level: number; index: number; row: number } | null {
  if (node.level % TILE_HEIGHT !== 0) return null;
  return {
    level: node.level / TILE_HEIGHT,
    index: Math.floor(node.index / TILE_WIDTH),
    row: node.index % TILE_WIDTH,
  };
}

/**
 * Entries as a bundle: each behind its length as a big-endian uint16.
 *
 * @throws CryptoError `out-of-range` for an entry over 65535 bytes
 */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > 0xffff) throw new CryptoError('out-of-range', 'entry', 'is over 65535 bytes');
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/**
 * The entries of a bundle.
 *
 * @throws CryptoError `bad-entries` when the last entry is cut off
 */
export function decodeEntries(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + 2;
    const end = start + bytes[at]! * 256 + (bytes[at + 1] ?? 0);
    if (start > bytes.length || end > bytes.length)
      throw new CryptoError('bad-entries', 'bundle', `entry ${entries.length} is cut off`);
    entries.push(bytes.slice(start, end));
    at = end;
  }
  return entries;
}

function rowsOfNode(node: TreeNode): { level: number; index: number; from: number; to: number } {
  const level = Math.floor(node.level / TILE_HEIGHT);
  const span = 2 ** (node.level % TILE_HEIGHT);
  const first = node.index * span;
  const index = Math.floor(first / TILE_WIDTH);
  return { level, index, from: first - index * TILE_WIDTH, to: first - index * TILE_WIDTH + span };
}

/** Three digits a path element, all but the last marked with `x`: 1234067 is `x001/x234/067`. */
function indexPath(index: number): string {
  const digits = String(index);
  const padded = digits.padStart(3 * Math.ceil(digits.length / 3), '0');
  return padded
    .match(/.{3}/g)!
    .map((group, i, all) => (i < all.length - 1 ? `x${group}` : group))
    .join('/');
}

function widthSuffix(width: number): string {
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}
