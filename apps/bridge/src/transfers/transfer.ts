/**
 * The transfer table of protocol section 7, for all roles: what moves a grant from state to state, and nothing else.
 *
 * Pure. Each line is a line of the table. `decide` takes the first line whose role, state, event and guard fit. Checks
 * of what comes from outside (a consent, a grant, an answer) are in `../requests/` and `../grants/` and happen before
 * the event is raised; sending is a standing duty of the state that is reached (`duties.ts`), repeated until the chain
 * shows its effect, so that a process killed at any line picks up where the row says it was.
 *
 * Rows record final facts only, whenever they are seen: a lock or mint that is reorged away above finality moves no row
 * back, since the sender sends the same bytes again, and a final mapping moves B and S from every earlier open state.
 */

import type { CloseReason, Grant, TransferState } from '@cpds/messages';
import { earliestClock, type Facts, type HomeFacts, type ChainFacts, type MappingStatus } from './facts.js';

/** A: home hospital, B: requesting hospital, V: voucher, S: storeman. */
export type Role = 'A' | 'B' | 'V' | 'S';

/** What a row must tell for a decision. `grant` is null only in `requested`. */
export interface TransferSnapshot {
  role: Role;
  state: TransferState;
  /** why a closing or closed row closes */
  closeReason: CloseReason | null;
  /** the state to go back to from `halted` */
  haltedFrom: TransferState | null;
  grant: Grant | null;
  requestExpires: number;
  /** how often a lock was sent again after a revert that nothing explains */
  lockResends: number;
  /** a statement signed by revoker or q is held */
  holdsStatement: boolean;
}

/** What can happen to a row. `facts`: the chains or a clock moved; the others are messages that passed their checks. */
export type TransferEvent =
  | { type: 'facts' }
  | { type: 'consent' }
  | { type: 'grant' }
  | { type: 'grant-refused' }
  | { type: 'not-granted' }
  | { type: 'answer'; accepted: boolean }
  | { type: 'mint-signed' }
  | { type: 'share-signed' }
  | { type: 'not-mapped-signed' }
  | { type: 'seen-mapped' }
  | { type: 'released' }
  | { type: 'opened' }
  | { type: 'statement'; kind: 'revoke' | 'give-back' }
  | { type: 'equivocation' }
  | { type: 'resume' };

export interface Decision {
  next: TransferState;
  closeReason: CloseReason | null;
  /** the line that decided, for the log and for `transfer show` */
  because: string;
}

interface Line {
  roles: readonly Role[];
  from: readonly TransferState[];
  on: TransferEvent['type'];
  because: string;
  when?: (t: TransferSnapshot & { grant: Grant }, facts: Facts, event: TransferEvent) => boolean;
  to: TransferState | ((t: TransferSnapshot) => TransferState);
  close?: CloseReason | ((t: TransferSnapshot, facts: Facts, event: TransferEvent) => CloseReason);
}

const bothHospitals: readonly Role[] = ['A', 'B'];
const everyRole: readonly Role[] = ['A', 'B', 'V', 'S'];

/** States in which a grant can still lead to a disclosure. */
export const openStates: readonly TransferState[] = [
  'consented',
  'lock-sent',
  'locked',
  'vouched',
  'mint-sent',
  'mapped',
  'released',
  'opened',
  'refunding',
];

const finalLock = (facts: Facts) => facts.home?.final.status;
const finalMapping = (facts: Facts) => facts.destination?.final.status;
const finalTime = (chain: HomeFacts | ChainFacts<MappingStatus> | undefined) => chain?.final.block.timestamp ?? 0;
const isLocked = (facts: Facts) => finalLock(facts) === 'locked';
const isMapped = (facts: Facts) => finalMapping(facts) === 'mapped';
const isVouched = (facts: Facts) => facts.hub?.vouched === true;

/** A revoke or give-back that the head of either chain shows: a fact that forbids counts at a glance. */
function seenClosed(facts: Facts): 'revoked' | 'given-back' | undefined {
  const seen = [facts.home?.head.status, facts.destination?.head.status, finalLock(facts), finalMapping(facts)];
  if (seen.includes('revoked') || seen.includes('void')) return 'revoked';
  return seen.includes('given-back') ? 'given-back' : undefined;
}

/** What A's chain says of a lock that is over. */
function lockClose(status: string | undefined): CloseReason | undefined {
  if (status === 'refunded' || status === 'revoked' || status === 'given-back') return status;
  return status === 'void' ? 'revoked' : undefined;
}

/** Closed, Void, or too late for lock or mint: on this chain nothing can come of the grant any more. */
const homeIsOver = (t: { grant: Grant }, facts: Facts): boolean =>
  lockClose(finalLock(facts)) !== undefined ||
  (finalLock(facts) === 'none' && finalTime(facts.home) >= t.grant.lockBefore);
const destinationIsOver = (t: { grant: Grant }, facts: Facts): boolean =>
  ['revoked', 'given-back', 'void'].includes(finalMapping(facts) ?? '') ||
  (finalMapping(facts) === 'none' && finalTime(facts.destination) >= t.grant.mintBefore);

