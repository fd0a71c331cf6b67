/**
 * Section 11, attack 6: shares dealt as λ_i·y_i before it is known who deals. λ_i belongs to a set of dealers; when one
 * of them is convicted, the others have dealt for a set that no longer exists, and their shares add up to another key.
 * Exchanges' wallets lost keys by a reshare that some members held for done and others did not (Aumasson and
 * Shlomovits, ePrint 2020/1052).
 */

import { N, parseScalar } from '../src/curve.js';
import { lagrangeAtZero } from '../src/partial.js';
import { attempt, generate, subsets } from '../src/threshold/test-group.js';

const shares = generate(attempt('early lambda', 4, 3));
const secretOf = (index: number) => parseScalar(shares[index - 1]!.secret, 'share');
const sum = (terms: readonly bigint[]) => terms.reduce((total, term) => (total + term) % N, 0n);
const weighted = (index: number, dealers: readonly number[]) => (lagrangeAtZero(index, dealers) * secretOf(index)) % N;
const planned = [1, 2, 3];
const key = sum(planned.map((index) => weighted(index, planned)));

describe('λ_i·y_i dealt for a set of dealers', () => {
  it('adds up to the key when all of them deal, and to another when one is replaced', () => {
    const agreed = [1, 3, 4]; // 2 was convicted
    const dealt = [weighted(1, planned), weighted(3, planned), weighted(4, [1, 2, 4])];
    expect(sum(dealt)).not.toBe(key);
    expect(sum(agreed.map((index) => weighted(index, agreed)))).toBe(key);
  });
});

describe('y_i dealt, and λ_i applied to whoever has dealt', () => {
  it('adds up to the key for every set of t', () => {
    const sets = subsets([1, 2, 3, 4], 3);
    expect(sets).toHaveLength(4);
    for (const dealers of sets) expect(sum(dealers.map((index) => weighted(index, dealers)))).toBe(key);
  });
});
