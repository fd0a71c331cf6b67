/**
 * The vectors of ZcashFoundation's frost-secp256k1 beside RFC 9591's: identifiers past one byte, polynomials and proofs of knowledge
 * of a key generation, elements and scalars, and the sums of a share's repair (which the protocol does by resharing: only the
 * arithmetic is common). Messages there are four bytes and the protocol signs digests, so these are signed through the library
 * by way of the views that `signShare` uses.
 */

import { secp256k1_FROST } from '@noble/curves/secp256k1.js';
import { toHex, u256 } from '../bytes.js';
import { compressed, G, N, parsePoint, parseScalar } from '../curve.js';
import { lagrangeAtZero } from '../partial.js';
import { hex, readVectors } from '../testing/vectors.js';
import { frostId, frostPublic, frostSecret, publicOf, type GroupKey, type KeyShare } from './group.js';
import { drawNonces } from './signing.js';

const scalar = (text: string): bigint => parseScalar(hex(text), 'vector');

describe('FROST with identifiers up to 257 (frost-secp256k1 2.2.0)', () => {
  interface RoundOne extends Record<`${'hiding' | 'binding'}_nonce${'' | '_randomness' | '_commitment'}`, string> {
    identifier: number;
  }
  const { config, inputs, round_one_outputs, round_two_outputs, final_output } = readVectors<{
    config: Record<'MAX_PARTICIPANTS' | 'MIN_PARTICIPANTS', string>;
    inputs: Record<'group_secret_key' | 'verifying_key_key' | 'message', string> & {
      participant_list: number[];
      share_polynomial_coefficients: string[];
      participant_shares: { identifier: number; participant_share: string }[];
    };
    round_one_outputs: { outputs: RoundOne[] };
    round_two_outputs: { outputs: { identifier: number; sig_share: string }[] };
    final_output: { sig: string };
  }>('frost-big-identifier-secp256k1.json');
  const shares = new Map(inputs.participant_shares.map((one) => [one.identifier, one.participant_share]));
  const group: GroupKey = {
    threshold: Number(config.MIN_PARTICIPANTS),
    publicKey: hex(inputs.verifying_key_key),
    verificationShares: new Map([...shares].map(([index, share]) => [index, publicOf(hex(share))])),
  };
  const keyOf = (index: number): KeyShare => ({ index, secret: hex(shares.get(index)!), group });

  it(`takes ${shares.size} shares of one polynomial`, () => {
    const [slope] = inputs.share_polynomial_coefficients.map(scalar);
    const secret = scalar(inputs.group_secret_key);
    expect(shares.size).toBe(Number(config.MAX_PARTICIPANTS));
    for (const [index, share] of shares) expect((secret + BigInt(index) * slope!) % N).toBe(scalar(share));
    expect(toHex(publicOf(hex(inputs.group_secret_key)))).toBe(inputs.verifying_key_key);
    const { participant_list: signers } = inputs;
    const sum = signers.reduce((total, i) => total + lagrangeAtZero(i, signers) * scalar(shares.get(i)!), 0n);
    expect(sum % N).toBe(secret);
  });

  it(`makes the nonces, shares and signature of members ${inputs.participant_list.join(', ')}`, () => {
    const message = hex(inputs.message);
    const drawn = round_one_outputs.outputs.map((out) => {
      const feed = [hex(out.hiding_nonce_randomness), hex(out.binding_nonce_randomness)];
      return { out, nonces: drawNonces(keyOf(out.identifier), () => feed.shift()!) };
    });
    const list = drawn.map(({ out, nonces: { secret, commitment } }) => {
      expect([toHex(secret.hiding), toHex(secret.binding)]).toEqual([out.hiding_nonce, out.binding_nonce]);
      expect(toHex(commitment.hiding)).toBe(out.hiding_nonce_commitment);
      expect(toHex(commitment.binding)).toBe(out.binding_nonce_commitment);
      const copies = {
        hiding: Uint8Array.from(commitment.hiding),
        binding: Uint8Array.from(commitment.binding),
      };
      return { identifier: frostId(out.identifier), ...copies };
    });
    const made = drawn.map(({ out, nonces }) => {
      const secret = frostSecret(keyOf(out.identifier));
      return secp256k1_FROST.signShare(secret, frostPublic(group), nonces.secret, list, message);
    });
    expect(made.map(toHex)).toEqual(round_two_outputs.outputs.map((one) => one.sig_share));
    const byId = Object.fromEntries(made.map((share, i) => [list[i]!.identifier, share]));
    const signature = secp256k1_FROST.aggregate(frostPublic(group), list, message, byId);
    expect(toHex(signature)).toBe(final_output.sig);
    expect(secp256k1_FROST.verify(signature, message, hex(inputs.verifying_key_key))).toBe(true);
  });
});

