/**
 * The complaint "this dealer's share is bad", and its judgement (protocol section 3). All evidence lies on the hub, and
 * opening is deterministic: any third party comes to the same verdict.
 */

import { checkBytes, checkList, equalBytes } from '../bytes.js';
import { CryptoError, passes } from '../crypto-error.js';
import { parsePoint } from '../curve.js';
import * as hpke from '../hpke.js';
import { openShare, shareContext } from './dealt-share.js';
import type { PolynomialCommitments } from './dealt-share.js';
import { checkIndex, MOST_MEMBERS } from './group.js';
import type { MemberIndex } from './group.js';

/** An accusation with the one secret key that lets anybody check it, and no other share. */
export interface Complaint {
  dealer: MemberIndex;
  /** P-256 secret of the accuser's key for that dealer, 32 bytes. */
  revealed: Uint8Array;
}

/** A complaint together with the posts of both sides before it. Nothing in it is secret any more. */
export interface ComplaintEvidence {
  attemptId: Uint8Array;
  accuser: MemberIndex;
  revealed: Uint8Array;
  /** the accuser's HPKE key for this dealer, 65 bytes */
  published: Uint8Array;
  /** what the dealer sealed to it */
  sealed: Uint8Array;
  commitments: PolynomialCommitments;
}

/**
 * Names the liar: the dealer, when the revealed key opens a message that is no share on the dealer's commitments, or
 * opens none at all; otherwise the accuser, also when the revealed secret is not that of the published key.
 *
 * @throws CryptoError for evidence that no log can hold, such as a member 0 or commitments that are no points: it is the
 *   caller's mistake, and convicts nobody
 */
export async function judge(evidence: ComplaintEvidence): Promise<'dealer' | 'accuser'> {
  const { attemptId, accuser, revealed, published, sealed, commitments } = evidence;
  shareContext(attemptId, commitments.dealer, accuser);
  checkList(commitments.points, 'points', MOST_MEMBERS).forEach((point, k) => parsePoint(point, `points[${k}]`));
  checkBytes(revealed, 'revealed');
  checkBytes(published, 'published');
  checkBytes(sealed, 'sealed');
  if (!isSecretOf(revealed, published)) return 'accuser';
  try {
    await openShare(attemptId, commitments, accuser, revealed, sealed);
    return 'accuser';
  } catch (cause) {
    if (cause instanceof CryptoError) return 'dealer';
    throw cause;
  }
}

/** The members that the complaints of an attempt convict, as dealers and as receivers. Ascending. */
export interface Verdict {
  dealers: MemberIndex[];
  receivers: MemberIndex[];
}

/**
 * Judges every complaint of an attempt: nobody is at fault for being accused.
 *
 * @param evidenceOf the log's evidence for a complaint; null when the accused dealt nothing to the accuser
 */
export async function verdictOf(
  complaints: ReadonlyMap<MemberIndex, readonly Complaint[]>,
  evidenceOf: (accuser: MemberIndex, complaint: Complaint) => ComplaintEvidence | null,
): Promise<Verdict> {
  const dealers = new Set<MemberIndex>();
  const receivers = new Set<MemberIndex>();
  for (const [accuser, list] of complaints)
    for (const complaint of checkList(list, 'complaints', MOST_MEMBERS)) {
      const evidence = evidenceOf(accuser, complaint);
      if (evidence !== null && (await judge(evidence)) === 'dealer') dealers.add(complaint.dealer);
      else receivers.add(accuser);
    }
  return { dealers: ascending(dealers), receivers: ascending(receivers) };
}

/** The verdict that `needed` members gave alike; null while there is none. */
export function agreedVerdict(verdicts: ReadonlyMap<MemberIndex, Verdict>, needed: number): Verdict | null {
  const alike = new Map<string, number>();
  checkIndex(needed, 'needed');
  for (const verdict of verdicts.values()) {
    const { dealers, receivers } = verdict;
    const text = JSON.stringify([
      checkList(dealers, 'dealers', MOST_MEMBERS),
      checkList(receivers, 'receivers', MOST_MEMBERS),
    ]);
    const count = (alike.get(text) ?? 0) + 1;
    if (count >= needed) return verdict;
    alike.set(text, count);
  }
  return null;
}

/** Each number once, ascending. */
export function ascending(members: Iterable<MemberIndex>): MemberIndex[] {
  return [...new Set(members)].sort((a, b) => a - b);
}

function isSecretOf(secret: Uint8Array, published: Uint8Array): boolean {
  return passes(() => hpke.publicKey(secret)) && equalBytes(hpke.publicKey(secret), published);
}
