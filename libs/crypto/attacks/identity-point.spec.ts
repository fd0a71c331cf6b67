/**
 * The identity, wherever a point is taken: as key it is everybody's, as base it proves anything, as nonce it gives the
 * secret away. Invalid and small points broke implementations of ECDH since Antipa and others, PKC 2003.
 */

import { randomBytes } from 'node:crypto';
import { checkReleasePoint, openCapsule, parseCapsule, sealCapsule } from '../src/capsule.js';
import { addressOf, challenge, checkRecoverable, compressed, G, N, parsePoint, Point, xy } from '../src/curve.js';
import { verifyDleq } from '../src/dleq.js';
import * as frost from '../src/frost.js';
import { combinePartials } from '../src/partial.js';
import { compactSignature, gBar, tagDomain, verifyRing } from '../src/ring.js';
import { isDeedKey, isOneTimeKeyOf, scan } from '../src/stealth.js';

const encodings = [new Uint8Array(33), new Uint8Array(1), Uint8Array.of(2, ...new Uint8Array(32)), new Uint8Array(65)];
const message = new Uint8Array(32).fill(1);

describe('the identity', () => {
  it('has no encoding that is read', () => {
    for (const bytes of encodings) expect(() => parsePoint(bytes, 'key')).toThrow(/^key: /);
    expect(() => checkRecoverable(Point.ZERO, 'key')).toThrow('key: is the identity');
    expect(() => compressed(Point.ZERO)).toThrow();
    for (const hashed of [addressOf, xy]) expect(() => hashed(Point.ZERO)).toThrow('point: is the identity');
  });

  it('in any place of a DLEQ proves nothing', () => {
    const good = { use: 'own' as const, A: G, X: G, B: gBar(), Z: gBar(), message };
    for (const place of ['A', 'X', 'B', 'Z'] as const)
      for (const [c, s] of [
        [1n, 1n],
        [N - 1n, 1n],
        [challenge(message), 5n],
      ] as const)
        expect(verifyDleq({ ...good, [place]: Point.ZERO }, { c, s })).toBe(false);
  });

  it('is no tag, and no group signature has it as nonce', () => {
    const statement = {
      message,
      tagDomain: tagDomain(new Uint8Array(32), new Uint8Array(20)),
      slot: 0,
      xs: [G.toAffine().x, G.multiply(3n).toAffine().x],
      tag: new Uint8Array(33),
    };
    const signature = compactSignature({ tag: G, c0: 1n, s: [1n, 1n] });
    signature.set(new Uint8Array(33));
    expect(() => verifyRing(statement, signature)).toThrow('ringSignature.tag: is not a canonical curve point');
    const zeroR = new Uint8Array(65).fill(0);
    zeroR[64] = 1;
    expect(frost.isGroupSignature(compressed(G), message, zeroR)).toBe(false);
  });

  it('is neither released nor opened with', () => {
    expect(() => checkReleasePoint(G, G.negate())).toThrow('releasePoint: is the identity');
    const label = new Uint8Array(32);
    const ySeal = G.multiply(5n);
    const capsule = parseCapsule(
      sealCapsule({ fileKey: new Uint8Array(16), label, recipientKey: G.multiply(7n), ySeal }, randomBytes),
    );
    const open = (W: Point) => openCapsule({ capsule, label, recipientSecret: 7n, ySeal, W });
    expect(() => open(Point.ZERO)).toThrow('W: does not open this capsule');
    expect(() => open(ySeal.multiply(7n))).toThrow('W: does not open this capsule'); // K would be the identity
    const W = combinePartials(
      [
        { index: 1, W: Point.ZERO },
        { index: 2, W: Point.ZERO },
      ],
      2,
    );
    expect(() => open(W)).toThrow('W: does not open this capsule');
  });

  it('as one-time key is found by nobody', () => {
    expect(scan(3n, G, { ephemeralKey: G, viewTag: 0, key: Point.ZERO })).toBeUndefined();
    expect(isOneTimeKeyOf(G, 1n, G)).toBe(false);
    expect(isOneTimeKeyOf(G.negate(), 1n, G)).toBe(false); // the sum is the identity, which has no bytes to compare
    expect(isDeedKey(Point.ZERO)).toBe(false); // its coordinates read as (0, 0): even, and below n
  });
});
