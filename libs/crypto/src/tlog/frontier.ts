/** The right edge of a growing tree, which is all that appending needs. */

import { checkBytes, checkList } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import {
  assertCount,
  foldSubtrees,
  HASH_BYTES,
  nodeHash,
  subtreesOf,
  type NodeReader,
  type TreeNode,
} from './merkle.js';

/** A tree of `size` leaves by the hashes of its complete subtrees, left to right: at most one per bit of `size`. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

/** A subtree that an append completed. */
export interface CompletedNode extends TreeNode {
  readonly hash: Uint8Array;
}

/** A safe integer has so many bits. */
const MOST_SUBTREES = 53;

/** The frontier of the tree without leaves. */
export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/** The frontier of a stored tree of `size` leaves; recovery after a crash is this and nothing else. */
export function frontierOf(size: number, read: NodeReader): Frontier {
  assertCount(size, 'size');
  return { size, hashes: subtreesOf({ from: 0, to: size }).map(read) };
}

/** Root of the tree. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return foldSubtrees(frontier.hashes);
}

/**
 * The tree with one more leaf hash, and every subtree that this leaf completed, lowest first (the leaf itself is the first).
 *
 * @throws CryptoError `bad-length` for a leaf that is no hash, `bad-frontier` for a size and hashes that are not of one tree
 */
export function appendLeaf(
  frontier: Frontier,
  leaf: Uint8Array,
): { frontier: Frontier; completed: readonly CompletedNode[] } {
  checkBytes(leaf, 'leaf', HASH_BYTES);
  assertCount(frontier.size + 1, 'size');
  if (checkList(frontier.hashes, 'hashes', MOST_SUBTREES).length !== onesOf(frontier.size))
    throw new CryptoError('bad-frontier', 'hashes', `are not those of ${frontier.size} leaves`);
  const hashes = [...frontier.hashes];
  const completed: CompletedNode[] = [{ level: 0, index: frontier.size, hash: leaf }];
  let hash = leaf;
  // A tree with k trailing one-bits in its size has k subtrees waiting for exactly this leaf.
  for (let index = frontier.size, level = 1; index % 2 === 1; level++) {
    hash = nodeHash(hashes.pop()!, hash);
    index = (index - 1) / 2;
    completed.push({ level, index, hash });
  }
  hashes.push(hash);
  return { frontier: { size: frontier.size + 1, hashes }, completed };
}

/** One-bits of a size: a complete subtree each. */
function onesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
