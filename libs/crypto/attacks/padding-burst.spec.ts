/**
 * Section 11, attack 16: padding minted when it is needed. A request brings a burst of deeds, and the one deed of the ring
 * that was there before is the real one. Guessing by age opened most of Monero’s early rings (Kumar
 * and others, ESORICS 2017). Cohorts are minted whole, by the clock and never by a request, in an order that says nothing.
 */

import { randomBytes } from 'node:crypto';
import { COHORT_SIZE, inCohortOrder, paddingDeed, toBigInt } from '../src/index.js';

interface Minted {
  x: bigint;
  real: boolean;
  mintedAt: number;
}
const trials = 2000;
const x = () => toBigInt(randomBytes(32));
const deed = (real: boolean, mintedAt: number): Minted => ({ x: x(), real, mintedAt });

/** How often the deed at the place that `guess` names is the one that is locked. */
function guessed(ring: () => Minted[], guess: (ring: readonly Minted[]) => Minted): number {
  let right = 0;
  for (let trial = 0; trial < trials; trial++) if (guess(ring()).real) right++;
  return right / trials;
}
const oldest = (ring: readonly Minted[]) => ring.reduce((a, b) => (b.mintedAt < a.mintedAt ? b : a));
const first = (ring: readonly Minted[]) => ring[0]!;
const last = (ring: readonly Minted[]) => ring.at(-1)!;

describe('the one real deed of a ring', () => {
  it('is the oldest where padding follows the request', () => {
    const burst = () => [deed(true, 1), ...Array.from({ length: COHORT_SIZE - 1 }, () => deed(false, 2))];
    expect(guessed(burst, oldest)).toBe(1);
  });

  it('is the first where padding fills up behind it', () => {
    const appended = () => [deed(true, 1), ...Array.from({ length: COHORT_SIZE - 1 }, () => deed(false, 1))];
    expect(guessed(appended, first)).toBe(1);
  });

  it('is any of them in a cohort: one time of minting, and an order by x', () => {
    const cohort = () =>
      inCohortOrder([deed(true, 1), ...Array.from({ length: COHORT_SIZE - 1 }, () => deed(false, 1))]);
    for (const guess of [oldest, first, last])
      expect(Math.abs(guessed(cohort, guess) - 1 / COHORT_SIZE)).toBeLessThan(0.04); // over seven standard deviations
  });

  it('does not show by its x either: a padding deed’s are spread as a hash is', () => {
    const high = Array.from({ length: 400 }, () => paddingDeed(randomBytes(32)).toAffine().x >> 255n === 1n);
    const share = high.filter(Boolean).length / high.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.2); // eight standard deviations
  });
});