/** Each role closes on the chains it reads: A the home chain, V too, B and S both. */
function readChainsAreOver(t: TransferSnapshot & { grant: Grant }, facts: Facts): boolean {
  if (t.role === 'A' || t.role === 'V') return homeIsOver(t, facts);
  return homeIsOver(t, facts) && destinationIsOver(t, facts);
}

const ownFinalTime = (t: TransferSnapshot, facts: Facts) =>
  t.role === 'B' ? finalTime(facts.destination) : finalTime(facts.home);

export const transferTable: readonly Line[] = [
  // Messages that arrive before anything is locked.
  { roles: ['A'], from: ['requested'], on: 'consent', because: 'the patient consented', to: 'consented' },
  { roles: ['B'], from: ['requested'], on: 'grant', because: 'the grant fits the request', to: 'consented' },
  {
    roles: ['B'],
    from: ['requested'],
    on: 'grant-refused',
    because: 'the grant failed a check',
    to: 'closed',
    close: 'refused',
  },
  {
    roles: ['B'],
    from: ['requested'],
    on: 'not-granted',
    because: 'A says not granted',
    to: 'closed',
    close: 'not-granted',
  },
  {
    roles: bothHospitals,
    from: ['requested'],
    on: 'facts',
    because: 'the request expired',
    when: (t, facts) => facts.now >= t.requestExpires,
    to: 'closed',
    close: 'not-granted',
  },
  {
    roles: ['A'],
    from: ['consented'],
    on: 'answer',
    because: 'B accepted the grant',
    when: (_t, _facts, event) => event.type === 'answer' && event.accepted,
    to: 'lock-sent',
  },
  {
    roles: ['A'],
    from: ['consented'],
    on: 'answer',
    because: 'B refused the grant',
    when: (_t, _facts, event) => event.type === 'answer' && !event.accepted,
    to: 'closed',
    close: 'refused',
  },

  // Revoke and give-back: a statement held, or one that either chain shows, forbids from now on.
  {
    roles: everyRole,
    from: openStates,
    on: 'statement',
    because: 'a revoke statement is held',
    when: (_t, _facts, event) => event.type === 'statement' && event.kind === 'revoke',
    to: 'closing',
    close: 'revoked',
  },
  {
    roles: everyRole,
    from: openStates,
    on: 'statement',
    because: 'a give-back statement is held',
    when: (_t, _facts, event) => event.type === 'statement' && event.kind === 'give-back',
    to: 'closing',
    close: 'given-back',
  },
  {
    roles: everyRole,
    from: ['closing'],
    on: 'statement',
    // only a node that holds it can close the other chain
    because: 'the statement comes after a chain showed its end',
    when: (t) => !t.holdsStatement,
    to: 'closing',
    close: (t, _facts, event) =>
      t.closeReason ?? (event.type === 'statement' && event.kind === 'give-back' ? 'given-back' : 'revoked'),
  },
  {
    roles: everyRole,
    from: ['halted'],
    on: 'statement',
    because: 'a statement is held while halted',
    to: 'halted',
    close: (_t, _facts, event) => (event.type === 'statement' && event.kind === 'give-back' ? 'given-back' : 'revoked'),
  },
  {
    roles: everyRole,
    from: [...openStates, 'closing'],
    on: 'equivocation',
    because: 'a chain contradicts itself',
    to: 'halted',
  },
  {
    roles: everyRole,
    from: ['halted'],
    on: 'resume',
    because: 'the operator accepted the new history',
    to: (t) => (t.closeReason ? 'closing' : (t.haltedFrom ?? 'closing')),
    close: (t) => t.closeReason ?? 'expired',
  },
  {
    roles: everyRole,
    from: ['closing'],
    on: 'facts',
    because: 'closed on every chain this role reads',
    when: readChainsAreOver,
    to: 'closed',
    close: (t) => t.closeReason ?? 'revoked',
  },
  {
    roles: ['A', 'B', 'S'],
    from: ['locked', 'vouched', 'mint-sent', 'mapped', 'released', 'opened', 'refunding'],
    on: 'facts',
    because: "A's chain says refunded",
    when: (_t, facts) => finalLock(facts) === 'refunded',
    to: 'closed',
    close: 'refunded',
  },
  {
    roles: ['V'],
    from: ['locked'],
    on: 'facts',
    because: 'the own vouch is final, or the lock is closed',
    when: (_t, facts) => facts.hub?.ownVouch === true || lockClose(finalLock(facts)) !== undefined,
    to: 'closed',
    close: 'done',
  },
  {
    roles: everyRole,
    from: openStates,
    on: 'facts',
    because: 'a chain shows the grant revoked or given back',
    when: (_t, facts) => seenClosed(facts) !== undefined,
    to: 'closing',
    close: (_t, facts) => seenClosed(facts) ?? 'revoked',
  },
  {
    roles: everyRole,
    from: [...openStates, 'closing', 'halted'],
    on: 'facts',
    because: 'notAfter passed on the own chain',
    when: (t, facts) => earliestClock(facts) >= t.grant.notAfter && ownFinalTime(t, facts) >= t.grant.notAfter,
    to: 'closed',
    close: (t) => t.closeReason ?? 'expired',
  },

  // Lock.
  {
    roles: bothHospitals,
    from: ['consented', 'lock-sent'],
    on: 'facts',
    because: 'the lock is final',
    when: (_t, facts) => isLocked(facts),
    to: 'locked',
  },
  {
    roles: ['A'],
    from: ['lock-sent'],
    on: 'facts',
    because: "the tag is another grant's",
    when: (_t, facts) => finalLock(facts) === 'none' && facts.home?.tagUsed === true,
    to: 'closed',
    close: 'tag-used',
  },
  {
    roles: bothHospitals,
    from: ['consented', 'lock-sent', 'refunding'],
    on: 'facts',
    because: "A's final time passed lockBefore and nothing is locked",
    when: (t, facts) => finalLock(facts) === 'none' && finalTime(facts.home) >= t.grant.lockBefore,
    to: 'closed',
    close: 'too-late',
  },
  {
    roles: ['A'],
    from: ['lock-sent'],
    on: 'facts',
    because: 'the lock reverted twice and nothing explains it',
    when: (t, facts) => facts.lockTx === 'reverted' && finalLock(facts) === 'none' && t.lockResends >= 2,
    to: 'closed',
    close: 'rejected',
  },

  // Map.
  {
    roles: ['B', 'S'],
    from: ['consented', 'locked', 'vouched', 'mint-sent', 'refunding'],
    on: 'facts',
    because: 'the mapping is final',
    when: (_t, facts) => isMapped(facts) && isLocked(facts),
    to: 'mapped',
  },
  {
    roles: ['A', 'B', 'S'],
    from: ['locked'],
    on: 'facts',
    because: 'v vouches are final',
    when: (_t, facts) => isLocked(facts) && isVouched(facts),
    to: 'vouched',
  },
  { roles: ['B'], from: ['vouched'], on: 'mint-signed', because: 't storemen signed the mint', to: 'mint-sent' },
  // the guard of the share saw the vouches final; the row itself may hear of them later
  {
    roles: ['S'],
    from: ['locked', 'vouched'],
    on: 'share-signed',
    because: 'a share of the mint was given',
    to: 'mint-sent',
  },
  {
    roles: ['B'],
    from: ['consented', 'locked', 'vouched', 'mint-sent'],
    on: 'facts',
    because: "B's final time passed mintBefore and nothing is mapped",
    when: (t, facts) => finalMapping(facts) === 'none' && finalTime(facts.destination) >= t.grant.mintBefore,
    to: 'refunding',
  },
  {
    roles: ['A'],
    from: ['locked', 'vouched'],
    on: 'seen-mapped',
    because: 't storemen say mapped, or a valid partial was seen',
    to: 'mapped',
  },

  // Refund.
  {
    roles: ['A'],
    from: ['locked', 'vouched'],
    on: 'not-mapped-signed',
    because: 't storemen signed NotMapped',
    to: 'refunding',
  },
  {
    roles: bothHospitals,
    from: ['refunding'],
    on: 'facts',
    because: "the lock is over on A's chain",
    when: (_t, facts) => lockClose(finalLock(facts)) !== undefined,
    to: 'closed',
    close: (_t, facts) => lockClose(finalLock(facts)) ?? 'refunded',
  },

  // Release.
  { roles: ['B'], from: ['mapped'], on: 'released', because: 't valid partials of one epoch', to: 'released' },
  { roles: ['B'], from: ['released'], on: 'opened', because: 'the bytes match the deed', to: 'opened' },
];

/** The first line of the table that fits, or null: nothing to do, and asking again does no harm. */
export function decide(transfer: TransferSnapshot, event: TransferEvent, facts: Facts): Decision | null {
  for (const line of transferTable) {
    if (line.on !== event.type || !line.roles.includes(transfer.role) || !line.from.includes(transfer.state)) continue;
    const fits = line.when === undefined || guardHolds(line.when, transfer, facts, event);
    if (!fits) continue;
    const next = typeof line.to === 'function' ? line.to(transfer) : line.to;
    const closes = next === 'closing' || next === 'closed' || next === 'halted';
    const closeReason = typeof line.close === 'function' ? line.close(transfer, facts, event) : (line.close ?? null);
    return { next, closeReason: closes ? closeReason : null, because: line.because };
  }
  return null;
}

function guardHolds(
  guard: NonNullable<Line['when']>,
  transfer: TransferSnapshot,
  facts: Facts,
  event: TransferEvent,
): boolean {
  // only `requested` has no grant, and its one guarded line looks at requestExpires alone
  if (transfer.grant === null && transfer.state !== 'requested') return false;
  return guard(transfer as TransferSnapshot & { grant: Grant }, facts, event);
}
