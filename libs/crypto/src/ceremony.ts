/**
 * What members post in a generation or a reshare: messages on the wire, sealed shares, complaints and how anybody judges them.
 *
 * ```ts
 * import { decodeMessage, encodeMessage } from '@cpds/crypto/ceremony';
 * import { randomBytes } from 'node:crypto';
 *
 * const session = randomBytes(32);
 * const bytes = encodeMessage(session, { kind: 'finish', member: 2, transcript: randomBytes(32) });
 * decodeMessage(session, bytes).kind; // 'finish'
 * ```
 */

export {
  agreedVerdict,
  judge,
  verdictOf,
  type Complaint,
  type ComplaintEvidence,
  type Verdict,
} from './threshold/complaint.js';
export {
  checkDealtShare,
  openShare,
  SEALED_SHARE_BYTES,
  sealShare,
  shareContext,
  shareKey,
  shareKeySeed,
  type DealtShare,
  type PolynomialCommitments,
} from './threshold/dealt-share.js';
export * from './threshold/round-message.js';
