import { attemptId, type AttemptParameters, type KeyPurpose } from '@cpds/contracts';

/** The roster that this node's operator is willing to sign: accounts on the hub, in the order of their identifiers. */
export interface ConfiguredRoster {
  accounts: readonly string[];
  threshold: number;
  /** an attempt may be smaller than the roster after an exclusion, but not smaller than this */
  nMin: number;
}

/** An attempt as it was proposed on the hub. */
export interface ProposedAttempt {
  attemptId: string;
  counter: bigint;
  purpose: KeyPurpose;
  roster: readonly string[];
  t: number;
  nMin: number;
  phaseSeconds: number;
}

/** The registry's own limit: a longer phase would leave the purpose without a key for that time. */
const maxPhaseSeconds = 86_400;

/**
 * Why this node does not sign an attempt, or null when it does: the id must follow from the parameters, the roster be
 * the configured one, or in the same order the members that an exclusion left of it, the threshold the configured one,
 * and a phase no longer than a day (protocol section 3; section 11, attack 17).
 */
export function rosterFault(
  proposed: ProposedAttempt,
  configured: ConfiguredRoster,
  hub: { uid: string; registry: string },
): string | null {
  const roster = proposed.roster.map((account) => account.toLowerCase());
  const known = configured.accounts.map((account) => account.toLowerCase());
  const parameters: AttemptParameters = {
    purpose: proposed.purpose,
    roster,
    t: proposed.t,
    nMin: proposed.nMin,
    phaseSeconds: proposed.phaseSeconds,
  };
  if (attemptId(hub.uid, hub.registry, proposed.counter, parameters) !== proposed.attemptId)
    return 'the attempt id does not follow from its parameters';
  if (proposed.t !== configured.threshold) return `its threshold is ${proposed.t}, not ${configured.threshold}`;
  if (proposed.phaseSeconds > maxPhaseSeconds)
    return `its phases last ${proposed.phaseSeconds} s, longer than ${maxPhaseSeconds}`;
  if (roster.length < configured.nMin) return `its roster has ${roster.length} members, fewer than ${configured.nMin}`;
  const places = roster.map((account) => known.indexOf(account));
  if (places.includes(-1)) return 'its roster names an account that is not configured';
  if (places.some((place, i) => i > 0 && place <= places[i - 1]!)) return 'its roster is not in the configured order';
  return null;
}
