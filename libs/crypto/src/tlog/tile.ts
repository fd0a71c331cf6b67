/** The layout of a log's hashes and entries in files, by c2sp.org/tlog-tiles (tile height 8, so 256 hashes a tile). */

import { checkBytes, checkList, checkText, concat } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { assertCount, foldSubtrees, HASH_BYTES, type TreeNode } from './merkle.js';

/** Levels of the tree that one tile level spans. */
export const TILE_HEIGHT = 8;
/** Hashes of a full tile, entries of a full bundle. */
export const TILE_WIDTH = 256;

/** Highest level that a path can name; trees of safe integers end at level 6. */
const MAX_LEVEL = 63;

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

/** `tile/<L>/<N>[.p/<W>]`. @throws CryptoError `out-of-range` for a level, index or width that no tile has */
export function tilePath({ level, index, width }: Tile): string {
  if (!isPlace(level, index, width)) throw new CryptoError('out-of-range', 'tile', 'is not of any tree');
  return `tile/${level}/${indexPath(index)}${widthSuffix(width)}`;
}

/** `tile/entries/<N>[.p/<W>]`. @throws CryptoError `out-of-range` for an index or width that no bundle has */
export function entriesPath({ index, width }: EntryBundle): string {
  if (!isPlace(0, index, width)) throw new CryptoError('out-of-range', 'bundle', 'is not of any log');
  return `tile/entries/${indexPath(index)}${widthSuffix(width)}`;
}

/**
 * The tile or bundle that a request path names; `level` is `entries` for a bundle.
 *
 * @throws CryptoError `bad-tile-path`, for every path that is not the canonical form of a tile
 */
export function parseTilePath(path: string): { level: number | 'entries'; index: number; width: number } {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(
    checkText(path, 'path'),
  );
  if (match === null) throw new CryptoError('bad-tile-path', 'path', 'names no tile');
  const level = match[1] === 'entries' ? ('entries' as const) : Number(match[1]);
  const index = Number(match[2]!.replace(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  if (!isPlace(level === 'entries' ? 0 : level, index, width))
    throw new CryptoError('bad-tile-path', 'path', 'names no tile');
  const written = level === 'entries' ? entriesPath({ index, width }) : tilePath({ level, index, width });
  if (written !== path) throw new CryptoError('bad-tile-path', 'path', 'names no tile');
  return { level, index, width };
}

/**
 * Every tile of a tree of `size` leaves, lowest level first, the partial one of a level last. Gives one at a time:
 * somebody may have signed a size that is far larger than any memory.
 */
export function* tilesOf(size: number): Generator<Tile> {
  for (const { level, rows } of levelsOf(size))
    for (const { index, width } of bundlesOf(rows)) yield { level, index, width };
}

/** The tiles at the right edge of a tree that are not full yet: at most one a level, lowest first. */
export function partialTilesOf(size: number): Tile[] {
  return levelsOf(size)
    .map(({ level, rows }) => ({ level, index: Math.floor(rows / TILE_WIDTH), width: rows % TILE_WIDTH }))
    .filter(({ width }) => width > 0);
}

/** Every entry bundle of a log of `size` entries, one at a time like `tilesOf`. */
export function* bundlesOf(size: number): Generator<EntryBundle> {
  assertCount(size, 'size');
  for (let index = 0; index * TILE_WIDTH < size; index++)
    yield { index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) };
}

/** The tile from whose hashes `node` is computed, as wide as that needs. @throws CryptoError `out-of-range` for no node */
export function tileOfNode(node: TreeNode): Tile {
  const { level, index, to } = rowsOfNode(node);
  return { level, index, width: to };
}

/**
 * Hash of `node`, from the bytes of the tile that `tileOfNode` names (or a wider one of the same place).
 *
 * @throws CryptoError `short-tile` when the bytes end before the node does, `bad-tile` when they are not 1 to 256 whole hashes
 */
export function nodeInTile(node: TreeNode, bytes: Uint8Array): Uint8Array {
  const { from, to } = rowsOfNode(node);
  if (checkBytes(bytes, 'tile').length % HASH_BYTES !== 0 || bytes.length > TILE_WIDTH * HASH_BYTES)
    throw new CryptoError('bad-tile', 'tile', 'is not 1 to 256 whole hashes');
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
  assertCount(node.level, 'level');
  assertCount(node.index, 'index');
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
 * @throws CryptoError `out-of-range` for an entry over 65535 bytes; `too-many` for more than 256
 */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...checkList(entries, 'entries', TILE_WIDTH).flatMap((entry) => {
      if (checkBytes(entry, 'entry').length > 0xffff)
        throw new CryptoError('out-of-range', 'entry', 'is over 65535 bytes');
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/**
 * The entries of a bundle.
 *
 * @throws CryptoError `bad-entries` when the last entry is cut off or there are more than a bundle holds
 */
export function decodeEntries(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < checkBytes(bytes, 'bundle').length;) {
    const start = at + 2;
    const end = start + bytes[at]! * 256 + (bytes[at + 1] ?? 0);
    if (start > bytes.length || end > bytes.length)
      throw new CryptoError('bad-entries', 'bundle', `entry ${entries.length} is cut off`);
    if (entries.length === TILE_WIDTH) throw new CryptoError('bad-entries', 'bundle', `is over ${TILE_WIDTH} entries`);
    entries.push(bytes.slice(start, end));
    at = end;
  }
  return entries;
}

/** How many hashes each tile level of a tree keeps, lowest first. */
function levelsOf(size: number): { level: number; rows: number }[] {
  assertCount(size, 'size');
  const levels: { level: number; rows: number }[] = [];
  for (let rows = size; rows > 0; rows = Math.floor(rows / TILE_WIDTH)) levels.push({ level: levels.length, rows });
  return levels;
}

function isPlace(level: number, index: number, width: number): boolean {
  return isWithin(level, 0, MAX_LEVEL) && isWithin(index, 0, Number.MAX_SAFE_INTEGER) && isWithin(width, 1, TILE_WIDTH);
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

function rowsOfNode(node: TreeNode): { level: number; index: number; from: number; to: number } {
  assertCount(node.level, 'level');
  assertCount(node.index, 'index');
  const level = Math.floor(node.level / TILE_HEIGHT);
  const span = 2 ** (node.level % TILE_HEIGHT);
  const first = node.index * span;
  const index = Math.floor(first / TILE_WIDTH);
  return { level, index, from: first - index * TILE_WIDTH, to: first - index * TILE_WIDTH + span };
}

/** Three digits per path element, all but the last marked with `x`: 1234067 is `x001/x234/067`. */
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
