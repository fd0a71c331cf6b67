import type { TransferState } from '@cpds/messages';
import type { Role, TransferSnapshot } from './transfer.js';

/** When the present state must have ended (the last column of the table), seconds; null once closed. */
export function deadlineOf(t: TransferSnapshot): number | null {
  if (t.state === 'closed') return null;
  if (t.state === 'requested') return t.requestExpires;
  if (!t.grant) return null;
  if (t.state === 'consented' || t.state === 'lock-sent') return t.grant.lockBefore;
  if (t.state === 'locked' || t.state === 'vouched' || t.state === 'mint-sent') return t.grant.mintBefore;
  return t.grant.notAfter;
}

/** Seconds that one step may take on the hub and on the destination's chain (protocol section 7, "Final"). */
export interface StepSeconds {
  wHub: number;
  wDestination: number;
}

/**
 * From when on a row must be looked at often though nothing woke it, seconds: its deadline, and for B in Locked while
 * the vouches can still be read and the mint be signed and sent before mintBefore.
 */
function urgentFrom(t: TransferSnapshot, { wHub, wDestination }: StepSeconds): number | null {
  const deadline = deadlineOf(t);
  return deadline !== null && t.role === 'B' && t.state === 'locked' ? deadline - wHub - wDestination : deadline;
}

/** States that only a message, a log or their deadline can end: the role sends nothing while they last. */
const resting: Record<Role, readonly TransferState[]> = {
  A: ['requested', 'locked', 'vouched', 'mapped', 'released', 'opened', 'halted'],
  B: ['requested', 'consented', 'locked', 'mapped', 'released', 'opened', 'halted'],
  V: ['halted'],
  // a storeman signs and releases when asked, from facts that it reads then
  S: ['locked', 'vouched', 'mint-sent', 'mapped', 'released', 'opened', 'refunding', 'halted'],
};

/** How many times rarer a resting row is looked at without a wake-up: a lost wake-up then costs more time, and thousands of resting rows cost little. */
const restingFactor = 60;

/** The meaning of a chain's log for a grant. */
export type GrantLog = 'locked' | 'vouched' | 'mapped' | 'ended';

/** Logs that a role's row only follows: nobody waits until it has seen them. */
const followed: Record<Role, readonly GrantLog[]> = {
  A: [],
  B: [],
  V: ['vouched'],
  // others wait for its answers, but these rest on facts that it reads when asked
  S: ['locked', 'vouched', 'mapped'],
};

/** Milliseconds by which a row that only follows is looked at later, so that rows for which others wait come first. */
const followLateMs = 10_000;

/** States that a message brings about, in which the row then only follows. */
const settled: Record<Role, readonly TransferState[]> = {
  A: ['mapped'],
  B: ['released', 'opened'],
  V: [],
  S: resting.S,
};

/** When to look at a row that was moved. */
export function firstLook(role: Role, state: TransferState, nowMs: number): Date {
  return new Date(nowMs + (settled[role].includes(state) ? followLateMs : 0));
}

/** When to look at a row that a log concerns. */
export function lookAfter(role: Role, log: GrantLog, nowMs: number): Date {
  return new Date(nowMs + (followed[role].includes(log) ? followLateMs : 0));
}

/**
 * When to look at a row again without any wake-up: soon while it is being worked on, late while it rests, and soon again
 * from the moment on at which its deadline presses.
 *
 * @param isWhole false when the last look saw not all, or could not do all: a chain was not to be relied on, or a duty
 *   failed, and either may change at any moment
 * @param nowMs milliseconds since 1970
 */
export function nextLook(
  t: TransferSnapshot,
  isWhole: boolean,
  nowMs: number,
  recheckMs: number,
  steps: StepSeconds,
): Date {
  if (!isWhole || !resting[t.role].includes(t.state)) return new Date(nowMs + recheckMs);
  const urgent = urgentFrom(t, steps);
  const rarely = nowMs + restingFactor * recheckMs;
  const atUrgent = urgent === null ? rarely : urgent * 1000;
  // past its deadline a row waits until a chain's final time has passed it too
  return new Date(atUrgent > nowMs ? Math.min(rarely, atUrgent) : nowMs + recheckMs);
}
