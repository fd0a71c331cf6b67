/** The Merkle log: proofs and checkpoints made here, checked by a tree that was written in Rust from RFC 6962. */

import { utf8 } from '../src/bytes.js';
import * as tlog from '../src/tlog.js';
import { nodeNoteSigner } from '../src/node.js';
import { Peer, type Commands } from './peer.js';

const rust = new Peer();
afterAll(() => rust.close());

type Inclusion = Commands['inclusion'][0];
type Consistency = Commands['consistency'][0];

const sizes = [...Array.from({ length: 33 }, (_, i) => i + 1), 63, 64, 65, 127, 128, 129, 255, 256, 257, 300];
const leaves = Array.from({ length: 300 }, (_, i) => utf8(`entry ${i}`));
const memo = new Map<string, Uint8Array>();
const read: tlog.NodeReader = ({ level, index }) => {
  const key = `${level}/${index}`;
  const below = (side: number) => read({ level: level - 1, index: 2 * index + side });
  const hash = memo.get(key) ?? (level === 0 ? tlog.leafHash(leaves[index]!) : tlog.nodeHash(below(0), below(1)));
  memo.set(key, hash);
  return hash;
};
const rootOf = (size: number) => tlog.hashRange({ from: 0, to: size }, read);
const flip = (hash: Uint8Array) => hash.with(7, hash[7]! ^ 4);

const inclusionOf = (index: number, size: number): Inclusion => ({
  leaf: leaves[index]!,
  index,
  size,
  proof: tlog.proofOf(tlog.inclusionRanges(index, size), read),
  root: rootOf(size),
});
const consistencyOf = (from: number, to: number): Consistency => ({
  from,
  to,
  proof: tlog.proofOf(tlog.consistencyRanges(from, to), read),
  fromRoot: rootOf(from),
  toRoot: rootOf(to),
});
/** Every way in which a list of hashes is changed: one bit of each, each left out, one too many, two swapped. */
const mutantsOf = (proof: readonly Uint8Array[]): Uint8Array[][] => [
  ...proof.map((hash, at) => proof.with(at, flip(hash))),
  ...proof.map((_, at) => proof.toSpliced(at, 1)),
  [...proof, proof[0] ?? rootOf(1)],
  ...(proof.length > 1 ? [[proof[1]!, proof[0]!, ...proof.slice(2)]] : []),
];

/** Both sides must say `expected`. */
async function bothSay(expected: boolean, kind: 'inclusion', given: Inclusion): Promise<void>;
async function bothSay(expected: boolean, kind: 'consistency', given: Consistency): Promise<void>;
async function bothSay(expected: boolean, kind: 'inclusion' | 'consistency', given: Inclusion | Consistency) {
  const ours =
    'leaf' in given
      ? tlog.verifyInclusion(tlog.leafHash(given.leaf), given.index, given.size, given.proof, given.root)
      : tlog.verifyConsistency(given.from, given.to, given.proof, given.fromRoot, given.toRoot);
  const theirs = await rust.ask(kind, given as never);
  if (ours !== expected || theirs !== expected) expect({ given, ours, theirs }).toEqual({ expected });
}

describe('roots', () => {
  it('are the same for every size up to 300, and for none', async () => {
    for (let size = 0; size <= 300; size++)
      expect(await rust.ask('tree-root', leaves.slice(0, size))).toEqual(rootOf(size));
  });
});

