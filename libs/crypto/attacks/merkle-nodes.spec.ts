/**
 * Trees that prove what was never logged. Without a mark, a node is a leaf with its children as text (Bitcoin's 64-byte
 * transactions, CVE-2017-12842); with a last leaf doubled to make pairs, two lists have one root (CVE-2012-2459); a proof
 * whose parts are not all hashed proves anything (BNB bridge, 6 October 2022). RFC 6962 marks both and doubles none.
 */

import { concat, toHex, utf8 } from '../src/bytes.js';
import { sha256 } from '../src/hash.js';
import * as tlog from '../src/tlog.js';

const texts = ['a', 'b', 'c', 'd', 'e'].map(utf8);
const reader = (leaves: readonly Uint8Array[]): tlog.NodeReader => {
  const read: tlog.NodeReader = ({ level, index }) =>
    level === 0
      ? leaves[index]!
      : tlog.nodeHash(read({ level: level - 1, index: 2 * index }), read({ level: level - 1, index: 2 * index + 1 }));
  return read;
};
const rootOf = (leaves: readonly Uint8Array[]) => tlog.hashRange({ from: 0, to: leaves.length }, reader(leaves));
/** A tree without marks, its last leaf doubled where a level is odd: Bitcoin's. */
function unmarked(level: readonly Uint8Array[]): Uint8Array {
  if (level.length === 1) return level[0]!;
  const even = level.length % 2 ? [...level, level.at(-1)!] : level;
  return unmarked(even.flatMap((left, i) => (i % 2 ? [] : [sha256(left, even[i + 1]!)])));
}

describe('a node passed off as a leaf', () => {
  const hashes = texts.slice(0, 2).map((text) => sha256(text));
  const forged = concat(...hashes); // a text that nobody logged

  it('is one where neither has a mark', () => {
    expect(unmarked([sha256(forged)])).toEqual(unmarked(hashes));
  });

  it('is none where both have', () => {
    const leaves = texts.slice(0, 4).map(tlog.leafHash);
    const root = rootOf(leaves);
    const right = tlog.proofOf([{ from: 2, to: 4 }], reader(leaves));
    expect(tlog.verifyInclusion(tlog.leafHash(concat(leaves[0]!, leaves[1]!)), 0, 2, right, root)).toBe(false);
    expect(toHex(tlog.leafHash(concat(leaves[0]!, leaves[1]!)))).not.toBe(toHex(tlog.nodeHash(leaves[0]!, leaves[1]!)));
    // The node itself in the leaf's place fits the arithmetic: so a verifier hashes the text, and takes the size from a signature.
    const shorter = tlog.verifyInclusion(tlog.nodeHash(leaves[0]!, leaves[1]!), 0, 2, right, root);
    expect(shorter).toBe(true);
    expect(tlog.verifyInclusion(tlog.nodeHash(leaves[0]!, leaves[1]!), 0, 4, right, root)).toBe(false);
  });
});

describe('a last leaf twice', () => {
  it('has the root of the list without it where odd levels are filled up, and another here', () => {
    const hashes = texts.slice(0, 3).map((text) => sha256(text));
    expect(unmarked([...hashes, hashes[2]!])).toEqual(unmarked(hashes));
    const leaves = texts.slice(0, 3).map(tlog.leafHash);
    expect(rootOf([...leaves, leaves[2]!])).not.toEqual(rootOf(leaves));
  });
});

describe('a proof of another size, or of nothing', () => {
  const leaves = texts.map(tlog.leafHash);
  const root = rootOf(leaves);

  it('is of one place, and of the sizes that have its shape: only a signature over size and root tells those apart', () => {
    const counts = Array.from({ length: 10 }, (_, i) => i);
    for (let index = 0; index < 5; index++) {
      const proof = tlog.proofOf(tlog.inclusionRanges(index, 5), reader(leaves));
      const fits = (place: number, size: number) => tlog.verifyInclusion(leaves[index]!, place, size, proof, root);
      expect(counts.filter((place) => fits(place, 5))).toEqual([index]);
      expect(counts.filter((size) => fits(index, size))).toEqual(index < 4 ? [5, 6, 7, 8] : [5]);
      for (const cut of [proof.slice(1), proof.slice(0, -1), [...proof, root], [root, ...proof]])
        expect(tlog.verifyInclusion(leaves[index]!, index, 5, cut, root)).toBe(false);
    }
  });

  it('is no proof for the empty tree, whose root is that of no other and which proves no leaf', () => {
    expect(tlog.verifyInclusion(tlog.emptyRoot(), 0, 0, [], tlog.emptyRoot())).toBe(false);
    expect(tlog.verifyInclusion(tlog.leafHash(new Uint8Array(0)), 0, 1, [], tlog.emptyRoot())).toBe(false);
    expect(tlog.verifyConsistency(0, 5, [], tlog.emptyRoot(), root)).toBe(true);
    expect(tlog.verifyConsistency(0, 5, [], root, root)).toBe(false);
    expect(tlog.verifyConsistency(5, 0, [], root, tlog.emptyRoot())).toBe(false);
    expect(tlog.verifyConsistency(5, 5, [], root, tlog.emptyRoot())).toBe(false);
  });

  it('of hashes that are no hashes is refused: between two of them the border must not move', () => {
    // Children of (32, 32) bytes hash as (31, 33) do: the same node, and another "leaf" under it.
    const two = rootOf(leaves.slice(0, 2));
    const pair = concat(leaves[0]!, leaves[1]!);
    for (const border of [0, 1, 31, 33, 63, 64]) {
      const [left, right] = [pair.slice(0, border), pair.slice(border)];
      expect(sha256(Uint8Array.of(1), left, right)).toEqual(two);
      expect(tlog.verifyInclusion(left, 0, 2, [right], two)).toBe(false);
      expect(tlog.verifyInclusion(right, 1, 2, [left], two)).toBe(false);
    }
  });
});
