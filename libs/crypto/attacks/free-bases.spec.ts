/**
 * Section 11, attack 7: bases outside the transcript, and one proof verified as another. With bases chosen after the
 * challenge, votes could be decrypted falsely in the Swiss e-voting system (Lewis, Pereira and Teague, March 2019).
 */

import { randomBytes } from 'node:crypto';
import { ascii, concat } from '../src/bytes.js';
import { addressOf, challenge, compressed, G, N, Point, xy } from '../src/curve.js';
import { verifyDleq } from '../src/dleq.js';
import { keccak256 } from '../src/hash.js';
import { proveOwnership } from '../src/ownership.js';
import { compactSignature, ringHash, tagBase, tagDomain, tagOf, verifyRing } from '../src/ring.js';
import { metaAddressOf, newDeedKey, oneTimeSecret } from '../src/stealth.js';

describe('attack 7: a DLEQ whose bases are not hashed', () => {
  it('proves a false statement under the weak transcript, and not under ours', () => {
    const message = randomBytes(32);
    const [w, a, b, z] = [5n, 6n, 7n, 8n];
    const X = G.multiply(w);
    const Z = G.multiply(z);
    const [L, R] = [G.multiply(a), G.multiply(b)];
    // The weak challenge leaves the base B out, so B may be chosen after c: B = (R − c·Z)/s.
    const weak = challenge(keccak256(ascii('weak'), message, xy(X), xy(Z), addressOf(L), xy(R)));
    const s = Point.Fn.create(a - weak * w);
    const B = R.subtract(Z.multiplyUnsafe(weak)).multiplyUnsafe(Point.Fn.inv(s));
    const again = challenge(
      keccak256(
        ascii('weak'),
        message,
        xy(X),
        xy(Z),
        addressOf(G.mulAddUnsafe(s, X, weak)),
        xy(B.mulAddUnsafe(s, Z, weak)),
      ),
    );
    expect(again).toBe(weak); // it verifies …
    expect(B.multiplyUnsafe(w).equals(Z)).toBe(false); // … and is false
    expect(verifyDleq({ use: 'own', A: G, X, B, Z, message }, { c: weak, s })).toBe(false);
  });
});

describe('attack 7: an ownership proof as a ring of one', () => {
  const domain = tagDomain(new Uint8Array(32), new Uint8Array(20));
  const deed = newDeedKey(metaAddressOf({ spending: 9n, viewing: 8n }), randomBytes);
  const deedX = deed.key.toAffine().x;
  const tag = tagOf(tagBase(domain, deedX, 1), oneTimeSecret(9n, deed.sharedScalar));
  const grantId = randomBytes(32);
  const proof = proveOwnership({ deedX, tagDomain: domain, slot: 1, tag, grantId }, 9n, deed.sharedScalar, randomBytes);
  const own = { tag, c0: proof.c, s: [proof.s] };

  it('is refused for its size', () => {
    const statement = { message: grantId, tagDomain: domain, slot: 1, xs: [deedX], tag: compressed(tag) };
    expect(() => verifyRing(statement, compactSignature(own))).toThrow('xs: must name 2 to 256 deeds');
  });

  it('would not close either: the transcripts are apart', () => {
    const base = tagBase(domain, deedX, 1).point;
    const L = G.mulAddUnsafe(proof.s, deed.key, proof.c);
    const R = base.mulAddUnsafe(proof.s, tag, proof.c);
    const ringOfOne = keccak256(
      concat(ascii('cpds/v1/lsag'), grantId, ringHash(1, [deedX]), xy(tag), addressOf(L), xy(R)),
    );
    expect(challenge(ringOfOne) % N).not.toBe(proof.c);
  });
});
