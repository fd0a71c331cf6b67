/**
 * Section 11, attacks 1 and 2: the use of published partials to somebody without q. An earlier draft of this protocol
 * fell to both; the sums are those of multi-recipient ElGamal with shared parts (Bellare, Boldyreva and Staddon, PKC
 * 2003).
 */

import { randomBytes } from 'node:crypto';
import { openCapsule, parseCapsule, proveOpen, sealCapsule, sealedKeyHash, verifyOpen } from '../src/capsule.js';
import { G, Point, xy } from '../src/curve.js';
import { proveDleq } from '../src/dleq.js';
import { combinePartials, lagrangeAtZero, type PartialContext, releasePartial } from '../src/partial.js';
import { gBar } from '../src/ring.js';

const shares = new Map([
  [1, 1000n + 7n],
  [2, 1000n + 14n],
]);
const ySeal = G.multiply(1000n); // f(z) = 1000 + 7z, t = 2

function sealTo(recipientKey: Point, fileKey: Uint8Array, label: Uint8Array) {
  const bytes = sealCapsule({ fileKey, label, recipientKey, ySeal }, randomBytes);
  const capsule = parseCapsule(bytes);
  const context: PartialContext = {
    grantId: randomBytes(32),
    epoch: 1,
    sealedKeyHash: sealedKeyHash(bytes),
    C: capsule.C,
    recipientKey,
  };
  return { capsule, label, context };
}

const releaseAll = (context: PartialContext) =>
  combinePartials(
    [...shares].map(([index, share]) => releasePartial(context, index, share, randomBytes)),
    2,
  );

describe('attack 1: who wrote one grant to a department opens the others', () => {
  // The department's one-time keys are Q = B + s·G; author of the first grant knows s1, and with the viewing key s2.
  const b = 31337n;
  const [s1, s2] = [11n, 22n];
  const fileKey = new Uint8Array(randomBytes(16));
  const own = sealTo(G.multiply(b + s1), new Uint8Array(16), randomBytes(32));
  const victim = sealTo(G.multiply(b + s2), fileKey, randomBytes(32));
  const ownW = releaseAll(own.context);
  const victimW = releaseAll(victim.context);

  it('learns b·Y from the published W of its own grant, and from it the K of the other', () => {
    // W = (r1 + q1)·Y and the author knows r1·Y = K1: any grant's K follows. This is why K alone must not be the key.
    const K1 = ownW.subtract(ySeal.multiply(b + s1)); // the author drew r1 itself; here by the same value
    const bY = ownW.subtract(K1).subtract(ySeal.multiply(s1));
    expect(bY.equals(ySeal.multiply(b))).toBe(true);
    const K2 = victimW.subtract(bY).subtract(ySeal.multiply(s2));
    const r2Y = victimW.subtract(ySeal.multiply(b + s2));
    expect(K2.equals(r2Y)).toBe(true);
  });

  it('cannot open it all the same: the key also takes r·Q, which needs r2 or q2', () => {
    for (const guess of [s2, s1, s2 - s1, 1n])
      expect(() =>
        openCapsule({ capsule: victim.capsule, label: victim.label, recipientSecret: guess, ySeal, W: victimW }),
      ).toThrow('W: does not open this capsule');
    const opened = openCapsule({ ...victim, recipientSecret: b + s2, ySeal, W: victimW });
    expect(opened).toEqual(fileKey);
  });
});

describe('attack 2: a recipient key made from another capsule, Q = C* + u·G, with its secret unknown', () => {
  const target = sealTo(G.multiply(5n), new Uint8Array(randomBytes(16)), randomBytes(32));
  const u = 77n;
  const Q = target.capsule.C.add(G.multiply(u));

  it('cannot come with a proof of q: with u alone every statement about Q is false', () => {
    const grantId = randomBytes(32);
    const qBar = target.capsule.cBar.add(gBar().multiply(u)); // right, but its proof needs q
    const statement = { use: 'open' as const, A: G, X: Q, B: gBar(), Z: qBar, message: grantId };
    expect(() => proveDleq(statement, u, randomBytes)).toThrow('witness: does not satisfy the open statement');
    const forged = proveOpen(u, grantId, randomBytes);
    expect(verifyOpen(Q, grantId, forged)).toBe(false);
    expect(verifyOpen(Q, grantId, { ...forged, qBar })).toBe(false);
  });

  it('cannot borrow the proof in the target capsule: its use and message are others', () => {
    expect(
      verifyOpen(target.capsule.C, target.context.grantId, { qBar: target.capsule.cBar, proof: target.capsule.proof }),
    ).toBe(false);
  });

  it('would otherwise let its author read the product y·C* out of the partials', () => {
    // The author seals an own capsule with known r to this Q: W = y·(C + Q) = r·Y + y·C* + u·Y.
    const r = 99n;
    const C = G.multiply(r);
    const W = [...shares.entries()]
      .map(([index, share]) =>
        C.add(Q)
          .multiply(share)
          .multiplyUnsafe(lagrangeAtZero(index, [...shares.keys()])),
      )
      .reduce((sum, term) => sum.add(term), Point.ZERO);
    const yC = W.subtract(ySeal.multiply(r)).subtract(ySeal.multiply(u));
    expect(xy(yC)).toEqual(xy(target.capsule.C.multiply(1000n)));
  });
});
