/**
 * Section 5: tag bases that let whoever made two one-time accounts link their tags. Wanchain's ring signature takes
 * keccak(P)·P for the base; ShadowCash took a hash times G, and every spend was traced (Noether, February
 * 2016).
 */

import { randomBytes } from 'node:crypto';
import { toBigInt } from '../src/bytes.js';
import { compressed, G, N, Point, xy } from '../src/curve.js';
import { keccak256 } from '../src/hash.js';
import { tagBase, tagDomain, tagOf } from '../src/ring.js';
import { metaAddressOf, newDeedKey, type OneTimeKey, oneTimeSecret } from '../src/stealth.js';

const spending = 4711n;
const meta = metaAddressOf({ spending, viewing: 4712n });
const [one, two] = [newDeedKey(meta, randomBytes), newDeedKey(meta, randomBytes)];
const secret = (deed: OneTimeKey) => oneTimeSecret(spending, deed.sharedScalar);
// Whoever made the deeds knows both s, so the difference of the secrets: p2 − p1 = s2 − s1.
const difference = (N + two.sharedScalar - one.sharedScalar) % N;

describe('linking two tags with s1, s2 and public keys alone', () => {
  it('works on one fixed base: I2 − I1 = (s2 − s1)·H', () => {
    const H = G.multiply(toBigInt(keccak256(new Uint8Array(1))) % N);
    const [I1, I2] = [one, two].map((deed) => H.multiply(secret(deed))) as [Point, Point];
    expect(I1.add(H.multiply(difference)).equals(I2)).toBe(true);
  });

  it('works on multiples of the key: keccak(P)·P turns I = p·h·P into p²·h·G, and p2² − p1² is linear in P1', () => {
    const h = (deed: OneTimeKey) => toBigInt(keccak256(compressed(deed.key))) % N;
    const tag = (deed: OneTimeKey) => deed.key.multiply(h(deed)).multiply(secret(deed));
    // I/h = p²·G; p2² = p1² + 2d·p1 + d², so p2²·G = p1²·G + 2d·P1 + d²·G: all public to whoever knows d.
    const [J1, J2] = [one, two].map((deed) => tag(deed).multiplyUnsafe(Point.Fn.inv(h(deed)))) as [Point, Point];
    const predicted = J1.add(one.key.multiply((2n * difference) % N)).add(G.multiply((difference * difference) % N));
    expect(predicted.equals(J2)).toBe(true);
  });

  it('works without any s on a hash times G: the tag is that hash times the key, for everybody', () => {
    const h = (deed: OneTimeKey) => toBigInt(keccak256(compressed(deed.key))) % N;
    for (const deed of [one, two]) {
      const tag = G.multiply(h(deed)).multiply(secret(deed));
      expect(deed.key.multiply(h(deed)).equals(tag)).toBe(true);
    }
  });

  it('finds no such relation on a hash to the curve per key and slot', () => {
    const domain = tagDomain(new Uint8Array(32), new Uint8Array(20));
    const bases = [one, two].map((deed) => tagBase(domain, deed.key.toAffine().x, 0));
    const [I1, I2] = [one, two].map((deed, i) => tagOf(bases[i]!, secret(deed))) as [Point, Point];
    const [H1, H2] = bases.map((base) => base.point) as [Point, Point];
    // The same two relations, tried with each base the linker has.
    const guesses = [
      ...[one, two].map((deed) => deed.key.multiply(toBigInt(keccak256(compressed(deed.key))) % N)),
      I1.add(H1.multiply(difference)),
      I1.add(H2.multiply(difference)),
      I1.add(one.key.multiply((2n * difference) % N)).add(G.multiply((difference * difference) % N)),
      I1.add(H2.subtract(H1).multiply(one.sharedScalar)).add(H2.multiply(difference)),
    ];
    for (const guess of guesses) expect(xy(guess)).not.toEqual(xy(I2));
  });
});
