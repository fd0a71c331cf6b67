import { readFileSync } from 'node:fs';
import { base64 } from '@scure/base';
import fc from 'fast-check';
import { concat, fromHex, toHex, u8 } from '../bytes.js';
import { sha256 } from '../hash.js';
import { appendLeaf, EMPTY_FRONTIER, type Frontier } from './frontier.js';
import {
  consistencyRanges,
  emptyRoot,
  hashRange,
  inclusionRanges,
  leafHash,
  nodeHash,
  proofOf,
  verifyConsistency,
  verifyInclusion,
  type TreeNode,
} from './merkle.js';

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

interface KnownTrees {
  leaves: string[];
  nodes: string[][];
  roots: string[];
  frontiers: string[][];
  inclusion: { index: number; size: number; hashes: string[] }[];
  consistency: { from: number; to: number; hashes: string[] }[];
}

interface KnownLog {
  size: number;
  root: string;
  index: number;
  entry: string;
  inclusion: string[];
  from: number;
  fromRoot: string;
  consistency: string[];
}

const known = vectors('log-rfc6962') as KnownTrees;
const argon = vectors('log-argon2020') as KnownLog;
const hex = (text: string): Uint8Array => fromHex(text, 'vector');

/** Reads any subtree of `hashes` by recomputing it: plain, the oracle of these tests. */
function reader(hashes: readonly Uint8Array[]): (node: TreeNode) => Uint8Array {
  const memo = new Map<string, Uint8Array>();
  const read = ({ level, index }: TreeNode): Uint8Array => {
    if (level === 0) return hashes[index]!;
    const key = `${level}/${index}`;
    const hash =
      memo.get(key) ??
      nodeHash(read({ level: level - 1, index: 2 * index }), read({ level: level - 1, index: 2 * index + 1 }));
    memo.set(key, hash);
    return hash;
  };
  return read;
}

describe('RFC 6962 trees as Certificate Transparency knows them', () => {
  const leaves = known.leaves.map((data) => leafHash(hex(data)));
  const read = reader(leaves);

  it('have the known nodes, roots and frontiers', () => {
    expect(toHex(emptyRoot())).toBe(known.roots[0]);
    expect(known.roots.map((_, size) => toHex(hashRange({ from: 0, to: size }, read)))).toEqual(known.roots);
    expect(known.nodes.map((row, level) => row.map((_, index) => toHex(read({ level, index }))))).toEqual(known.nodes);
    const grown = leaves.reduce<Frontier[]>(
      (all, leaf) => [...all, appendLeaf(all.at(-1)!, leaf).frontier],
      [EMPTY_FRONTIER],
    );
    expect(grown.map(({ hashes }) => hashes.map(toHex))).toEqual(known.frontiers);
  });

  it.each(known.inclusion)('prove leaf $index of $size as known', ({ index, size, hashes }) => {
    const proof = proofOf(inclusionRanges(index, size), read);
    expect(proof.map(toHex)).toEqual(hashes);
    expect(verifyInclusion(leaves[index]!, index, size, proof, hex(known.roots[size]!))).toBe(true);
  });

  it.each(known.consistency)('prove that $from leaves begin $to as known', ({ from, to, hashes }) => {
    const proof = proofOf(consistencyRanges(from, to), read);
    expect(proof.map(toHex)).toEqual(hashes);
    expect(verifyConsistency(from, to, proof, hex(known.roots[from]!), hex(known.roots[to]!))).toBe(true);
  });

  it('refuse a leaf outside the tree and a tree that shrinks', () => {
    const root = hex(known.roots[8]!);
    expect(() => inclusionRanges(8, 8)).toThrow('index: the tree has 8 leaves');
    expect(() => inclusionRanges(0.5, 8)).toThrow('index: is not a count');
    expect(() => consistencyRanges(9, 8)).toThrow('from: the tree has 8 leaves');
    expect(() => consistencyRanges(1, 2 ** 53)).toThrow('to: is not a count');
    expect(verifyInclusion(leaves[0]!, 8, 8, [], root)).toBe(false);
    expect(verifyInclusion(leaves[0]!, -1, 8, [], root)).toBe(false);
    expect(verifyConsistency(9, 8, [], leaves[0]!, leaves[0]!)).toBe(false);
    expect(verifyConsistency(0, 8, [], leaves[0]!, root)).toBe(false);
    expect(verifyConsistency(0, 0, [], leaves[0]!, leaves[0]!)).toBe(false);
    expect(verifyConsistency(0, 0, [], emptyRoot(), emptyRoot())).toBe(true);
    expect(verifyConsistency(0, 8, [], emptyRoot(), root)).toBe(true);
    expect(verifyConsistency(3, 8, [], leaves[0]!, root)).toBe(false);
  });

  it('do not take a root within the tree for the root', () => {
    const [below, root] = [nodeHash(leaves[0]!, leaves[1]!), hex(known.roots[8]!)];
    expect(verifyInclusion(leaves[0]!, 0, 2, [leaves[1]!], below)).toBe(true);
    expect(verifyInclusion(leaves[0]!, 0, 8, [leaves[1]!], below)).toBe(false);
    expect(verifyConsistency(1, 2, [leaves[1]!], leaves[0]!, below)).toBe(true);
    expect(verifyConsistency(1, 8, [leaves[1]!], leaves[0]!, below)).toBe(false);
    expect(verifyConsistency(1, 8, [], leaves[0]!, root)).toBe(false);
  });

  it('do not take a root above the tree for the root', () => {
    const [older, root, more] = [hex(known.roots[3]!), hex(known.roots[4]!), leaves[7]!];
    const path = proofOf(inclusionRanges(3, 4), read);
    expect(verifyInclusion(leaves[3]!, 3, 4, [...path, more], nodeHash(more, root))).toBe(false);
    const proof = proofOf(consistencyRanges(3, 4), read);
    const [above, aboveOlder] = [nodeHash(more, root), nodeHash(more, older)];
    expect(verifyConsistency(3, 4, [...proof, more], aboveOlder, above)).toBe(false);
    expect(verifyConsistency(4, 4, [more], root, root)).toBe(false);
    expect(verifyConsistency(0, 4, [more], emptyRoot(), root)).toBe(false);
  });

  it('count hashes, not bytes: a boundary moved by one byte joins to the same', () => {
    const [left, right] = [leaves[0]!, leaves[1]!];
    const root = nodeHash(left, right);
    const [shorter, longer] = [right.slice(1), concat(left, right.slice(0, 1))];
    expect(sha256(Uint8Array.of(1), longer, shorter)).toEqual(root);
    expect(() => nodeHash(longer, shorter)).toThrow('left: must be 32 bytes, has 33');
    expect(verifyInclusion(right, 1, 2, [left], root)).toBe(true);
    expect(verifyInclusion(shorter, 1, 2, [longer], root)).toBe(false);
    expect(verifyInclusion(new Uint8Array(), 1, 2, [concat(left, right)], root)).toBe(false);
    expect(verifyConsistency(1, 2, [right], left, root)).toBe(true);
    expect(verifyConsistency(1, 2, [concat(left.slice(31), right)], left.slice(0, 31), root)).toBe(false);
  });
});