describe('inclusion proofs', () => {
  it('hold in Rust for every leaf of 43 trees', async () => {
    let proofs = 0;
    for (const size of sizes)
      for (let index = 0; index < size; index++, proofs++) await bothSay(true, 'inclusion', inclusionOf(index, size));
    expect([sizes.length, proofs]).toEqual([43, 2205]);
  });

  it('are refused on both sides with another leaf, place, size, root or hash', async () => {
    for (const size of [1, 2, 3, 7, 8, 13, 64, 100, 257])
      for (const index of new Set([0, size >> 1, size - 1])) {
        const good = inclusionOf(index, size);
        const mutants = [
          { ...good, leaf: utf8('entry X') },
          { ...good, index: index + 1 },
          { ...good, index: size },
          { ...good, root: flip(good.root) },
          ...mutantsOf(good.proof).map((proof) => ({ ...good, proof })),
        ];
        // A path of another size that fits is no mistake of the verifier; these have another length.
        for (const other of [1, 2 * size, 4 * size]) if (other !== size) mutants.push({ ...good, size: other });
        for (const mutant of mutants) await bothSay(false, 'inclusion', mutant);
      }
  });
});

describe('consistency proofs', () => {
  it('hold in Rust for every pair of trees up to 33 and many above', async () => {
    let proofs = 0;
    for (const to of sizes)
      for (const from of [0, ...sizes])
        if (from <= to) {
          await bothSay(true, 'consistency', consistencyOf(from, to));
          proofs++;
        }
    expect(proofs).toBe(989);
  });

  it('are refused on both sides with another size, root or hash', async () => {
    for (const [from, to] of [
      [0, 5],
      [1, 2],
      [3, 3],
      [4, 8],
      [6, 8],
      [7, 13],
      [64, 100],
      [129, 257],
    ] as const) {
      const good = consistencyOf(from, to);
      const mutants = [
        { ...good, from: from + 1 },
        { ...good, from: to + 1 },
        { ...good, fromRoot: flip(good.fromRoot) },
        ...(from > 0 ? [{ ...good, toRoot: flip(good.toRoot) }] : []),
        ...mutantsOf(good.proof).map((proof) => ({ ...good, proof })),
      ];
      for (const mutant of mutants) await bothSay(false, 'consistency', mutant);
    }
  });
});

describe('a signed checkpoint', () => {
  const seed = new Uint8Array(32).fill(7);
  const signer = tlog.noteSigner('cpds/north/audit', seed);
  const checkpoint = { origin: signer.name, size: 300, root: rootOf(300) };
  const verifierKey = tlog.formatVerifierKey(tlog.verifierOf(signer));
  const other = tlog.noteSigner('cpds/south/audit', new Uint8Array(32).fill(8));

  it.each([
    ['the portable signer', signer],
    ['the signer of servers', nodeNoteSigner(signer.name, seed)],
  ])('of %s opens in Rust', async (_, signer) => {
    const note = tlog.signCheckpoint(checkpoint, signer);
    expect(await rust.ask('checkpoint', { note, verifierKey })).toEqual(checkpoint);
  });

  it('opens in Rust beside a cosignature of a key that is not known there', async () => {
    const [text] = tlog.signCheckpoint(checkpoint, signer).split('\n\n');
    const note = tlog.signNote(`${text!}\n`, other, signer);
    expect(await rust.ask('checkpoint', { note, verifierKey })).toEqual(checkpoint);
  });

  it('is refused on both sides when it was changed, or signed by another', async () => {
    const note = tlog.signCheckpoint(checkpoint, signer);
    const impostor = tlog.noteSigner(signer.name, new Uint8Array(32).fill(9));
    const foreign = tlog.signNote(`${other.name}\n1\n${note.split('\n')[2]!}\n`, signer);
    const at = note.length - 8;
    for (const bad of [
      note.replace('\n300\n', '\n301\n'),
      note.replace(signer.name, other.name),
      note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1),
      tlog.signCheckpoint(checkpoint, impostor),
      tlog.signCheckpoint({ ...checkpoint, origin: other.name }, other),
      foreign,
    ]) {
      await expect(rust.ask('checkpoint', { note: bad, verifierKey })).rejects.toThrow();
      expect(() => tlog.openCheckpoint(bad, tlog.verifierOf(signer))).toThrow();
    }
    const forged = verifierKey.replace(/\+[0-9a-f]{8}\+/, '+00000000+');
    await expect(rust.ask('checkpoint', { note, verifierKey: forged })).rejects.toThrow("another key's");
  });
});
