/** Cohorts (section 5): the registrar mints whole cohorts, and a lock's ring is the deed's whole cohort. */

import { concat, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { checkRecoverable, liftX } from './curve.js';
import { keccak256 } from './hash.js';

/** Deeds in a cohort, so members of a ring. */
export const COHORT_SIZE = 16;

/** One deed as the registry sees it. */
export interface CohortDeed {
  x: bigint;
  commitment: Uint8Array;
}

/** The deeds in the registry's order, ascending by x: random order, and it shows that no key repeats. */
export function inCohortOrder<D extends { x: bigint }>(deeds: readonly D[]): D[] {
  return [...deeds].sort((a, b) => (a.x < b.x ? -1 : a.x > b.x ? 1 : 0));
}

/**
 * Refuses what the registry would refuse: not 16 deeds, not strictly ascending, an x that is no deed key.
 *
 * @throws CryptoError `bad-cohort`, `bad-point`
 */
export function checkCohort(xs: readonly bigint[]): void {
  if (xs.length !== COHORT_SIZE)
    throw new CryptoError('bad-cohort', 'xs', `a cohort has ${COHORT_SIZE} deeds, this has ${xs.length}`);
  xs.forEach((x, i) => {
    if (i > 0 && x <= xs[i - 1]!) throw new CryptoError('bad-cohort', `xs[${i}]`, 'is not above the deed before it');
    checkRecoverable(liftX(x, `xs[${i}]`), `xs[${i}]`);
  });
}

/** keccak256 of the joined commitments, 32 bytes: what `lock` takes in their stead. */
export function commitmentsHash(commitments: readonly Uint8Array[]): Uint8Array {
  return keccak256(
    ...commitments.map((commitment, i) => {
      if (commitment.length !== 32) throw new CryptoError('bad-hash', `commitments[${i}]`, 'must be 32 bytes');
      return commitment;
    }),
  );
}

/** The registry's one word per cohort: keccak256(keccak256(xs) ‖ commitmentsHash). */
export function cohortWord(xs: readonly bigint[], hashOfCommitments: Uint8Array): Uint8Array {
  return keccak256(concat(keccak256(...xs.map((x) => u256(x))), hashOfCommitments));
}
