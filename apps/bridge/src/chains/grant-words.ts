/** Turns the contracts' values for a grant into the table's statuses, and combines the answers of several heads. Pure. */

import type { LockStruct, MappingStruct } from '@cpds/contracts';
import type { LockStatus, MappingStatus } from '../transfers/facts.js';

const closings = { Refunded: 'refunded', Revoked: 'revoked', GivenBack: 'given-back' } as const;

export function lockStatus({ status, reason }: Pick<LockStruct, 'status' | 'reason'>): LockStatus {
  if (status === 'None') return 'none';
  if (status === 'Locked') return 'locked';
  if (status === 'Void') return 'void';
  return reason === 'None' ? 'void' : closings[reason];
}

export function mappingStatus({ status, reason }: Pick<MappingStruct, 'status' | 'reason'>): MappingStatus {
  if (status === 'None') return 'none';
  if (status === 'Mapped') return 'mapped';
  if (status === 'Void') return 'void';
  return reason === 'None' ? 'void' : closings[reason];
}

const rank: Record<LockStatus | MappingStatus, number> = {
  none: 0,
  locked: 1,
  mapped: 1,
  refunded: 2,
  revoked: 3,
  'given-back': 3,
  void: 3,
};

/** Picks, of the states that several own nodes' heads show, the one that forbids most: a fact that forbids counts from the first block that shows it. */
export function mostForbidding<Status extends LockStatus | MappingStatus>(seen: readonly Status[]): Status {
  return seen.reduce((worst, next) => (rank[next] > rank[worst] ? next : worst));
}