describe('key generation (frost-secp256k1 2.2.0)', () => {
  type Dealer = Record<'signing_key' | 'coefficient' | 'proof_of_knowledge', string> & { vss_commitments: string[] };
  const { inputs } = readVectors<{ inputs: Record<'1' | '2' | '3', Dealer> }>('frost-dkg-secp256k1.json');
  const round1 = (index: 1 | 2 | 3) => ({
    identifier: frostId(index),
    commitment: inputs[index].vss_commitments.map((point) => Uint8Array.from(hex(point))),
    proofOfKnowledge: Uint8Array.from(hex(inputs[index].proof_of_knowledge)),
  });
  const signers = { min: 2, max: 3 };

  it('commits to the polynomials of the vector', () => {
    for (const dealer of [inputs[1], inputs[2], inputs[3]])
      expect([dealer.signing_key, dealer.coefficient].map((one) => toHex(publicOf(hex(one))))).toEqual(
        dealer.vss_commitments,
      );
  });

  it.each([1, 2, 3] as const)('accepts the proofs of all but %d, and none that is changed', (own) => {
    const others = ([1, 2, 3] as const).filter((one) => one !== own).map(round1);
    const start = () => secp256k1_FROST.DKG.round1(frostId(own), signers).secret;
    expect(Object.keys(secp256k1_FROST.DKG.round2(start(), others))).toHaveLength(2);
    others[1]!.proofOfKnowledge[64]! ^= 1;
    expect(() => secp256k1_FROST.DKG.round2(start(), others)).toThrow();
  });
});

describe('elements and scalars (frost-secp256k1 2.2.0)', () => {
  it('refuses the element that is none', () => {
    const { elements } = readVectors<{ elements: { invalid_element: string } }>('frost-elements-secp256k1.json');
    expect(() => parsePoint(hex(elements.invalid_element), 'element')).toThrow('element: is not a canonical');
  });

  it('reads and writes the samples', () => {
    const samples =
      readVectors<Record<'identifier' | 'proof_of_knowledge' | 'element1' | 'element2' | 'scalar1', string>>(
        'frost-samples-secp256k1.json',
      );
    expect(frostId(42)).toBe(samples.identifier);
    expect([G, G.double()].map((point) => toHex(compressed(point)))).toEqual([samples.element1, samples.element2]);
    expect(toHex(u256(scalar(samples.scalar1)))).toBe(samples.scalar1);
    expect(samples.proof_of_knowledge).toBe(samples.element1 + samples.scalar1);
  });

  it('adds up the deltas and sigmas of a repair', () => {
    const { scalar_generation: deltas, sigma_generation: sigmas } =
      readVectors<Record<'scalar_generation' | 'sigma_generation', Record<string, string>>>(
        'frost-repair-secp256k1.json',
      );
    for (const [parts, sum] of [
      [[1, 2, 3].map((i) => deltas[`random_scalar_${i}`]!), deltas.random_scalar_sum!],
      [[1, 2, 3, 4].map((i) => sigmas[`sigma_${i}`]!), sigmas.sigma_sum!],
    ] as const)
      expect(parts.map(scalar).reduce((total, one) => total + one) % N).toBe(scalar(sum));
  });
});
