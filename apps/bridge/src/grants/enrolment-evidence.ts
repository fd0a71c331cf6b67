/**
 * That a patient's keys were enrolled before they were asked to consent (protocol section 5, "Ownership proof"): the
 * Enrolment is signed by its own spending key and is a leaf of A's log under a checkpoint anchored on the hub. Pure.
 */

import { fromHex, to0x, utf8 } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { isEnrolmentSigned } from '@cpds/contracts';
import { anyText, invalid, toAppError } from '@cpds/errors';
import { canonicalJson, eventCommitment, events, type EnrolmentEvidence } from '@cpds/messages';
import { z } from 'zod';

/** Log that a hospital's audit service signs. */
export const logOrigin = (party: string): string => `cpds/${party}/audit`;

const Leaf = z.object({ type: z.literal(events.patientEnrolled), commitment: anyText });

/** A checkpoint that the evidence relies on: to be looked up on the hub. */
export interface RelyingCheckpoint {
  origin: string;
  size: number;
  rootHex: string;
}

/**
 * Checks everything but the anchor, which the caller looks up with the answer. Whatever the home hospital sends, the
 * answer is a refusal: anything else thrown would leave it without one.
 *
 * @throws AppError `bad-enrolment` names the part that does not hold
 */
export function checkEnrolment(evidence: EnrolmentEvidence, homeUid: string, home: string): RelyingCheckpoint {
  const { enrolment } = evidence;
  if (enrolment.homeUid !== homeUid) throw bad('homeUid', "is not the home hospital's chain");
  if (!wellFormed('spendingKey', () => isEnrolmentSigned(enrolment, evidence.signature)))
    throw bad('signature', 'is not by the spending key');
  const leaf = Leaf.safeParse(wellFormed('leaf', () => JSON.parse(evidence.leaf)));
  if (!leaf.success) throw bad('leaf', 'is not of an enrolment');
  if (leaf.data.commitment !== wellFormed('details', () => eventCommitment(evidence.salt, evidence.details)))
    throw bad('leaf', 'does not commit to these details');
  if (canonicalJson(evidence.details['enrolment'] ?? null) !== canonicalJson(enrolment))
    throw bad('details', 'are of another enrolment');
  const checkpoint = wellFormed('checkpoint', () => tlog.parseCheckpoint(noteText(evidence.checkpoint)));
  if (checkpoint.origin !== logOrigin(home)) throw bad('checkpoint', "is not of the home hospital's log");
  const path = evidence.proof.map((hash) => fromHex(hash, 'enrolment.proof', 32));
  if (
    !tlog.verifyInclusion(
      tlog.leafHash(utf8(evidence.leaf)),
      evidence.leafIndex,
      checkpoint.size,
      path,
      checkpoint.root,
    )
  )
    throw bad('proof', 'does not lead to the checkpoint');
  return { origin: checkpoint.origin, size: checkpoint.size, rootHex: to0x(checkpoint.root) };
}

/** Text of a signed note: what stands before its blank line, which ends in a newline. */
function noteText(note: string): string {
  const end = note.indexOf('\n\n');
  return end < 0 ? note : note.slice(0, end + 1);
}

/** @throws AppError `bad-enrolment` where reading the part throws, which nothing but its bytes can make it do */
function wellFormed<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw invalid('bad-enrolment', `enrolment.${field}`, `enrolment.${field} is malformed`, {
      cause: toAppError(thrown),
    });
  }
}

function bad(field: string, reason: string) {
  return invalid('bad-enrolment', `enrolment.${field}`, `enrolment.${field} ${reason}`);
}
