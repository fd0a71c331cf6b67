/** The tree of RFC 6962 §2.1: hashes of leaves and nodes, and what a proof must satisfy. Sizes and indices are safe integers. */

import { isBytes } from '@noble/hashes/utils.js';
import { checkBytes, checkList, equalBytes } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { sha256 } from '../hash.js';

/** A safe integer has 53 bits: no path, no proof and no frontier is longer than twice that. */
const MOST_HASHES = 106;

/** Bytes of one tree hash. */
export const HASH_BYTES = 32;

/** A complete subtree: `level` 0 is a leaf, its leaves are `[index·2^level, (index+1)·2^level)`. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** Leaves `[from, to)` of a tree. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** Reads the hash of one complete subtree. */
export type NodeReader = (node: TreeNode) => Uint8Array;

/** Hash of the tree without leaves: SHA-256 of nothing. RFC 6962 §2.1. */
export function emptyRoot(): Uint8Array {
  return sha256();
}

/** Hash of one leaf. The 0x00 keeps a leaf from passing as a node. RFC 6962 §2.1. */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0), data);
}

/** Hash of an inner node, of two hashes of 32 bytes: other lengths would let two pairs join to one. RFC 6962 §2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), checkBytes(left, 'left', HASH_BYTES), checkBytes(right, 'right', HASH_BYTES));
}

/** Stops unless `value` is a size or an index this library can count with. */
export function assertCount(value: number, field: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new CryptoError('out-of-range', field, 'is not a count');
}

/**
 * The complete subtrees that make up `range`, left to right. A range of RFC 6962 starts at a multiple of the power of two
 * that covers it, so its hash is the fold of these (see `hashRange`).
 */
export function subtreesOf({ from, to }: LeafRange): TreeNode[] {
  assertCount(from, 'from');
  assertCount(to, 'to');
  const nodes: TreeNode[] = [];
  for (let at = from; at < to;) {
    let level = 0;
    let width = 1;
    while (at % (2 * width) === 0 && at + 2 * width <= to) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** MTH(D[from:to]) of RFC 6962 §2.1, from the hashes of its complete subtrees. */
export function hashRange(range: LeafRange, read: NodeReader): Uint8Array {
  return foldSubtrees(subtreesOf(range).map(read));
}

/** Hash over complete subtrees given left to right; none of them is the empty tree. */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  return checkList(hashes, 'hashes', MOST_HASHES).length === 0
    ? emptyRoot()
    : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/**
 * The ranges that an inclusion proof of leaf `index` in a tree of `size` consists of, from the leaf upwards. PATH(m,
 * D[n]) of RFC 6962 §2.1.1.
 *
 * @throws CryptoError `out-of-range` when the tree has no such leaf
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  assertCount(index, 'index');
  assertCount(size, 'size');
  if (index >= size) throw new CryptoError('out-of-range', 'index', `the tree has ${size} leaves`);
  const path: LeafRange[] = [];
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push({ from: middle, to });
      to = middle;
    } else {
      path.push({ from, to: middle });
      from = middle;
    }
  }
  return path.reverse();
}

/**
 * The ranges of a proof that the tree of `from` leaves is a prefix of the tree of `to` leaves. PROOF(m, D[n]) of RFC
 * 6962 §2.1.2; for `from` = 0 and `from` = `to` it is empty.
 *
 * @throws CryptoError `out-of-range` when `from` exceeds `to`
 */
export function consistencyRanges(from: number, to: number): LeafRange[] {
  assertCount(from, 'from');
  assertCount(to, 'to');
  if (from > to) throw new CryptoError('out-of-range', 'from', `the tree has ${to} leaves`);
  return from === 0 ? [] : subProof(from, { from: 0, to }, true);
}

function subProof(size: number, range: LeafRange, known: boolean): LeafRange[] {
  if (size === range.to) return known ? [] : [range];
  const middle = range.from + splitOf(range.to - range.from);
  return size <= middle
    ? [...subProof(size, { from: range.from, to: middle }, known), { from: middle, to: range.to }]
    : [...subProof(size, { from: middle, to: range.to }, false), { from: range.from, to: middle }];
}

/** The hashes of a proof whose ranges are known. */
export function proofOf(ranges: readonly LeafRange[], read: NodeReader): Uint8Array[] {
  return checkList(ranges, 'ranges', MOST_HASHES).map((range) => hashRange(range, read));
}

/**
 * True when `proof` places the leaf hash `leaf` at `index` of the tree with `size` and `root`. RFC 9162 §2.1.3.2.
 *
 * A proof does not prove the size: if the path to a leaf turns the same way in two trees, as to leaf 0 in trees of 3
 * and 4 leaves, it holds for both. Only a signature over `size` and `root` together ties them
 * (c2sp.org/tlog-checkpoint).
 */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root], proof)) return false;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else hash = nodeHash(hash, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equalBytes(hash, root);
}

/** True when `proof` shows that the tree (`from`, `fromRoot`) is a prefix of the tree (`to`, `toRoot`). RFC 9162 §2.1.4.2. */
export function verifyConsistency(
  from: number,
  to: number,
  proof: readonly Uint8Array[],
  fromRoot: Uint8Array,
  toRoot: Uint8Array,
): boolean {
  if (!isCount(from) || !isCount(to) || from > to || !areHashes([fromRoot, toRoot], proof)) return false;
  // Every tree grows from the empty one, but only the empty one has its root.
  if (from === 0 && !equalBytes(fromRoot, emptyRoot())) return false;
  if (from === to) return proof.length === 0 && equalBytes(fromRoot, toRoot);
  if (from === 0) return proof.length === 0;
  let [at, last] = [from - 1, to - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // If the first tree is complete, its root is the start of the path, and the proof leaves it out.
  const path = at === 0 ? [fromRoot, ...proof] : proof;
  const [start, ...rest] = path;
  if (start === undefined) return false;
  let [older, newer] = [start, start];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else newer = nodeHash(newer, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equalBytes(older, fromRoot) && equalBytes(newer, toRoot);
}

function areHashes(own: readonly Uint8Array[], proof: readonly Uint8Array[]): boolean {
  if (!Array.isArray(proof) || proof.length > MOST_HASHES) return false;
  return [...own, ...proof].every((hash) => isBytes(hash) && hash.length === HASH_BYTES);
}

/** Largest power of two below `width` > 1: where RFC 6962 cuts a range in two. */
function splitOf(width: number): number {
  let split = 1;
  while (2 * split < width) split *= 2;
  return split;
}

// Arithmetic, since bit operators cut at 32 bits.
const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
