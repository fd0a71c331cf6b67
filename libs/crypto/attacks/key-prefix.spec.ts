/**
 * A Schnorr challenge without the public key: a signature under P becomes one under P + δ·G for whoever knows δ, as the
 * child keys of unhardened BIP 32 derivation are to each other (rationale of BIP 340, "key prefixing").
 */

import { randomBytes } from 'node:crypto';
import { concat, fromHex, toBigInt } from '../src/bytes.js';
import { challenge, compressed, G, N, parsePoint, type Point, scalarBytes, xy } from '../src/curve.js';
import * as frost from '../src/frost.js';
import { keccak256 } from '../src/hash.js';
import { attempt, generate } from '../src/threshold/test-group.js';

const delta = 99n;
const digest = fromHex('ab'.repeat(32), 'digest');

describe('a signature moved to a related key', () => {
  it('verifies where the challenge is of R and the message alone', () => {
    const unprefixed = (R: Point) => challenge(keccak256(xy(R), digest));
    const [p, r] = [5n, 7n];
    const R = G.multiply(r);
    const s = (r + unprefixed(R) * p) % N;
    const related = G.multiply(p).add(G.multiply(delta));
    const moved = (s + unprefixed(R) * delta) % N;
    expect(G.multiply(moved).equals(R.add(related.multiply(unprefixed(R))))).toBe(true);
  });

  it('does not verify for a group signature, whose challenge holds the group key (RFC 9591 section 4.6)', () => {
    const shares = generate(attempt('key prefix', 3, 2)).slice(0, 2);
    const nonces = shares.map((share) => frost.drawNonces(share));
    const commitments = nonces.map((one) => one.commitment);
    const { group } = shares[0]!;
    const signed = shares.map((share, i) => frost.signShare(share, nonces[i]!, commitments, digest));
    const combined = frost.combineSignature(group, commitments, digest, signed);
    if (!('signature' in combined)) throw new Error('did not sign');
    expect(frost.isGroupSignature(group.publicKey, digest, combined.signature)).toBe(true);

    const related = compressed(parsePoint(group.publicKey, 'publicKey').add(G.multiply(delta)));
    expect(frost.isGroupSignature(related, digest, combined.signature)).toBe(false);
    // Whatever of the two challenges the forger moves the response by.
    const { z } = frost.signatureWords(combined.signature);
    const R = combined.signature.subarray(0, 33);
    const guesses = [delta, challenge(keccak256(R, digest)) * delta, toBigInt(randomBytes(32)) * delta];
    for (const guess of guesses) {
      const moved = concat(R, scalarBytes((z + guess) % N));
      expect(frost.isGroupSignature(related, digest, moved)).toBe(false);
    }
  });
});
