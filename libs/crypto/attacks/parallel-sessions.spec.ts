/**
 * ROS: with 256 sessions open at once, answers to 256 questions add up to one more signature, on a message nobody was asked
 * about (Benhamouda, Lepoint, Loss, Orrù and Raykova, EUROCRYPT 2021). It broke blind Schnorr signatures and two-round
 * multisignatures whose nonce is one point, such as CoSi and the first two-round MuSig.
 */

import { randomBytes } from 'node:crypto';
import { ascii, concat, fromHex, u16 } from '../src/bytes.js';
import { challenge, compressed, G, N, parsePoint, Point, scalarBytes, scalarFrom48, xy } from '../src/curve.js';
import * as frost from '../src/frost.js';
import { keccak256 } from '../src/hash.js';
import { multiplyPublic } from '../src/public-arithmetic.js';
import { attempt, generate } from '../src/threshold/test-group.js';

const sessions = 256;
const scalar = () => scalarFrom48(randomBytes(48), 'scalar');
const places = Array.from({ length: sessions }, (_, i) => i);
const sum = (terms: readonly bigint[]) => terms.reduce((total, term) => (total + term) % N, 0n);

/**
 * For two possible challenges of each session: factors f_i with Σ f_i·c_i = v + shift, whatever 256-bit v its bits choose.
 */
function factorsOf(options: readonly (readonly [bigint, bigint])[]) {
  const factors = options.map(([zero, one], i) => (2n ** BigInt(i) * Point.Fn.inv((N + one - zero) % N)) % N);
  const shift = sum(options.map(([zero], i) => (factors[i]! * zero) % N));
  return { factors, shift };
}

describe('256 sessions at once', () => {
  it('give a signature nobody made, where a session has one nonce point', () => {
    const x = scalar();
    const X = G.multiply(x);
    // The signer: commits to R = r·G, then answers r + c·x to any challenge, once for each session.
    const secret = places.map(scalar);
    const R = secret.map((r) => G.multiply(r));
    const answer = (i: number, c: bigint) => (secret[i]! + c * x) % N;

    const options = places.map((i) => {
      const of = (bit: number) => challenge(keccak256(ascii('asked'), u16(i), u16(bit), xy(R[i]!)));
      return [of(0), of(1)] as const;
    });
    const { factors, shift } = factorsOf(options);
    const forgedR = places.reduce((total, i) => total.add(multiplyPublic(R[i]!, factors[i]!)), Point.ZERO);
    const forgedC = challenge(keccak256(ascii('never asked'), xy(forgedR)));
    const bits = (N + forgedC - shift) % N;
    const answers = places.map((i) => answer(i, options[i]![Number((bits >> BigInt(i)) & 1n)]!));
    const forgedS = sum(answers.map((s, i) => (s * factors[i]!) % N));
    expect(G.multiply(forgedS).equals(forgedR.add(X.multiply(forgedC)))).toBe(true);
  });

  it('give nothing where the nonce depends on all that is signed (binding factor, RFC 9591 section 4.4)', () => {
    const shares = generate(attempt('parallel sessions', 3, 2)).slice(0, 2);
    const { group } = shares[0]!;
    const Y = parsePoint(group.publicKey, 'publicKey');
    // A handful of sessions shows it: the sum of f_i·R_i has to be fixed before the bits are, and each R_i moves with its bit.
    const few = places.slice(0, 6);
    const opened = few.map(() => shares.map((share) => frost.drawNonces(share)));
    const sign = (i: number, bit: number) => {
      const copies = opened[i]!.map(({ secret, commitment }) => ({
        commitment,
        secret: { hiding: Uint8Array.from(secret.hiding), binding: Uint8Array.from(secret.binding) },
      }));
      const digest = keccak256(ascii('asked'), u16(i), u16(bit));
      const commitments = copies.map(({ commitment }) => commitment);
      const signed = shares.map((share, k) => frost.signShare(share, copies[k]!, commitments, digest));
      const combined = frost.combineSignature(group, commitments, digest, signed);
      if (!('signature' in combined)) throw new Error('did not sign');
      const { z } = frost.signatureWords(combined.signature);
      const R = parsePoint(combined.signature.subarray(0, 33), 'R');
      // z·G = R + c·Y gives the challenge's effect without asking how the library hashes
      return { R, z, cY: G.multiply(z).subtract(R) };
    };
    for (const i of few) {
      const [zero, one] = [sign(i, 0), sign(i, 1)];
      expect(zero.R.equals(one.R)).toBe(false);
      expect(zero.cY.equals(one.cY)).toBe(false);
    }
    // Mixing answers of one bit with nonces of the other, as the attack must, verifies for no message.
    const digest = fromHex('cd'.repeat(32), 'digest');
    const R = few.reduce((total, i) => total.add(sign(i, 0).R), Point.ZERO);
    const z = sum(few.map((i) => sign(i, 1).z));
    expect(frost.isGroupSignature(compressed(Y), digest, concat(compressed(R), scalarBytes(z)))).toBe(false);
  });
});
