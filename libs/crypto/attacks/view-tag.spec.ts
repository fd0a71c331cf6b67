/**
 * What an announcement gives away. A tag that were the whole of s names the receiver, B = P − s·G; one of many bytes lets an
 * outsider test guesses; one byte of 256 leaves all but that share of the work undone and says nothing of B. Most accounts
 * of Umbra on Ethereum were traced all the same, by what people did with them (Kovács and Seres, 2023): see the ring.
 */

import { randomBytes } from 'node:crypto';
import { toBigInt } from '../src/bytes.js';
import { compressed, G, N, scalarFrom48 } from '../src/curve.js';
import { keccak256 } from '../src/hash.js';
import { metaAddressOf, newOneTimeKey, type OneTimeKey, scan } from '../src/stealth.js';
import { scalar } from './ring.js';

const [viewing, other] = [scalar(), scalar()];
const meta = metaAddressOf({ spending: scalar(), viewing });
const stranger = metaAddressOf({ spending: scalar(), viewing: other });

describe('a tag that is all of s', () => {
  it('names the receiver to everybody', () => {
    const r = scalarFrom48(randomBytes(48), 'r');
    const s = toBigInt(keccak256(compressed(meta.viewingKey.multiply(r)))) % N; // published whole
    const P = meta.spendingKey.add(G.multiply(s));
    expect(P.subtract(G.multiply(s)).equals(meta.spendingKey)).toBe(true);
  });
});

describe('a tag of one byte', () => {
  const announce = (to: typeof meta, count: number): OneTimeKey[] =>
    Array.from({ length: count }, () => newOneTimeKey(to, randomBytes));

  it('is the first of the unreduced s, so 248 bits of s stay unknown', () => {
    const [one] = announce(meta, 1);
    const shared = keccak256(compressed(one!.ephemeralKey.multiply(viewing)));
    expect(one!.viewTag).toBe(shared[0]);
    expect(toBigInt(shared) % N).toBe(one!.sharedScalar);
    // The attempt of an outsider who knows only the tag of s. Zero for tag 0, and above n for tag 255: both are guesses
    // like any other.
    for (const guess of [0n, 1n, 2n ** 248n - 1n]) {
      const s = ((BigInt(one!.viewTag) << 248n) + guess) % N;
      expect(one!.key.subtract(G.multiplyUnsafe(s)).equals(meta.spendingKey)).toBe(false);
    }
  });

  it('does not mark its receiver: its tags are spread as a stranger’s are', () => {
    const spread = (to: typeof meta) => new Set(announce(to, 24).map(({ viewTag }) => viewTag)).size;
    // 24 draws of 256 show 23 different values on average; twelve or fewer would be a mark
    for (const to of [meta, stranger]) expect(spread(to)).toBeGreaterThan(12);
  });

  it('spares the second multiplication, and a stranger’s that fits is found out by it', () => {
    const foreign = announce(stranger, 8);
    for (const one of foreign) {
      expect(scan(viewing, meta.spendingKey, one)).toBeUndefined();
      const fitting = keccak256(compressed(one.ephemeralKey.multiply(viewing)))[0]!;
      expect(scan(viewing, meta.spendingKey, { ...one, viewTag: fitting })).toBeUndefined();
    }
    const [own] = announce(meta, 1);
    expect(scan(viewing, meta.spendingKey, own!)).toBe(own!.sharedScalar);
    expect(scan(viewing, meta.spendingKey, { ...own!, viewTag: own!.viewTag ^ 1 })).toBeUndefined();
  });
});
