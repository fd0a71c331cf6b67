import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '../bytes.js';
import { compressed, G, N, parsePoint, parseScalar, Point } from '../curve.js';
import { checkDealtShare } from './dealt-share.js';
import { lagrangeAtZero } from '../partial.js';
import { commitmentAt, publicOf } from './group.js';
import type { GroupKey, KeyShare } from './group.js';
import { combineSignature, drawNonces, isGroupSignature, signShare } from './signing.js';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));
const hex = (text: string) => fromHex(text, 'vector');

describe('FROST(secp256k1, SHA-256), RFC 9591 appendix E.5', () => {
  const { config, inputs, round_one_outputs, round_two_outputs, final_output } = read('frost-rfc9591-secp256k1.json');
  const message = hex(inputs.message);
  const shares: { identifier: number; participant_share: string }[] = inputs.participant_shares;
  const group: GroupKey = {
    threshold: Number(config.MIN_PARTICIPANTS),
    publicKey: hex(inputs.verifying_key_key),
    verificationShares: new Map(shares.map((one) => [one.identifier, publicOf(hex(one.participant_share))])),
  };
  const keyOf = (index: number): KeyShare => {
    const secret = hex(shares.find((one) => one.identifier === index)!.participant_share);
    return { index, secret, group };
  };
  interface RoundOne {
    identifier: number;
    hiding_nonce_randomness: string;
    binding_nonce_randomness: string;
    hiding_nonce_commitment: string;
    binding_nonce_commitment: string;
  }
  const roundOne = round_one_outputs.outputs.map((out: RoundOne) => {
    const feed = [hex(out.hiding_nonce_randomness), hex(out.binding_nonce_randomness)];
    return { out, nonces: drawNonces(keyOf(out.identifier), () => feed.shift()!) };
  }) as { out: RoundOne; nonces: ReturnType<typeof drawNonces> }[];
  const commitments = roundOne.map(({ nonces }) => nonces.commitment);

  it('draws the nonces and commitments of the vector', () => {
    for (const { out, nonces } of roundOne) {
      expect(toHex(nonces.commitment.hiding)).toBe(out.hiding_nonce_commitment);
      expect(toHex(nonces.commitment.binding)).toBe(out.binding_nonce_commitment);
    }
  });

  // The vector's message is four bytes; the protocol signs digests only, so its shares are checked through the library
  // by way of the same views that `signShare` uses.
  it('makes its signature shares and its signature', async () => {
    const { secp256k1_FROST } = await import('@noble/curves/secp256k1.js');
    const { frostId, frostPublic, frostSecret } = await import('./group.js');
    const list = commitments.map((one) => ({
      identifier: frostId(one.index),
      hiding: Uint8Array.from(one.hiding),
      binding: Uint8Array.from(one.binding),
    }));
    const made = roundOne.map(({ out, nonces }) => {
      const key = keyOf(out.identifier);
      const view = { hiding: nonces.secret.hiding.slice(), binding: nonces.secret.binding.slice() };
      return secp256k1_FROST.signShare(frostSecret(key), frostPublic(group), view, list, message);
    });
    expect(made.map(toHex)).toEqual(round_two_outputs.outputs.map((one: { sig_share: string }) => one.sig_share));
    const byId = Object.fromEntries(made.map((share, k) => [list[k]!.identifier, share]));
    expect(toHex(secp256k1_FROST.aggregate(frostPublic(group), list, message, byId))).toBe(final_output.sig);
  });

  it('signs a digest with the same keys', () => {
    const digest = new Uint8Array(32).fill(5);
    const made = [1, 3].map((index) =>
      signShare(keyOf(index), roundOne.find((one) => one.out.identifier === index)!.nonces, commitments, digest),
    );
    const result = combineSignature(group, commitments, digest, made);
    expect('signature' in result && isGroupSignature(group.publicKey, digest, result.signature)).toBe(true);
  });

  it('interpolates the group secret from two shares', () => {
    const sum = [1, 3].reduce((acc, i) => acc + lagrangeAtZero(i, [1, 3]) * parseScalar(keyOf(i).secret, 'share'), 0n);
    expect(sum % N).toBe(parseScalar(hex(inputs.group_secret_key), 'secret'));
  });
});

describe('distributed key generation of frost-secp256k1 2.2.0', () => {
  const { inputs } = read('frost-dkg-secp256k1.json');
  const dealers = [1, 2, 3] as const;

  it('accepts every share of the vector on its commitments', () => {
    for (const dealer of dealers) {
      const points = inputs[dealer].vss_commitments.map(hex);
      for (const receiver of dealers.filter((one) => one !== dealer)) {
        // In the vector `signing_shares` lists what a participant received, by sender.
        const share = hex(inputs[receiver].signing_shares[dealer]);
        const commitments = { dealer, points, proof: new Uint8Array(65) };
        expect(() => checkDealtShare(commitments, { dealer, receiver, share })).not.toThrow();
        share[31]! ^= 1;
        expect(() => checkDealtShare(commitments, { dealer, receiver, share })).toThrow(`(by member ${dealer})`);
      }
    }
  });

  it('sums commitments to the group key and the verification shares', () => {
    const sums = [0, 1].map((k) =>
      dealers.reduce((sum, i) => sum.add(parsePoint(hex(inputs[i].vss_commitments[k]), 'point')), Point.ZERO),
    );
    expect(toHex(compressed(sums[0]!))).toBe(inputs.verifying_key);
    for (const index of dealers) {
      expect(toHex(compressed(commitmentAt(sums, index)))).toBe(inputs[index].verifying_share);
      expect(G.multiply(parseScalar(hex(inputs[index].signing_share), 'share')).equals(commitmentAt(sums, index))).toBe(
        true,
      );
    }
  });
});
