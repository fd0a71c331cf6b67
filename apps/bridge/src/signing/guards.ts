/**
 * Decides whether a storeman signs or refuses: the guards of the transfer table's lines Mint, NotMapped and release.
 * Pure. A fact that allows must be final, a fact that forbids counts at a glance and is looked at first (protocol
 * section 7).
 */

import type { Grant, TransferState } from '@cpds/messages';
import type { Hospital } from '../chains/consortium-view.js';
import { earliestClock, type Facts } from '../transfers/facts.js';

/** `yes` with the block hashes it rests on; a verdict the storeman signs; or why it cannot say anything now. */
export type GuardOutcome =
  | { outcome: 'yes'; lockBlock: string; mintBlock: string | null }
  | { outcome: 'answer'; verdict: 'mapped' | 'wait' | 'revoked' | 'expired' }
  | { outcome: 'unavailable'; reason: string };

/** The facts that a guard decides on. */
export interface GuardInput {
  grant: Grant;
  facts: Facts;
  /** state of this storeman's own row, null while it has none */
  rowState: TransferState | null;
  /** the row closes or closed for a revoke or a give-back: a statement is held, or was seen */
  isRevoked: boolean;
  home: Hospital;
  destination: Hospital;
  /** w of the hub, seconds */
  hubW: number;
}

const yes = (lockBlock: string, mintBlock: string | null = null): GuardOutcome => ({
  outcome: 'yes',
  lockBlock,
  mintBlock,
});
const answer = (verdict: 'mapped' | 'wait' | 'revoked' | 'expired'): GuardOutcome => ({ outcome: 'answer', verdict });
const unavailable = (reason: string): GuardOutcome => ({ outcome: 'unavailable', reason });

const closedStatuses: readonly string[] = ['revoked', 'given-back', 'void'];

/** A fact that forbids, from the first block or statement that shows it; before any chain is found unreliable. */
function forbids({ grant, facts, isRevoked, rowState }: GuardInput): GuardOutcome | null {
  const { home, destination } = facts;
  const seen = [home?.head.status, home?.final.status, destination?.head.status, destination?.final.status];
  if (isRevoked || seen.some((status) => closedStatuses.includes(status ?? ''))) return answer('revoked');
  if (earliestClock(facts) >= grant.notAfter) return answer('expired');
  if (rowState === 'halted') return unavailable('this transfer is halted');
  return null;
}

/** The grant names contracts that the hub has for these chains. */
function namesRegistered({ grant, home, destination }: GuardInput): boolean {
  return home.lockedAccounts.includes(grant.lockedAccount) && destination.allMappedDeeds.includes(grant.mappedDeeds);
}

/** A share of `Mint`: yes Locked; yes Vouched; not no; hd(B) and own clock < mintBefore − w(B); not paused. */
export function mayMint(input: GuardInput): GuardOutcome {
  const outcome = mayOpenMint(input);
  return outcome.outcome === 'yes' && !input.facts.hub?.vouched ? answer('wait') : outcome;
}

/** Nonces for a share of `Mint`, which reveal nothing. Needs all that the share needs except the vouches, which may come meanwhile. */
export function mayOpenMint(input: GuardInput): GuardOutcome {
  const { grant, facts } = input;
  const no = forbids(input);
  if (no) return no;
  if (!namesRegistered(input)) return unavailable('the grant names a contract that is not registered');
  const { home, destination, hub } = facts;
  if (!home || !destination || !hub) return unavailable('a chain cannot be relied on just now');
  if (destination.head.status === 'mapped' || destination.final.status === 'mapped') return answer('mapped');
  if (home.final.status !== 'locked' || home.head.status !== 'locked' || !home.written) return answer('wait');
  if (!hub.fresh) return unavailable("the hub's head is stale");
  if (hub.paused) return unavailable('a hospital of this grant is paused');
  const times = input.home.w + input.hubW + input.destination.w;
  if (home.written.block.timestamp + times > grant.mintBefore)
    return unavailable('the lock came too late for its mintBefore');
  const latest = grant.mintBefore - input.destination.w;
  if (destination.head.block.timestamp >= latest || facts.now >= latest) return unavailable('it is too late to mint');
  return yes(home.written.block.hash);
}

/**
 * A share of `NotMapped`: a final block of B has timestamp ≥ mintBefore, and B's state there is None. A mapping, closed or
 * not, answers `mapped`. Void is a revoke: it forbids first (invariant I7), and a revoked lock needs no refund.
 */
export function mayDenyMapping(input: GuardInput): GuardOutcome {
  const { grant, facts } = input;
  if (['mapped', 'revoked', 'given-back'].includes(facts.destination?.final.status ?? '')) return answer('mapped');
  const no = forbids(input);
  if (no) return no;
  if (!namesRegistered(input)) return unavailable('the grant names a contract that is not registered');
  const { home, destination } = facts;
  if (!home || !destination) return unavailable('a chain cannot be relied on just now');
  if (home.final.status !== 'locked' || !home.written) return answer('wait');
  if (destination.head.status !== 'none' || destination.final.block.timestamp < grant.mintBefore) return answer('wait');
  return yes(home.written.block.hash);
}

/** A partial: yes Locked; yes Mapped; not no; earliest clock < notAfter. The hub may be as old as it likes. */
export function mayRelease(input: GuardInput): GuardOutcome {
  const { facts } = input;
  const no = forbids(input);
  if (no) return no;
  if (!namesRegistered(input)) return unavailable('the grant names a contract that is not registered');
  const { home, destination, hub } = facts;
  // a pause forbids at a glance; a hub that does not answer stops no release (section 7, "Races")
  if (hub?.paused) return unavailable('a hospital of this grant is paused');
  if (!home || !destination) return unavailable('a chain cannot be relied on just now');
  if (home.final.status !== 'locked' || home.head.status !== 'locked' || !home.written) return answer('wait');
  if (destination.final.status !== 'mapped' || destination.head.status !== 'mapped' || !destination.written)
    return answer('wait');
  return yes(home.written.block.hash, destination.written.block.hash);
}
