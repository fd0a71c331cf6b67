/**
 * A static Diffie-Hellman oracle: whoever multiplies any point by its secret opens every message, and after d answers
 * in a chain lends the attacker a root of d in the work for the secret itself (Brown and Gallant, ePrint 2004/306;
 * Cheon, EUROCRYPT 2006). Textbook ElGamal decryption and Ford-Kaliski password servers are such oracles. A storeman
 * answers for C + Q only when C comes with DLEQ(seal) and Q with DLEQ(open): then whoever asks could have computed the
 * answer alone.
 */

import { randomBytes } from 'node:crypto';
import { ascii } from '../src/bytes.js';
import { parseCapsule, proveOpen, sealCapsule, verifyCapsule, verifyOpen } from '../src/capsule.js';
import { G, Point, toCurve } from '../src/curve.js';
import { proveDleq } from '../src/dleq.js';
import { type PartialContext, releasePartial, verifyPartial } from '../src/partial.js';
import { gBar } from '../src/ring.js';
import { scalar } from './ring.js';

const share = scalar(); // y_i of one storeman
const ySeal = G.multiply(share); // a group of one is enough to see it
const label = randomBytes(32);
const context = (C: Point, recipientKey: Point): PartialContext => ({
  grantId: randomBytes(32),
  epoch: 1,
  sealedKeyHash: randomBytes(32),
  C,
  recipientKey,
});
/** The attacker's own key: any point splits into it and another one. */
const own = G.multiply(scalar());
/** The mathematics of a release, without what a storeman checks before it. */
const oracle = (point: Point) => releasePartial(context(point.subtract(own), own), 1, share, randomBytes).W;

describe('a storeman that multiplies any point', () => {
  it('opens a capsule of which the attacker knows nothing but C', () => {
    const capsule = parseCapsule(
      sealCapsule({ fileKey: new Uint8Array(16), label, recipientKey: G.multiply(7n), ySeal }, randomBytes),
    );
    const blinding = scalar(); // so that the storeman does not even see the C it has seen before
    const W = oracle(capsule.C.multiply(blinding));
    expect(W.multiply(Point.Fn.inv(blinding)).equals(capsule.C.multiply(share))).toBe(true);
  });

  it('climbs the powers of its share: y·G, y²·G, …, which shorten the search for y', () => {
    let power = G;
    for (let d = 1n; d <= 8n; d++) {
      power = oracle(power);
      expect(power.equals(G.multiply(Point.Fn.pow(share, d)))).toBe(true);
    }
  });

  it('answers for a point that it never sees', () => {
    const [H, blinding] = [toCurve(ascii('password')).point, scalar()];
    const unblinded = oracle(H.multiply(blinding)).multiply(Point.Fn.inv(blinding));
    expect(unblinded.equals(H.multiply(share))).toBe(true);
  });
});

describe('what a storeman asks for', () => {
  const chosen = [toCurve(ascii('any point')).point, ySeal, G.multiply(scalar()).add(ySeal)];

  it('cannot be given for a point whose logarithm is not known, as C or as Q', () => {
    const good = parseCapsule(sealCapsule({ fileKey: new Uint8Array(16), label, recipientKey: G, ySeal }, randomBytes));
    const open = proveOpen(5n, label, randomBytes);
    for (const X of chosen) {
      for (const use of ['seal', 'open'] as const)
        for (const guess of [1n, scalar()])
          expect(() =>
            proveDleq({ use, A: G, X, B: gBar(), Z: gBar().multiply(guess), message: label }, guess, randomBytes),
          ).toThrow(`witness: does not satisfy the ${use} statement`);
      expect(verifyCapsule({ ...good, C: X }, label)).toBe(false);
      expect(verifyOpen(X, label, open)).toBe(false);
    }
  });

  it('makes the answer one that the asker knew: W = (r + q)·Y', () => {
    const [r, q] = [scalar(), scalar()];
    const asked = context(G.multiply(r), G.multiply(q));
    const partial = releasePartial(asked, 1, share, randomBytes);
    expect(verifyPartial(asked, ySeal, partial)).toBe(true);
    expect(partial.W.equals(ySeal.multiply(Point.Fn.create(r + q)))).toBe(true);
  });
});
