/**
 * Cohorts (section 5): the registrar mints whole cohorts, and a lock's ring is the deed's whole cohort.
 *
 * ```ts
 * import { checkCohort, COHORT_SIZE, inCohortOrder } from '@cpds/crypto/cohort';
 * import { paddingDeed } from '@cpds/crypto/ring';
 * import { randomBytes } from 'node:crypto';
 *
 * const deeds = Array.from({ length: COHORT_SIZE }, () => paddingDeed(randomBytes(32)).toAffine());
 * const xs = inCohortOrder(deeds).map(({ x }) => x);
 * checkCohort(xs); // undefined
 * ```
 */

import { checkBytes, checkList, concat, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { checkRecoverable, checkScalar, liftX } from './curve.js';
import { keccak256 } from './hash.js';

/** Deeds in a cohort, so members of a ring. */
export const COHORT_SIZE = 16;

/** Most deeds that a list may hold, as many as a ring; a longer one is refused unread. */
const MOST_DEEDS = 256;

/** One deed as the registry sees it. */
export interface CohortDeed {
  x: bigint;
  commitment: Uint8Array;
}

/** The deeds in the registry's order, ascending by x: an order that tells nothing of the deeds, and shows that no key repeats. */
export function inCohortOrder<D extends { x: bigint }>(deeds: readonly D[]): D[] {
  return [...checkList(deeds, 'deeds', MOST_DEEDS)].sort((a, b) => (a.x < b.x ? -1 : a.x > b.x ? 1 : 0));
}

/**
 * Refuses what the registry would refuse: not 16 deeds, not strictly ascending, an x that is no deed key.
 *
 * @throws CryptoError `bad-cohort`, `bad-point`
 */
export function checkCohort(xs: readonly bigint[]): void {
  if (checkList(xs, 'xs', MOST_DEEDS).length !== COHORT_SIZE)
    throw new CryptoError('bad-cohort', 'xs', `a cohort has ${COHORT_SIZE} deeds, this has ${xs.length}`);
  xs.forEach((x, i) => {
    if (i > 0 && x <= xs[i - 1]!) throw new CryptoError('bad-cohort', `xs[${i}]`, 'is not above the deed before it');
    checkRecoverable(liftX(x, `xs[${i}]`), `xs[${i}]`);
  });
}

/** keccak256 of the joined commitments, 32 bytes; `lock` takes this in place of the commitments. */
export function commitmentsHash(commitments: readonly Uint8Array[]): Uint8Array {
  return keccak256(
    ...checkList(commitments, 'commitments', MOST_DEEDS).map((commitment, i) => {
      if (checkBytes(commitment, `commitments[${i}]`).length !== 32)
        throw new CryptoError('bad-hash', `commitments[${i}]`, 'must be 32 bytes');
      return commitment;
    }),
  );
}

/** The registry's one word per cohort: keccak256(keccak256(xs) ‖ commitmentsHash). */
export function cohortWord(xs: readonly bigint[], hashOfCommitments: Uint8Array): Uint8Array {
  const hashOfXs = keccak256(...checkList(xs, 'xs', MOST_DEEDS).map((x, i) => u256(checkScalar(x, `xs[${i}]`))));
  return keccak256(concat(hashOfXs, checkBytes(hashOfCommitments, 'commitmentsHash', 32)));
}
