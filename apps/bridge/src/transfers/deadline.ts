import type { TransferState } from '@cpds/messages';
import type { TransferSnapshot } from './transfer.js';

/** When the state at hand must have ended (the last column of the table), seconds; null once closed. */
export function deadlineOf(t: TransferSnapshot): number | null {
  if (t.state === 'closed') return null;
  if (t.state === 'requested') return t.requestExpires;
  if (!t.grant) return null;
  if (t.state === 'consented' || t.state === 'lock-sent') return t.grant.lockBefore;
  if (t.state === 'locked' || t.state === 'vouched' || t.state === 'mint-sent') return t.grant.mintBefore;
  return t.grant.notAfter;
}

/** States that only a message, a log or their deadline can end: nothing is sent while they last. */
const quiet: readonly TransferState[] = ['requested', 'mapped', 'released', 'opened', 'halted'];

/** How many times rarer a quiet row is looked at without a wake-up: a lost wake-up costs that, thousands of rows do not. */
const quietFactor = 60;

/**
 * When a row is looked at again without any wake-up: often while it is being worked on, rarely while it rests, and in
 * any case at its deadline.
 *
 * @param nowMs milliseconds since 1970
 */
export function nextLook(t: TransferSnapshot, nowMs: number, recheckMs: number): Date {
  if (!quiet.includes(t.state)) return new Date(nowMs + recheckMs);
  const deadline = deadlineOf(t);
  const rarely = nowMs + quietFactor * recheckMs;
  const atDeadline = deadline === null ? rarely : deadline * 1000;
  // past its deadline a row waits for a chain's final time to follow
  return new Date(atDeadline > nowMs ? Math.min(rarely, atDeadline) : nowMs + recheckMs);
}
