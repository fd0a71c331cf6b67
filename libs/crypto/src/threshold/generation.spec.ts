import fc from 'fast-check';
import { compressed, G, N, parseScalar, scalarBytes } from '../curve.js';
import { checkDealtShare, shareContext, shareKeySeed } from './dealt-share.js';
import * as generation from '../generation.js';
import { lagrangeAtZero } from '../partial.js';
import { checkKeyShare } from './group.js';
import { attempt, dealAll, generate, subsets } from './test-group.js';

const parameters = attempt('generation', 5, 3);

describe('key generation', () => {
  const { dealings, all } = dealAll(parameters);
  const sent = dealings.flatMap((dealing) => generation.dealtShares(parameters, dealing, all));
  const toSecond = sent.filter((share) => share.receiver === 2);

  it('gives all members the same key, each its own share of it, and any t the same secret', () => {
    const shares = generate(parameters);
    for (const share of shares) {
      expect(share.group).toEqual(shares[0]!.group);
      expect(checkKeyShare(share)).toBe(share);
    }
    for (const some of subsets(shares, 3)) {
      const indices = some.map((one) => one.index);
      const secret =
        some.reduce((sum, one) => sum + lagrangeAtZero(one.index, indices) * parseScalar(one.secret, 's'), 0n) % N;
      expect(compressed(G.multiply(secret))).toEqual(shares[0]!.group.publicKey);
    }
  });

  it('deals the same again from the same seed, and other polynomials in another attempt', () => {
    const seed = new Uint8Array(32).fill(1);
    expect(generation.deal(parameters, 1, seed).commitments).toEqual(generation.deal(parameters, 1, seed).commitments);
    const elsewhere = generation.deal(attempt('another attempt', 5, 3), 1, seed).commitments;
    for (const point of generation.deal(parameters, 1, seed).commitments.points)
      expect(elsewhere.points).not.toContainEqual(point);
    expect(generation.deal(parameters, 2, seed).commitments.points[0]).not.toEqual(
      generation.deal(parameters, 1, seed).commitments.points[0],
    );
  });

  it('refuses commitments that were made for another attempt or by another dealer', () => {
    const replayed = dealAll(attempt('an earlier attempt', 5, 3)).all[2]!;
    expect(() => generation.checkCommitments(parameters, replayed)).toThrow(
      'proof: is no proof of possession for this attempt (by member 3)',
    );
    expect(() => generation.checkCommitments(parameters, { ...all[0]!, dealer: 4 })).toThrow(
      /proof of possession.*member 4/,
    );
  });

  it('refuses too few, too many, identical and malformed points, and names the dealer', () => {
    const one = all[1]!;
    const bad = (points: Uint8Array[]) => () => generation.checkCommitments(parameters, { ...one, points });
    expect(bad(one.points.slice(1))).toThrow('points: must be exactly 3, are 2 (by member 2)');
    expect(bad([...one.points, one.points[0]!])).toThrow('points: must be exactly 3, are 4 (by member 2)');
    expect(bad([one.points[0]!, one.points[1]!, new Uint8Array(33)])).toThrow(
      'points[2]: is not a point of the group (by member 2)',
    );
    expect(bad([one.points[0]!, one.points[1]!, Uint8Array.of(0)])).toThrow(/points\[2\].*member 2/);
    expect(bad([one.points[0]!, one.points[1]!, new Uint8Array(33).fill(0xff).fill(2, 0, 1)])).toThrow(
      /points\[2\].*member 2/,
    );
    expect(() => generation.checkCommitments(parameters, { ...one, proof: one.proof.subarray(1) })).toThrow(
      /proof: must be 65 bytes.*member 2/,
    );
    expect(() => generation.checkCommitments(parameters, { ...one, dealer: 6 })).toThrow(/above n=5.*member 6/);
    expect(() => generation.checkCommitmentSet(parameters, all.slice(1))).toThrow(/come from 4/);
    expect(() => generation.checkCommitmentSet(parameters, [...all, all[0]!])).toThrow(
      'dealer: committed twice (by member 1)',
    );
  });

  it('refuses a share that is off the commitments, out of range, missing or doubled, and names its dealer', () => {
    const [first, ...rest] = toSecond;
    const off = { ...first!, share: scalarBytes(parseScalar(first!.share, 's') + 1n) };
    expect(() => checkDealtShare(all[0]!, off)).toThrow("share: is off the dealer's commitments (by member 1)");
    for (const share of [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(31)])
      expect(() => checkDealtShare(all[0]!, { ...first!, share })).toThrow('share: is out of range (by member 1)');
    const finish = (received: typeof toSecond) => () => generation.finish(parameters, dealings[1]!, all, received);
    expect(finish([off, ...rest])).toThrow(/member 1/);
    expect(finish(rest)).toThrow('share: came 0 times (by member 1)');
    expect(finish([first!, ...toSecond])).toThrow('share: came 2 times (by member 1)');
    expect(() => checkDealtShare(all[0]!, { ...first!, receiver: 3 })).toThrow(/off the dealer/);
  });

  it('neither deals nor finishes from another polynomial than the one it committed to', () => {
    const other = generation.deal(parameters, 2, new Uint8Array(32).fill(9));
    const refused = 'points: are not of the polynomial this node deals from';
    expect(() => generation.dealtShares(parameters, other, all)).toThrow(refused);
    expect(() => generation.finish(parameters, other, all, toSecond)).toThrow(refused);
  });

  it('any single changed bit of a dealt share is found', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...sent), (bit, share) => {
        const changed = share.share.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => checkDealtShare(all[share.dealer - 1]!, { ...share, share: changed })).toThrow(/share/);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses parameters outside t < n <= 2t-1', () => {
    const seed = new Uint8Array(32).fill(1);
    for (const [n, t] of [
      [3, 3],
      [6, 3],
      [2, 1],
    ] as const)
      expect(() => generation.deal({ ...parameters, n, threshold: t }, 1, seed)).toThrow(/t < n <= 2t-1/);
  });

  it('gives each dealer another key to seal to, and each share another context', () => {
    const seed = new Uint8Array(32).fill(1);
    const id = parameters.attemptId;
    const seeds = [1, 2, 3].map((dealer) => Buffer.from(shareKeySeed(id, dealer, 4, seed)).toString('hex'));
    expect(new Set(seeds).size).toBe(3);
    expect(shareContext(id, 1, 2)).not.toEqual(shareContext(id, 2, 1));
  });
});
