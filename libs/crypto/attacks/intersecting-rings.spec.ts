/**
 * Section 11, attack 11: rings drawn afresh for every lock. Two of one deed have little in common but the deed. Most of
 * Monero's early rings were opened so, by what else was known of their members (Möser and others, PETS 2018). A ring here is
 * the deed's whole cohort, the same each time and for all its deeds.
 */

import { randomBytes, randomInt } from 'node:crypto';
import { toBigInt, toHex } from '../src/bytes.js';
import { COHORT_SIZE, inCohortOrder } from '../src/cohort.js';
import { ringHash } from '../src/ring.js';

const cohorts = Array.from({ length: 40 }, () =>
  inCohortOrder(Array.from({ length: COHORT_SIZE }, () => ({ x: toBigInt(randomBytes(32)) }))).map(({ x }) => x),
);
const population = cohorts.flat();
const draw = <T>(from: readonly T[]): T => from[randomInt(from.length)]!;
const trials = 2000;

/** How often somebody is right who sees `locks` rings of one deed and guesses among the deeds that all of them hold. */
function guessed(locks: number, ringOf: (deed: bigint) => readonly bigint[]): number {
  let right = 0;
  for (let trial = 0; trial < trials; trial++) {
    const deed = draw(population);
    const rings = Array.from({ length: locks }, () => new Set(ringOf(deed)));
    const common = [...rings[0]!].filter((x) => rings.every((ring) => ring.has(x)));
    if (draw(common) === deed) right++;
  }
  return right / trials;
}

describe('two locks of one deed', () => {
  it('have its owner guessed where each draws its ring', () => {
    const fresh = (deed: bigint) => [deed, ...Array.from({ length: COHORT_SIZE - 1 }, () => draw(population))];
    expect(guessed(2, fresh)).toBeGreaterThan(0.7);
    expect(guessed(3, fresh)).toBeGreaterThan(0.95);
  });

  it('have it guessed at 1/k, however many they are, where the ring is the cohort', () => {
    const home = new Map(cohorts.flatMap((xs) => xs.map((x) => [x, xs] as const)));
    for (const locks of [1, 2, 20]) {
      const p = guessed(locks, (deed) => home.get(deed)!);
      expect(Math.abs(p - 1 / COHORT_SIZE)).toBeLessThan(0.05); // over nine standard deviations
    }
  });

  it('show one ring for all deeds of the cohort, told apart by the slot alone', () => {
    const [xs] = cohorts;
    expect(toHex(ringHash(3, xs!))).toBe(
      toHex(
        ringHash(
          3,
          inCohortOrder(xs!.map((x) => ({ x }))).map(({ x }) => x),
        ),
      ),
    );
    expect(toHex(ringHash(3, xs!))).not.toBe(toHex(ringHash(4, xs!)));
  });
});
