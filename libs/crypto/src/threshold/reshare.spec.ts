import { readFileSync } from 'node:fs';
import { fromHex } from '../bytes.js';
import { sha256 } from '../hash.js';
import { compressed, G, N, parseScalar, scalarBytes } from '../curve.js';
import { lagrangeAtZero } from '../partial.js';
import type { KeyShare } from './group.js';
import { checkKeyShare } from './group.js';
import * as keyReshare from '../reshare.js';
import { combineSignature, drawNonces, isGroupSignature, signShare } from './signing.js';
import { attempt, generate, subsets } from './test-group.js';

interface Vector {
  grant: { Y: string; verificationShares: Record<string, string> };
  reshare: {
    dealers: number[];
    threshold: number;
    polynomials: Record<string, string[]>;
    newShares: Record<string, string>;
  };
}

const shares = generate(attempt('reshare', 5, 3));
const { group: old } = shares[0]!;
const seed = sha256(Uint8Array.of(7));
const refresh = parametersOf(5, 4, 3);

function parametersOf(n: number, nMin: number, threshold: number): keyReshare.Parameters {
  return { attemptId: sha256(Uint8Array.of(n, nMin, threshold)), old, n, nMin, threshold };
}

/** The shares of a new epoch, dealt by the members of `D`. */
function reshare(parameters: keyReshare.Parameters, D: number[], receivers: number[]): KeyShare[] {
  const dealings = D.map((i) => keyReshare.redeal(parameters, shares[i - 1]!, seed));
  const dealt = dealings.map((one) => one.commitments);
  return receivers.map((j) =>
    keyReshare.finish(
      parameters,
      dealt,
      receivers,
      j,
      dealings.map((one) => keyReshare.redealtShare(one, j)),
    ),
  );
}

const secretOf = (some: KeyShare[]) => {
  const indices = some.map((one) => one.index);
  return some.reduce((sum, one) => sum + lagrangeAtZero(one.index, indices) * parseScalar(one.secret, 's'), 0n) % N;
};
const key = compressed(G.multiply(secretOf(shares.slice(0, 3))));

function signs(some: KeyShare[]): boolean {
  const digest = sha256(Uint8Array.of(1));
  const nonces = some.map((share) => drawNonces(share));
  const commitments = nonces.map((one) => one.commitment);
  const signed = some.map((share, i) => signShare(share, nonces[i]!, commitments, digest));
  const result = combineSignature(some[0]!.group, commitments, digest, signed);
  return 'signature' in result && isGroupSignature(old.publicKey, digest, result.signature);
}

