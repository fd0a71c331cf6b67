/**
 * The duties that a row must keep trying while it is in a state: the sending half of the transfer table, and their
 * executors. Every executor is idempotent and begins with "did it happen already?"; a duty stays listed until the facts
 * show its effect, or until it may no longer be carried out.
 */

import { earliestClock, type Facts } from './facts.js';
import type { Role, TransferEvent, TransferSnapshot } from './transfer.js';
import type { TransferRow } from './transfer.row.js';

/** Every duty, with the roles whose rows can have it. */
export const rolesOfDuty = {
  'answer-not-granted': ['A'],
  'send-grant': ['A'],
  'send-lock': ['A'],
  'cancel-lock': ['A'],
  vouch: ['V'],
  'open-mint': ['B'],
  'sign-mint': ['B'],
  'send-mint': ['B'],
  'sign-not-mapped': ['A'],
  'send-refund': ['A'],
  'close-home': ['A', 'S'],
  'close-destination': ['B', 'S'],
  'forward-statement': ['A', 'B', 'V', 'S'],
} as const satisfies Record<string, readonly Role[]>;

export type Duty = keyof typeof rolesOfDuty;

type RoleOf<D extends Duty> = (typeof rolesOfDuty)[D][number];

/** The duties that rows of at least one of these roles can have. */
export type DutyOf<R extends Role> = { [D in Duty]: [R & RoleOf<D>] extends [never] ? never : D }[Duty];

/** The duties that rows of every role can have. */
export type EveryonesDuty = { [D in Duty]: [Role] extends [RoleOf<D>] ? D : never }[Duty];

/** Inputs of duties beside the snapshot. */
export interface DutyContext {
  /** w of the destination's chain and of the hub and home, seconds */
  wDestination: number;
  wHub: number;
  wHome: number;
  /** passing the statement on is its duty: it came to this node's own door, or this is a hospital of the grant */
  forwards: boolean;
  /** seconds since 1970 at which the row entered its state */
  enteredAt: number;
  /** position of a storeman in its group, from 1; 0 for every other role */
  memberIndex: number;
}

/** The duties of a row now, in the order in which they are tried. */
export function dutiesOf(t: TransferSnapshot, facts: Facts, context: DutyContext): Duty[] {
  switch (t.state) {
    case 'closed':
      if (t.role !== 'A') return [];
      if (t.closeReason === 'not-granted') return ['answer-not-granted'];
      return t.closeReason === 'too-late' || t.closeReason === 'rejected' ? ['cancel-lock'] : [];
    case 'consented':
      return t.role === 'A' ? ['send-grant'] : [];
    case 'lock-sent':
      return mayLock(t, facts) ? ['send-lock'] : [];
    case 'locked':
      if (t.role === 'V') return mayVouch(t, facts) ? ['vouch'] : [];
      if (t.role === 'B') return mayOpenMint(t, facts, context) ? ['open-mint'] : [];
      return mayAskNotMapped(t, facts, context) ? ['sign-not-mapped'] : [];
    case 'vouched':
      if (t.role === 'B') return mayAskMint(t, facts, context) ? ['sign-mint'] : [];
      return mayAskNotMapped(t, facts, context) ? ['sign-not-mapped'] : [];
    case 'mint-sent':
      return t.role === 'B' && mayMint(t, facts) ? ['send-mint'] : [];
    case 'refunding':
      return t.role === 'A' ? ['send-refund'] : [];
    case 'halted':
      return t.holdsStatement && context.forwards ? ['forward-statement'] : [];
    case 'closing':
      return closingDuties(t, facts, context);
    default:
      return [];
  }
}

const isOpenAtHead = (facts: Facts) => facts.home?.head.status === 'locked' && facts.home.final.status === 'locked';

function mayLock(t: TransferSnapshot, facts: Facts): boolean {
  return (
    t.role === 'A' &&
    t.grant !== null &&
    facts.home !== undefined &&
    facts.home.head.status === 'none' &&
    facts.home.head.block.timestamp < t.grant.lockBefore &&
    facts.hub?.paused === false
  );
}

