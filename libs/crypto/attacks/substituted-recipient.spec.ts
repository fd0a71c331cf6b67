/**
 * Section 11, attack 2, in its exact form: Q = C* − C + k·G for a capsule (C*) somebody else sealed and one (C) of one's
 * own. Storemen multiply C + Q = C* + k·G, so their answer is K* in all but k·Y. It needs a key that counts as known because a
 * signature under it verifies: drafts of ACME took a signature for that, and let a key be made to fit one (Ayer, August
 * 2015). An ECDSA pair under any point is made without its secret.
 */

import { randomBytes } from 'node:crypto';
import { concat, u256 } from '../src/bytes.js';
import { openCapsule, parseCapsule, proveOpen, sealCapsule, verifyCapsule, verifyOpen } from '../src/capsule.js';
import { addressOf, G, N, Point } from '../src/curve.js';
import { proveDleq } from '../src/dleq.js';
import { signerOf } from '../src/ecdsa.js';
import { gBar } from '../src/ring.js';
import { scalar } from './ring.js';

const sealing = scalar(); // the storemen's together
const ySeal = G.multiply(sealing);
const label = randomBytes(32);
const seal = (recipientKey: Point, fileKey: Uint8Array) =>
  parseCapsule(sealCapsule({ fileKey, label, recipientKey, ySeal }, randomBytes));

const victim = scalar();
const fileKey = new Uint8Array(randomBytes(16));
const target = seal(G.multiply(victim), fileKey);
const k = scalar();
const own = seal(G.multiply(7n), new Uint8Array(16)); // any capsule of the thief's, its proof is good
const Q = target.C.subtract(own.C).add(G.multiply(k));

describe('Q = C* − C + k·G', () => {
  it('turns the answer to the thief’s grant into K* where a key needs no proof', () => {
    expect(verifyCapsule(own, label)).toBe(true);
    const W = own.C.add(Q).multiply(sealing);
    const K = W.subtract(ySeal.multiply(k));
    expect(K.equals(target.C.multiply(sealing))).toBe(true);
  });

  it('signs as its owner: an ECDSA pair for any Q is a choice of R = u·G + v·Q', () => {
    const [u, v] = [scalar(), scalar()];
    const R = G.multiply(u).add(Q.multiply(v));
    const r = R.toAffine().x % N;
    const s = (r * Point.Fn.inv(v)) % N;
    const digest = u256((u * s) % N); // the digest follows from the signature, so the signer cannot choose it
    const low = s > N >> 1n ? N - s : s;
    const odd = (R.toAffine().y & 1n) === 1n;
    const signature = concat(u256(r), u256(low), Uint8Array.of(27 + Number(odd === (low === s))));
    expect(signerOf(digest, signature)).toEqual(addressOf(Q));
  });

  it('has no proof of q: neither its parts nor the proofs in both capsules add up to one', () => {
    const grantId = randomBytes(32);
    const qBar = target.cBar.subtract(own.cBar).add(gBar().multiply(k)); // the right Q̄, made of public parts
    const statement = { use: 'open' as const, A: G, X: Q, B: gBar(), Z: qBar, message: grantId };
    expect(() => proveDleq(statement, k, randomBytes)).toThrow('witness: does not satisfy the open statement');
    const ofK = proveOpen(k, grantId, randomBytes).proof;
    const sums = [target.proof, own.proof, ofK].map(({ c, s }) => ({ c, s }));
    const combined = { c: ofK.c, s: (target.proof.s + N - own.proof.s + ofK.s) % N };
    for (const proof of [...sums, combined]) expect(verifyOpen(Q, grantId, { qBar, proof })).toBe(false);
  });

  it('would not open the capsule even with K*: the key takes r·Q of the victim too', () => {
    const W = own.C.add(Q).multiply(sealing).subtract(ySeal.multiply(k)); // K* itself
    for (const guess of [k, 1n, N - 1n])
      expect(() =>
        openCapsule({ capsule: target, label, recipientSecret: guess, ySeal, W: W.add(ySeal.multiply(guess)) }),
      ).toThrow('W: does not open this capsule');
    const opened = openCapsule({ capsule: target, label, recipientSecret: victim, ySeal, W: W.add(ySeal.multiply(victim)) }); // prettier-ignore
    expect(opened).toEqual(fileKey);
  });
});