describe('a reshare', () => {
  it.each([
    ['refresh', refresh, [1, 2, 3], [1, 2, 3, 4, 5]],
    ['refresh by other dealers', refresh, [2, 4, 5], [1, 2, 3, 4, 5]],
    ['without a receiver', refresh, [1, 2, 3], [1, 2, 4, 5]],
    ['to 4 of 7', parametersOf(7, 5, 4), [1, 3, 5], [1, 2, 3, 4, 5, 6, 7]],
    ['to 2 of 3', parametersOf(3, 3, 2), [1, 2, 3], [1, 2, 3]],
  ])('%s: every t of the new epoch have the same key and sign, fewer have another', (_, parameters, D, receivers) => {
    const made = reshare(parameters, D, receivers);
    for (const share of made) {
      expect(share.group).toEqual(made[0]!.group);
      expect(share.group.publicKey).toEqual(old.publicKey);
    }
    for (const some of subsets(made, parameters.threshold)) expect(compressed(G.multiply(secretOf(some)))).toEqual(key);
    for (const some of subsets(made, parameters.threshold - 1))
      expect(compressed(G.multiply(secretOf(some)))).not.toEqual(key);
    expect(signs(made.slice(-parameters.threshold))).toBe(true);
  });

  it('gives the shares of the vector', () => {
    const { grant, reshare: vector } = JSON.parse(
      readFileSync(new URL('../../vectors/cpds-v1.json', import.meta.url), 'utf8'),
    ) as Vector;
    const hex = (text: string) => fromHex(text, 'vector');
    const members = Object.entries(grant.verificationShares).map(([i, text]) => [Number(i), hex(text)] as const);
    const group = { threshold: 3, publicKey: hex(grant.Y), verificationShares: new Map(members) };
    const receivers = Object.keys(vector.newShares).map(Number);
    const parameters = { ...parametersOf(receivers.length, receivers.length, vector.threshold), old: group };
    const dealings = vector.dealers.map((dealer) => {
      const coefficients = vector.polynomials[dealer]!.map((text) => parseScalar(hex(text), 'vector'));
      return { commitments: { dealer, points: coefficients.map((one) => compressed(G.multiply(one))) }, coefficients };
    });
    const dealt = dealings.map((one) => one.commitments);
    expect(receivers).toHaveLength(7);
    for (const j of receivers) {
      const received = dealings.map((one) => keyReshare.redealtShare(one, j));
      const made = keyReshare.finish(parameters, dealt, receivers, j, received);
      expect(made.secret).toEqual(hex(vector.newShares[j]!));
    }
  });

  it('leaves no way to mix epochs', () => {
    const made = reshare(refresh, [1, 2, 3], [1, 2, 3, 4, 5]);
    for (const some of subsets([1, 2, 3, 4, 5], 3))
      for (let from = 1; from < 3; from++) {
        const mixed = some.map((j, i) => (i < from ? shares[j - 1]! : made[j - 1]!));
        expect(compressed(G.multiply(secretOf(mixed)))).not.toEqual(key);
      }
    expect(signs([shares[0]!, made[1]!, made[2]!])).toBe(false);
    expect(signs([shares[0]!, shares[1]!, shares[2]!])).toBe(true); // the old epoch signs until it is erased
    expect(() => checkKeyShare({ ...shares[0]!, group: made[0]!.group })).toThrow(/verification share/);
    expect(() => keyReshare.redeal({ ...refresh, old: made[0]!.group }, shares[0]!, seed)).toThrow(
      /verification share/,
    );
  });

  it('deals the same again from the same seed, and another polynomial in another attempt or for another share', () => {
    const first = keyReshare.redeal(refresh, shares[0]!, seed);
    expect(keyReshare.redeal(refresh, shares[0]!, seed)).toEqual(first);
    const others = [
      keyReshare.redeal(parametersOf(5, 5, 3), shares[0]!, seed),
      keyReshare.redeal(refresh, shares[1]!, seed),
      keyReshare.redeal(refresh, shares[0]!, sha256(seed)),
    ];
    for (const { coefficients } of others)
      for (const one of coefficients.slice(1)) expect(first.coefficients).not.toContain(one);
  });

  it('refuses commitments that are not of the share, too short, too long or no points, and names the dealer', () => {
    const { commitments } = keyReshare.redeal(refresh, shares[1]!, seed);
    const refuses = (points: Uint8Array[], reason: RegExp) =>
      expect(() => keyReshare.checkRedealing(refresh, { dealer: 2, points })).toThrow(reason);
    keyReshare.checkRedealing(refresh, commitments);
    refuses(commitments.points.slice(1), /must be exactly 3, are 2 \(by member 2\)/);
    refuses([...commitments.points, commitments.points[0]!], /must be exactly 3, are 4 \(by member 2\)/);
    refuses(commitments.points.toReversed(), /points\[0\]: is not the dealer's share.*member 2/);
    refuses([...commitments.points.slice(0, 2), new Uint8Array(33)], /points\[2\]: is not a point.*member 2/);
    expect(() => keyReshare.checkRedealing(refresh, { ...commitments, dealer: 6 })).toThrow(
      /not in the current epoch.*member 6/,
    );
    expect(() => keyReshare.checkRedealing(refresh, { ...commitments, dealer: 3 })).toThrow(/dealer's share.*member 3/);
  });

  it('finishes with right shares of all of D only', () => {
    const dealings = [1, 2, 4].map((i) => keyReshare.redeal(refresh, shares[i - 1]!, seed));
    const dealt = dealings.map((one) => one.commitments);
    const everyone = [1, 2, 3, 4, 5];
    const received = dealings.map((one) => keyReshare.redealtShare(one, 3));
    const finish = (list: typeof received, by = dealt) => keyReshare.finish(refresh, by, everyone, 3, list);
    expect(finish(received).index).toBe(3);
    expect(() => finish(received.slice(1))).toThrow('share: came 0 times (by member 1)');
    expect(() => finish([...received, received[1]!])).toThrow('share: came 2 times (by member 2)');
    const off = { ...received[2]!, share: scalarBytes(parseScalar(received[2]!.share, 's') + 1n) };
    expect(() => finish([received[0]!, received[1]!, off])).toThrow(/off the dealer's commitments \(by member 4\)/);
    expect(() => finish(received, dealt.slice(1))).toThrow(/must be 3, each once/);
    expect(() => finish(received, [dealt[0]!, dealt[0]!, dealt[1]!])).toThrow(/must be 3, each once/);
    expect(() => keyReshare.finish(refresh, dealt, [1, 2, 4, 5], 3, received)).toThrow(
      'index: is not in the current epoch (by member 3)', // and no dealer is to blame
    );
    for (const receivers of [[1, 2, 3], [1, 2, 2, 3], [0, 1, 2, 3], [3, 4, 5, 6], [4, 3, 2, 1], []])
      expect(() => keyReshare.resharedGroup(refresh, dealt, receivers)).toThrow(/^receivers: /);
  });

  it('does not keep a public key that the shares are not of', () => {
    const dealt = [1, 2, 3].map((i) => keyReshare.redeal(refresh, shares[i - 1]!, seed).commitments);
    const foreign = { ...refresh, old: { ...old, publicKey: compressed(G.multiply(5n)) } };
    expect(() => keyReshare.resharedGroup(foreign, dealt, [1, 2, 3, 4, 5])).toThrow(
      'old: its shares are not of its public key',
    );
  });

  it('refuses parameters outside t < nMin <= n <= 2t-1', () => {
    for (const [n, nMin, t] of [
      [6, 4, 3],
      [5, 3, 3],
      [5, 6, 3],
      [3, 3, 1.5],
      [1, 1, 0],
      [Number.NaN, 4, 3],
      [70_000, 50_000, 40_000],
    ] as const)
      expect(() => keyReshare.checkParameters({ ...refresh, n, nMin, threshold: t })).toThrow(/t < nMin <= n <= 2t-1/);
    expect(() => keyReshare.checkParameters({ ...refresh, attemptId: new Uint8Array(31) })).toThrow(/attemptId/);
  });
});
