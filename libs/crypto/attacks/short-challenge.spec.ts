/**
 * A challenge that can be met by trying: with b bits of it, 2^b attempts sign for anybody. TSSHOCK's "c-guess" (Verichains,
 * August 2023) took the keys of threshold wallets whose proofs asked too few one-bit challenges.
 */

import { randomBytes } from 'node:crypto';
import { ascii, concat } from '../src/bytes.js';
import { addressOf, challenge, compressed, G, xy } from '../src/curve.js';
import { keccak256 } from '../src/hash.js';
import { compactSignature, ringHash, tagDomain, verifyRing } from '../src/ring.js';
import { closes, deeds, scalar, type Transcript } from './ring.js';

const domain = tagDomain(randomBytes(32), randomBytes(20));
const { ring, xs } = deeds(2, domain, 0);
const message = randomBytes(32);
const I = G.multiply(scalar());
const full: Transcript = (L, R) =>
  challenge(keccak256(concat(ascii('cpds/v1/lsag'), message, ringHash(0, xs), xy(I)), addressOf(L), xy(R)));
const fourBits: Transcript = (L, R) => (full(L, R) & 15n) + 1n;

describe('c_0 tried until the ring closes', () => {
  it('signs without any key where challenges have four bits, and never with the whole hash', () => {
    const statement = { message, tagDomain: domain, slot: 0, xs, tag: compressed(I) };
    let tries = 0;
    for (let closed = false; !closed; tries++) {
      const guess = { c0: BigInt(tries % 16) + 1n, s: [scalar(), scalar()] };
      closed = closes({ ring, I, next: fourBits }, guess);
      if (closed) expect(verifyRing(statement, compactSignature({ tag: I, ...guess }))).toBe(false);
      expect(tries).toBeLessThan(1000); // (15/16)^1000
    }
  });
});