function mayVouch(t: TransferSnapshot, facts: Facts): boolean {
  return (
    t.grant !== null &&
    isOpenAtHead(facts) &&
    facts.hub?.fresh === true &&
    !facts.hub.ownVouch &&
    earliestClock(facts) < t.grant.notAfter
  );
}

/** The guard of the Mint line, as far as B sees it; each storeman holds its own. */
function mayAskMint(t: TransferSnapshot, facts: Facts, context: DutyContext): boolean {
  return facts.hub?.vouched === true && mayOpenMint(t, facts, context);
}

/** While vouches become final the storemen can commit to nonces already. */
function mayOpenMint(t: TransferSnapshot, facts: Facts, context: DutyContext): boolean {
  if (t.grant === null || facts.destination === undefined || !isOpenAtHead(facts)) return false;
  const latest = t.grant.mintBefore - context.wDestination;
  return (
    facts.hub?.fresh === true &&
    !facts.hub.paused &&
    facts.destination.head.status === 'none' &&
    facts.destination.head.block.timestamp < latest &&
    facts.now < latest
  );
}

function mayMint(t: TransferSnapshot, facts: Facts): boolean {
  return (
    t.grant !== null &&
    facts.destination?.head.status === 'none' &&
    facts.destination.head.block.timestamp < t.grant.mintBefore
  );
}

function mayAskNotMapped(t: TransferSnapshot, facts: Facts, context: DutyContext): boolean {
  return (
    t.role === 'A' &&
    t.grant !== null &&
    facts.home?.final.status === 'locked' &&
    facts.now > t.grant.mintBefore + context.wDestination
  );
}

/**
 * Decides who sends a closing: A on A, B on B; a storeman if nobody did before its turn (storeman i waits i·w). Whoever
 * holds the statement closes a lock or a mapping that stands. A tombstone costs gas for a grant that only its revoker
 * may know, so only A and B send one, and only for grants that they know. That is safe: whoever holds the statement
 * refuses the grant, and closes a lock as soon as one appears.
 */
function closingDuties(t: TransferSnapshot, facts: Facts, context: DutyContext): Duty[] {
  if (!t.holdsStatement || t.grant === null) return [];
  const duties: Duty[] = context.forwards ? ['forward-statement'] : [];
  const home = facts.home?.head.status;
  const destination = facts.destination?.head.status;
  const openAtHome = home === 'locked' || (home === 'none' && t.role === 'A');
  const openAtDestination = destination === 'mapped' || (destination === 'none' && t.role === 'B');
  const turn = (w: number) => t.role === 'S' && facts.now >= context.enteredAt + context.memberIndex * w;
  if (openAtHome && (t.role === 'A' || turn(context.wHome))) duties.push('close-home');
  if (openAtDestination && (t.role === 'B' || turn(context.wDestination))) duties.push('close-destination');
  return duties;
}

/** The result of one try of a duty. Expected outcomes are values; errors are logged and the duty is tried again. */
export interface DutyResult {
  /** true: never to be tried again for this row's state */
  done: boolean;
  /** raised on the row with `patch`, when the duty brought something the table waits for */
  event?: TransferEvent;
  patch?: Partial<TransferRow>;
  /** members who answered wrongly or not at all */
  culprits?: string[];
  /** why it is not done yet, for `transfer show` */
  waitsFor?: string;
}

/** Carries out one duty. Idempotent: begins with "did it happen already?", survives being killed at any line. */
export type DutyExecutor = (row: TransferRow, facts: Facts) => Promise<DutyResult>;

/** What a row's duties are timed by, as it is now. */
export abstract class DutyTimes {
  abstract of(row: TransferRow): DutyContext;
}

/** The executors of this process's duties, complete from the start, so that no row is looked at without them. */
export class DutyExecutors {
  constructor(private readonly byDuty: Partial<Record<Duty, DutyExecutor>>) {}

  get(duty: Duty): DutyExecutor {
    const executor = this.byDuty[duty];
    if (!executor) throw new Error(`nobody carries out duty ${duty} in this role`);
    return executor;
  }
}
