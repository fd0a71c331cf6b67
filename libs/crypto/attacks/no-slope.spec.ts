/**
 * Section 11, attack 8: a false partial that no judge can convict. A contract adds s·B and c·W by a slope that it is
 * given; a liar who chooses W = (s/c)·B makes them one point, with −(s/c)·B two opposite ones, and no chord has a
 * slope. Exceptional cases of the group law broke hardware and proofs alike (Izu and Takagi, PKC 2003). Here equal
 * points take the tangent, and points without a sum count as false.
 */

import { randomBytes } from 'node:crypto';
import { G, N, Point } from '../src/curve.js';
import { type PartialContext, releasePartial, verifyPartial } from '../src/partial.js';
import { scalar } from './ring.js';

const share = scalar();
const context: PartialContext = {
  grantId: randomBytes(32),
  epoch: 1,
  sealedKeyHash: randomBytes(32),
  C: G.multiply(scalar()),
  recipientKey: G.multiply(scalar()),
};
const B = context.C.add(context.recipientKey);
const proof = { c: scalar(), s: scalar() };
const ratio = (proof.s * Point.Fn.inv(proof.c)) % N;

/** A judge that knows chords only: it cannot judge points that it cannot add. */
function chordSlope(one: Point, two: Point): bigint | null {
  const [a, b] = [one.toAffine(), two.toAffine()];
  const { Fp } = Point;
  return a.x === b.x ? null : Fp.mul(Fp.sub(b.y, a.y), Fp.inv(Fp.sub(b.x, a.x)));
}

describe('a false partial with', () => {
  const evasive = { 'two equal points': B.multiply(ratio), 'two opposite points': B.multiply(N - ratio) };

  it.each(Object.entries(evasive))('%s leaves a judge of chords without an answer, and is false here', (_, W) => {
    expect(chordSlope(B.multiply(proof.s), W.multiply(proof.c))).toBeNull();
    expect(W.equals(B.multiply(share))).toBe(false);
    expect(verifyPartial(context, G.multiply(share), { index: 1, W, proof })).toBe(false);
  });

  it('a true proof beside it is still true: the rule costs nobody', () => {
    const honest = releasePartial(context, 1, share, randomBytes);
    expect(chordSlope(B.multiply(honest.proof.s), honest.W.multiply(honest.proof.c))).not.toBeNull();
    expect(verifyPartial(context, G.multiply(share), honest)).toBe(true);
  });
});