describe('the log Google Argon 2020', () => {
  const leaf = leafHash(base64.decode(argon.entry));
  const root = base64.decode(argon.root);

  it('holds a certificate and grew from an earlier tree', () => {
    const { size, index, from } = argon;
    expect(verifyInclusion(leaf, index, size, argon.inclusion.map(base64.decode), root)).toBe(true);
    expect(verifyInclusion(leaf, index + 1, size, argon.inclusion.map(base64.decode), root)).toBe(false);
    const fromRoot = base64.decode(argon.fromRoot);
    expect(verifyConsistency(from, size, argon.consistency.map(base64.decode), fromRoot, root)).toBe(true);
    expect(verifyConsistency(from + 1, size, argon.consistency.map(base64.decode), fromRoot, root)).toBe(false);
    expect(inclusionRanges(index, size)).toHaveLength(argon.inclusion.length);
    expect(consistencyRanges(from, size)).toHaveLength(argon.consistency.length);
  });
});

describe('every proof of every tree up to 64 leaves', () => {
  const LIMIT = 64;
  const leaves = Array.from({ length: LIMIT }, (_, i) => leafHash(u8(i)));
  const read = reader(leaves);
  const roots = Array.from({ length: LIMIT + 1 }, (_, size) => hashRange({ from: 0, to: size }, read));
  const sizes = Array.from({ length: LIMIT }, (_, i) => i + 1);

  it('of inclusion holds, and at no other index, for no other tree, in no other form', () => {
    const held: string[] = [];
    for (const size of sizes)
      for (let index = 0; index < size; index++) {
        const proof = proofOf(inclusionRanges(index, size), read);
        const claim = (place: number, tree: number, hashes: readonly Uint8Array[], said: string): void => {
          if (verifyInclusion(leaves[index]!, place, tree, hashes, roots[tree]!)) held.push(said);
        };
        claim(index, size, proof, `${index} in ${size}`);
        for (const bit of [1, 2, 4, 8, 16, 32])
          claim(index ^ bit, size, proof, `${index} in ${size} at ${index ^ bit}`);
        for (const tree of [size - 1, size + 1, 2 * size, size >> 1])
          if (tree !== size && tree <= LIMIT) claim(index, tree, proof, `${index} in ${size} in ${tree}`);
        for (const [how, mutant] of mutantsOf(proof, index, size))
          claim(index, size, mutant, `${index} in ${size} ${how}`);
      }
    expect(held).toEqual(sizes.flatMap((size) => sizes.slice(0, size).map((_, index) => `${index} in ${size}`)));
  });

  it('of consistency holds, and between no other trees, in no other form', () => {
    const held: string[] = [];
    for (const to of sizes)
      for (let from = 1; from <= to; from++) {
        const proof = proofOf(consistencyRanges(from, to), read);
        const claim = (older: number, newer: number, hashes: readonly Uint8Array[], said: string): void => {
          // Equal trees need no proof, whichever they are.
          const same = older === newer && from !== to;
          if (!same && verifyConsistency(older, newer, hashes, roots[older]!, roots[newer]!)) held.push(said);
        };
        claim(from, to, proof, `${from} to ${to}`);
        if (from === to) continue;
        for (const size of [from - 1, from + 1]) claim(size, to, proof, `${from} to ${to} from ${size}`);
        for (const size of [to - 1, to + 1].filter((other) => other <= LIMIT))
          claim(from, size, proof, `${from} to ${to} to ${size}`);
        for (const [how, mutant] of mutantsOf(proof, from, to)) claim(from, to, mutant, `${from} to ${to} ${how}`);
      }
    expect(held).toEqual(sizes.flatMap((to) => sizes.slice(0, to).map((from) => `${from} to ${to}`)));
  });

  it('says nothing of the size but the turns: leaf 0 of 3 and of 4 share theirs', () => {
    const proof = proofOf(inclusionRanges(0, 3), read);
    expect(verifyInclusion(leaves[0]!, 0, 4, proof, roots[3]!)).toBe(true);
    expect(verifyInclusion(leaves[0]!, 0, 4, proof, roots[4]!)).toBe(false);
  });

  it('falls with any bit', () => {
    const place = fc
      .tuple(fc.integer({ min: 2, max: LIMIT }), fc.nat(), fc.nat(), fc.nat(255))
      .map(([size, index, at, bit]) => ({ size, index: index % size, at, bit }));
    fc.assert(
      fc.property(place, ({ size, index, at, bit }) => {
        const path = proofOf(inclusionRanges(index, size), read);
        expect(verifyInclusion(leaves[index]!, index, size, flipped(path, at, bit), roots[size]!)).toBe(false);
        expect(verifyInclusion(flipped([leaves[index]!], 0, bit)[0]!, index, size, path, roots[size]!)).toBe(false);
        const from = index + 1;
        if (from === size) return;
        const proof = proofOf(consistencyRanges(from, size), read);
        expect(verifyConsistency(from, size, flipped(proof, at, bit), roots[from]!, roots[size]!)).toBe(false);
        expect(verifyConsistency(from, size, proof, flipped([roots[from]!], 0, bit)[0]!, roots[size]!)).toBe(false);
      }),
    );
  });

  /**
   * One hash altered in one bit, dropped, doubled or swapped with the one below it, or one more at either end: at every place up to 16
   * leaves, at one place above.
   */
  function mutantsOf(proof: readonly Uint8Array[], seed: number, size: number): [string, Uint8Array[]][] {
    const places = [...proof.keys()].filter((at) => size <= 16 || at === seed % proof.length);
    const single = places.flatMap((at): [string, Uint8Array[]][] => [
      [`flipped ${at}`, flipped(proof, at, (37 * seed + 101 * at) % 256)],
      [`without ${at}`, proof.toSpliced(at, 1)],
      [`twice ${at}`, proof.toSpliced(at, 0, proof[at]!)],
      ...(at === 0
        ? []
        : [[`swapped ${at}`, proof.toSpliced(at - 1, 2, proof[at]!, proof[at - 1]!)] as [string, Uint8Array[]]]),
    ]);
    const more = roots[seed % LIMIT]!;
    return [...single, ['and more', [...proof, more]], ['after more', [more, ...proof]]];
  }
});

function flipped(hashes: readonly Uint8Array[], at: number, bit: number): Uint8Array[] {
  return hashes.map((hash, i) =>
    i === at % hashes.length ? hash.map((byte, j) => (j === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)) : hash,
  );
}
