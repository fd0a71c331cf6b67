/**
 * The raised threshold: a dealer commits to one coefficient too many. All shares lie on its commitments, and t of them no
 * longer give the key. Several implementations of Pedersen's generation took it (Trail of Bits, "Breaking the shared keys
 * in threshold signature schemes", February 2024).
 */

import { compressed, G, N } from '../src/curve.js';
import * as generation from '../src/generation.js';
import { commitmentAt } from '../src/group.js';
import { lagrangeAtZero } from '../src/partial.js';
import { attempt, dealAll } from '../src/threshold/test-group.js';

const parameters = attempt('long commitments', 3, 2);
const { all } = dealAll(parameters);

describe('a commitment vector of t + 1 entries', () => {
  const coefficients = [11n, 22n, 33n];
  const points = coefficients.map((one) => G.multiply(one));
  const share = (i: number) => (coefficients[0]! + coefficients[1]! * BigInt(i) + coefficients[2]! * BigInt(i * i)) % N;
  const interpolate = (members: readonly number[]) =>
    members.reduce((sum, i) => (sum + lagrangeAtZero(i, members) * share(i)) % N, 0n);

  it('has shares that verify one by one, of which t give a wrong secret and t + 1 the right one', () => {
    for (const i of [1, 2, 3]) expect(G.multiply(share(i)).equals(commitmentAt(points, i))).toBe(true);
    expect(interpolate([1, 2])).not.toBe(coefficients[0]);
    expect(interpolate([1, 2, 3])).toBe(coefficients[0]);
  });

  it('is refused, and so is one of t − 1, and the dealer is named', () => {
    const [dealer] = all;
    const longer = { ...dealer!, points: [...dealer!.points, compressed(points[2]!)] };
    expect(() => generation.checkCommitments(parameters, longer)).toThrow(
      'points: must be exactly 2, are 3 (by member 1)',
    );
    expect(() => generation.checkCommitmentSet(parameters, [longer, all[1]!, all[2]!])).toThrow('(by member 1)');
    expect(() => generation.checkCommitments(parameters, { ...dealer!, points: dealer!.points.slice(0, 1) })).toThrow(
      'points: must be exactly 2, are 1 (by member 1)',
    );
  });
});
