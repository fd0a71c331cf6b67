/**
 * t − 1 shares. They fit every secret equally, so long as a polynomial's coefficients are drawn for it alone. HTC's Exodus
 * phone drew them from a generator that repeated itself, and two trustees, then one, of three had the seed (Ledger Donjon,
 * 2019). Here a polynomial follows from one seed, one attempt and its sizes, so no two share a coefficient.
 */

import { compressed, G, N, parseScalar } from '../src/curve.js';
import * as generation from '../src/generation.js';
import { sha256 } from '../src/hash.js';
import { lagrangeAtZero } from '../src/partial.js';
import { attempt, dealAll, generate, subsets } from '../src/threshold/test-group.js';

const interpolate = (shares: ReadonlyMap<number, bigint>) =>
  [...shares].reduce((sum, [i, y]) => (sum + lagrangeAtZero(i, [...shares.keys()]) * y) % N, 0n);

describe('t − 1 shares', () => {
  it('give the secret of another sharing as soon as two share their coefficients', () => {
    const slope = 99n; // used twice
    const [known, secret] = [1234n, 4711n];
    const [shareOfKnown, shareOfSecret] = [known, secret].map((one) => (one + slope * 3n) % N) as [bigint, bigint];
    expect((N + shareOfSecret - shareOfKnown + known) % N).toBe(secret);
  });

  it('fit any secret whatever', () => {
    const shares = generate(attempt('too few', 3, 2));
    const [only] = shares;
    const y = parseScalar(only!.secret, 'share');
    for (const guess of [1n, 4711n, N - 1n]) {
      // the line through (0, guess) and the known share: its value at 2 is a share like any other
      const other = (guess + (N + y - guess) * 2n) % N;
      expect(interpolate(new Map([[1, y], [2, other]]))).toBe(guess); // prettier-ignore
    }
    for (const some of subsets(shares, 1)) {
      const alone = interpolate(new Map(some.map((one) => [one.index, parseScalar(one.secret, 'share')])));
      expect(compressed(G.multiply(alone))).not.toEqual(only!.group.publicKey);
    }
  });
});

describe('coefficients', () => {
  it('are never shared: not by attempts, dealers or sizes of one seed, nor within a polynomial', () => {
    const seed = sha256();
    const points = [attempt('a', 3, 2), attempt('b', 3, 2), attempt('a', 5, 3), attempt('a', 4, 3)].flatMap(
      (parameters) => [1, 2, 3].flatMap((dealer) => generation.deal(parameters, dealer, seed).commitments.points),
    );
    expect(new Set(points.map(String)).size).toBe(3 * (2 + 2 + 3 + 3));
  });

  it('leave two dealings of one member as far apart as any two', () => {
    const [first, second] = [attempt('first', 3, 2), attempt('second', 3, 2)].map((parameters) => {
      const seeded = dealAll(parameters);
      const own = generation.deal(parameters, 1, sha256());
      const all = [own, ...seeded.dealings.slice(1)].map((dealing) => dealing.commitments);
      return generation.dealtShares(parameters, own, all).map(({ share }) => parseScalar(share, 'share'));
    });
    // the differences at 2 and at 3 would be one number if the slopes were one
    const differences = first!.map((share, i) => (N + share - second![i]!) % N);
    expect(differences[0]).not.toBe(differences[1]);
  });
});
