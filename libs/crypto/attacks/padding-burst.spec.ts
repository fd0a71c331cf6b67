/**
 * Section 11, attack 16: padding minted when it is needed. A request brings a burst of deeds, and the one deed of the ring
 * that was there before is the real one. Guessing by age opened most of Monero’s early rings (Kumar
 * and others, ESORICS 2017). Cohorts are minted whole, by the clock and never by a request, in an order that says nothing.
 */

import { randomBytes, randomInt } from 'node:crypto';
import { COHORT_SIZE, inCohortOrder } from '../src/cohort.js';
import { paddingDeed } from '../src/ring.js';

interface Minted {
  x: bigint;
  real: boolean;
  mintedAt: number;
}
const deed = (real: boolean, mintedAt: number): Minted => ({ x: BigInt(randomInt(2 ** 47)), real, mintedAt });

/** How often the deed that `guess` names is the one that is locked. */
function guessed(rings: readonly Minted[][], guess: (ring: readonly Minted[]) => Minted): number {
  return rings.filter((ring) => guess(ring).real).length / rings.length;
}
const times = (count: number, ring: () => Minted[]) => Array.from({ length: count }, ring);
const oldest = (ring: readonly Minted[]) => ring.reduce((a, b) => (b.mintedAt < a.mintedAt ? b : a));
const first = (ring: readonly Minted[]) => ring[0]!;
const last = (ring: readonly Minted[]) => ring.at(-1)!;

describe('the one real deed of a ring', () => {
  it('is the oldest where padding follows the request', () => {
    const burst = () => [deed(true, 1), ...Array.from({ length: COHORT_SIZE - 1 }, () => deed(false, 2))];
    expect(guessed(times(20, burst), oldest)).toBe(1);
  });

  it('is the first where padding fills up behind it', () => {
    const appended = () => [deed(true, 1), ...Array.from({ length: COHORT_SIZE - 1 }, () => deed(false, 1))];
    expect(guessed(times(20, appended), first)).toBe(1);
  });

  it('is any of them in a cohort: one time of minting, and an order by x', () => {
    const cohort = () =>
      inCohortOrder([deed(true, 1), ...Array.from({ length: COHORT_SIZE - 1 }, () => deed(false, 1))]);
    const cohorts = times(2000, cohort);
    for (const guess of [oldest, first, last])
      expect(Math.abs(guessed(cohorts, guess) - 1 / COHORT_SIZE)).toBeLessThan(0.05); // over nine standard deviations
  });

  it('does not show by its x either: a padding deed’s are spread as a hash is', () => {
    const high = Array.from({ length: 256 }, () => paddingDeed(randomBytes(32)).toAffine().x >> 255n === 1n);
    const share = high.filter(Boolean).length / high.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.25); // eight standard deviations
  });
});
