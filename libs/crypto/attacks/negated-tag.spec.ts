/**
 * Another spelling of a used tag: −I, or other bytes for the same point, would lock the deed twice in one slot. CryptoNote
 * coins could be spent again with a key image plus a point of small order (disclosed May 2017); secp256k1 has none, but
 * every tag has a negative and every point more than one encoding.
 */

import { randomBytes } from 'node:crypto';
import { concat, toBigInt, u256 } from '../src/bytes.js';
import { compressed, P, parsePoint } from '../src/curve.js';
import { compactSignature, parseRingSignature, signRing, tagBase, tagDomain, tagOf, verifyRing } from '../src/ring.js';
import { metaAddressOf, newDeedKey, oneTimeSecret } from '../src/stealth.js';

const domain = tagDomain(new Uint8Array(32), new Uint8Array(20));
const meta = metaAddressOf({ spending: 9n, viewing: 8n });
const deeds = [0, 1, 2].map(() => newDeedKey(meta, randomBytes));
const xs = deeds.map(({ key }) => key.toAffine().x);
const secret = oneTimeSecret(9n, deeds[1]!.sharedScalar);
const tag = tagOf(tagBase(domain, xs[1]!, 4), secret);
const statement = { message: new Uint8Array(32).fill(1), tagDomain: domain, slot: 4, xs, tag: compressed(tag) };
const signature = signRing(statement, secret, randomBytes);
const negated = { ...statement, tag: compressed(tag.negate()) };

describe('a second tag of the same deed and slot', () => {
  it('as −I is signed by nobody, not by the owner either', () => {
    expect(() => signRing(negated, secret, randomBytes)).toThrow('tag: is not the tag of this deed and slot');
    expect(verifyRing(negated, signature)).toBe(false);
    const parsed = parseRingSignature(signature, 3);
    expect(verifyRing(negated, compactSignature({ ...parsed, tag: tag.negate() }))).toBe(false);
    expect(verifyRing(statement, compactSignature({ ...parsed, tag: tag.negate() }))).toBe(false);
  });

  it('as other bytes of I is no tag at all', () => {
    const { x, y } = tag.toAffine();
    const parity = Number(y & 1n);
    const spellings = [
      tag.toBytes(false),
      concat(Uint8Array.of(6 + parity), u256(x), u256(y)), // hybrid
      concat(Uint8Array.of(4), u256(x)),
      concat(Uint8Array.of(0), u256(x)),
      new Uint8Array(33), // the identity, padded
      concat(statement.tag, new Uint8Array(1)),
      statement.tag.subarray(0, 32),
    ];
    for (const bytes of spellings) {
      expect(() => parsePoint(bytes, 'tag')).toThrow(/^tag: /);
      expect(verifyRing({ ...statement, tag: bytes }, signature)).toBe(false);
    }
  });

  it('with x + p in place of x is refused where x is small enough to be spelled so', () => {
    // 2^256 − p is small: few x fit, and 1 is one of them (1 + 7 = 8 is a square).
    const small = parsePoint(concat(Uint8Array.of(2), u256(1n)), 'small');
    expect(small.toAffine().x).toBe(1n);
    const twice = concat(Uint8Array.of(2), u256(P + 1n));
    expect(toBigInt(twice.subarray(1)) % P).toBe(1n);
    expect(() => parsePoint(twice, 'tag')).toThrow('tag: is not a canonical curve point');
  });
});
