import type { TransferState } from '@cpds/messages';
import type { Role, TransferSnapshot } from './transfer.js';

/** When the state at hand must have ended (the last column of the table), seconds; null once closed. */
export function deadlineOf(t: TransferSnapshot): number | null {
  if (t.state === 'closed') return null;
  if (t.state === 'requested') return t.requestExpires;
  if (!t.grant) return null;
  if (t.state === 'consented' || t.state === 'lock-sent') return t.grant.lockBefore;
  if (t.state === 'locked' || t.state === 'vouched' || t.state === 'mint-sent') return t.grant.mintBefore;
  return t.grant.notAfter;
}

/** States that only a message, a log or their deadline can end: the role sends nothing while they last. */
const resting: Record<Role, readonly TransferState[]> = {
  A: ['requested', 'locked', 'vouched', 'mapped', 'released', 'opened', 'halted'],
  B: ['requested', 'consented', 'locked', 'mapped', 'released', 'opened', 'halted'],
  V: ['halted'],
  // a storeman signs and releases when asked, from facts of that moment
  S: ['locked', 'vouched', 'mint-sent', 'mapped', 'released', 'opened', 'refunding', 'halted'],
};

/** How many times rarer a resting row is looked at without a wake-up: a lost wake-up costs that, thousands of rows do not. */
const restingFactor = 60;

/** What a log on a chain says of a grant. */
export type GrantLog = 'locked' | 'vouched' | 'mapped' | 'ended';

/** Logs that a role's row only follows: nobody waits for it to have seen them. */
const followed: Record<Role, readonly GrantLog[]> = {
  A: [],
  B: [],
  V: ['vouched'],
  // its answers, which others wait for, rest on facts of their own moment
  S: ['locked', 'vouched', 'mapped'],
};

/** A row that only follows is looked at this much later: what others wait for comes first. Milliseconds. */
const followLateMs = 10_000;

/** States that a message brings about, after which there is nothing to do but to follow. */
const settled: Record<Role, readonly TransferState[]> = {
  A: ['mapped'],
  B: ['released', 'opened'],
  V: [],
  S: resting.S,
};

/** When a row is looked at that was moved. */
export function firstLook(role: Role, state: TransferState, nowMs: number): Date {
  return new Date(nowMs + (settled[role].includes(state) ? followLateMs : 0));
}

/** When a row is looked at that a log concerns. */
export function lookAfter(role: Role, log: GrantLog, nowMs: number): Date {
  return new Date(nowMs + (followed[role].includes(log) ? followLateMs : 0));
}

/**
 * When a row is looked at again without any wake-up: often while it is being worked on, rarely while it rests, and in
 * any case at its deadline.
 *
 * @param sawAll false when a chain could not be relied on at the last look: it may show at any moment what was missed
 * @param nowMs milliseconds since 1970
 */
export function nextLook(t: TransferSnapshot, sawAll: boolean, nowMs: number, recheckMs: number): Date {
  if (!sawAll || !resting[t.role].includes(t.state)) return new Date(nowMs + recheckMs);
  const deadline = deadlineOf(t);
  const rarely = nowMs + restingFactor * recheckMs;
  const atDeadline = deadline === null ? rarely : deadline * 1000;
  // past its deadline a row waits for a chain's final time to follow
  return new Date(atDeadline > nowMs ? Math.min(rarely, atDeadline) : nowMs + recheckMs);
}
