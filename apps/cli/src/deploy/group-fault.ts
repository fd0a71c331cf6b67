import type { GroupStruct } from '@cpds/contracts';

/** The members that must hold a group's key: gas accounts in the order of their identifiers, and how many act together. */
export interface ExpectedGroup {
  readonly roster: readonly string[];
  readonly threshold: number;
}

/**
 * Why a group on the hub is not the expected one, or null when it is. One owner alone can propose a roster, so the
 * members of a key are checked: that the registry lists it under a purpose is not enough.
 */
export function groupFault(
  { memberAccounts, t }: Pick<GroupStruct, 'memberAccounts' | 't'>,
  { roster, threshold }: ExpectedGroup,
): string | null {
  if (t !== BigInt(threshold)) return `its threshold is ${t}, not ${threshold}`;
  const place = Array.from({ length: Math.max(roster.length, memberAccounts.length) }, (_, i) => i).find(
    (i) => memberAccounts[i]?.toLowerCase() !== roster[i]?.toLowerCase(),
  );
  if (place === undefined) return null;
  return `member ${place + 1} is ${memberAccounts[place] ?? 'nobody'}, not ${roster[place] ?? 'nobody'}`;
}
