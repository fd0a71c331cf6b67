import { ascii, concat, toBigInt, u256 } from '@cpds/crypto/bytes';
import { checkCohort, COHORT_SIZE, commitmentsHash, inCohortOrder } from '@cpds/crypto/cohort';
import { toCurve } from '@cpds/crypto/curve';
import { assert } from '@cpds/errors';

/** A deed as it goes into a cohort. */
export interface CohortMember {
  x: Uint8Array;
  y: Uint8Array;
  commitment: Uint8Array;
}

/** A pending deed and its patient. */
export interface PendingDeed extends CohortMember {
  patientId: string;
}

/** Fresh uniform bytes. */
export type Random = (length: number) => Uint8Array;

/** A cohort ready to mint: sixteen deeds in the registry's order, and those of them that are new padding. */
export interface Assembled {
  members: CohortMember[];
  padding: CohortMember[];
  /** keccak256 of the joined commitments, in that order */
  commitmentsHash: Uint8Array;
}

/** The deeds that go together: oldest first, at most one of each patient, at most a cohort (protocol section 5). */
export function choose<D extends { patientId: string }>(oldestFirst: readonly D[]): D[] {
  const seen = new Set<string>();
  const chosen: D[] = [];
  for (const deed of oldestFirst) {
    if (chosen.length === COHORT_SIZE) break;
    if (seen.has(deed.patientId)) continue;
    seen.add(deed.patientId);
    chosen.push(deed);
  }
  return chosen;
}

/**
 * Fills `real` up with padding and puts all into ascending x. That order is random, so a deed's place tells nothing.
 *
 * Padding is a point to which nobody has a key, with a random commitment: to all but this registrar it is a deed.
 */
export function assemble(real: readonly CohortMember[], random: Random): Assembled {
  assert(real.length > 0 && real.length <= COHORT_SIZE, 'a cohort holds 1 to 16 real deeds');
  const padding = Array.from({ length: COHORT_SIZE - real.length }, () => paddingDeed(random));
  const members = inCohortOrder([...real, ...padding].map((deed) => ({ ...deed, x: toBigInt(deed.x) })));
  checkCohort(members.map(({ x }) => x));
  return {
    members: members.map(({ x, y, commitment }) => ({ x: u256(x), y, commitment })),
    padding,
    commitmentsHash: commitmentsHash(members.map(({ commitment }) => commitment)),
  };
}

/** x = toCurve("cpds/v1/padding" ‖ 32 random bytes), y even, a random commitment (protocol section 12). */
export function paddingDeed(random: Random): CohortMember {
  const { x, y } = toCurve(concat(ascii('cpds/v1/padding'), random(32))).point.toAffine();
  return { x: u256(x), y: u256(y), commitment: random(32) };
}
