import fc from 'fast-check';
import { fromHex, toHex } from '../bytes.js';
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

/** Leaves, roots and proofs of certificate-transparency-go (Apache-2.0), merkle_tree_test. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: [number, number, string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const CONSISTENCY: [number, number, string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const leaves = LEAVES.map((hex) => leafHash(fromHex(hex, 'leaf')));

/** Reads any subtree of `hashes` by recomputing it: slow and plain, the oracle of these tests. */
function reader(hashes: Uint8Array[]): (node: TreeNode) => Uint8Array {
  const read = ({ level, index }: TreeNode): Uint8Array =>
    level === 0
      ? hashes[index]!
      : nodeHash(read({ level: level - 1, index: 2 * index }), read({ level: level - 1, index: 2 * index + 1 }));
  return read;
}

describe('RFC 6962 tree', () => {
  const read = reader(leaves);

  it('has the known roots', () => {
    expect(toHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(leaves.map((_, i) => toHex(hashRange({ from: 0, to: i + 1 }, read)))).toEqual(ROOTS);
  });

  it.each(INCLUSION)('proves leaf %i in a tree of %i as known', (index, size, known) => {
    const proof = proofOf(inclusionRanges(index, size), read);
    expect(proof.map(toHex)).toEqual(known);
    expect(verifyInclusion(leaves[index]!, index, size, proof, fromHex(ROOTS[size - 1]!, 'root'))).toBe(true);
  });

  it.each(CONSISTENCY)('proves that %i leaves begin %i as known', (from, to, known) => {
    const proof = proofOf(consistencyRanges(from, to), read);
    expect(proof.map(toHex)).toEqual(known);
    expect(verifyConsistency(from, to, proof, fromHex(ROOTS[from - 1]!, 'root'), fromHex(ROOTS[to - 1]!, 'root'))).toBe(
      true,
    );
  });

  it('refuses a leaf outside the tree and a tree that shrinks', () => {
    expect(() => inclusionRanges(8, 8)).toThrow('index: the tree has 8 leaves');
    expect(() => consistencyRanges(9, 8)).toThrow('from: the tree has 8 leaves');
    expect(verifyInclusion(leaves[0]!, 8, 8, [], fromHex(ROOTS[7]!, 'root'))).toBe(false);
    expect(verifyConsistency(9, 8, [], leaves[0]!, leaves[0]!)).toBe(false);
    expect(verifyConsistency(0, 8, [], leaves[0]!, fromHex(ROOTS[7]!, 'root'))).toBe(false);
    expect(verifyConsistency(3, 8, [], leaves[0]!, fromHex(ROOTS[7]!, 'root'))).toBe(false);
  });
});

describe('proofs of any tree', () => {
  const trees = fc
    .array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 70 })
    .chain((data) =>
      fc.tuple(fc.constant(data.map(leafHash)), fc.nat(data.length - 1), fc.nat(data.length - 1), fc.nat(40)),
    );

  it('hold for the tree and for nothing near it', () => {
    fc.assert(
      fc.property(trees, ([hashes, a, b, flip]) => {
        const read = reader(hashes);
        const size = Math.max(a, b) + 1;
        const index = Math.min(a, b);
        const root = hashRange({ from: 0, to: size }, read);
        const proof = proofOf(inclusionRanges(index, size), read);
        expect(verifyInclusion(hashes[index]!, index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leafHash(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9)), index, size, proof, root)).toBe(
          false,
        );
        expect(verifyInclusion(hashes[index]!, index, size, [...proof, root], root)).toBe(false);
        if (proof.length > 0) {
          expect(verifyInclusion(hashes[index]!, index, size, proof.slice(1), root)).toBe(false);
          expect(verifyInclusion(hashes[index]!, index, size, altered(proof, flip), root)).toBe(false);
        }
        const from = index + 1;
        const older = hashRange({ from: 0, to: from }, read);
        const path = proofOf(consistencyRanges(from, size), read);
        expect(verifyConsistency(from, size, path, older, root)).toBe(true);
        expect(verifyConsistency(from, size, [...path, root], older, root)).toBe(false);
        if (path.length > 0) {
          expect(verifyConsistency(from, size, altered(path, flip), older, root)).toBe(false);
          expect(verifyConsistency(from, size, path, root, root)).toBe(false);
        }
      }),
    );
  });
});

function altered(proof: Uint8Array[], at: number): Uint8Array[] {
  return proof.map((hash, i) =>
    i === at % proof.length ? hash.map((byte, j) => (j === at % 32 ? byte ^ 1 : byte)) : hash,
  );
}
