/**
 * Transparency logs (RFC 6962 and the texts of C2SP): Merkle trees, tiles, signed notes, checkpoints, witnesses' cosignatures, and proofs that
 * verify offline.
 *
 * ```ts
 * import { ascii } from '@cpds/crypto/bytes';
 * import * as tlog from '@cpds/crypto/tlog';
 *
 * const leaves = ['enrolled', 'shared', 'revoked'].map((event) => tlog.leafHash(ascii(event)));
 * const read = ({ level, index }: tlog.TreeNode): Uint8Array =>
 *   level === 0 ? leaves[index]! : tlog.nodeHash(leaves[2 * index]!, leaves[2 * index + 1]!);
 * const root = tlog.hashRange({ from: 0, to: 3 }, read);
 * const proof = tlog.proofOf(tlog.inclusionRanges(1, 3), read);
 * tlog.verifyInclusion(leaves[1]!, 1, 3, proof, root); // true
 * ```
 */

export * from './tlog/checkpoint.js';
export * from './tlog/cosignature.js';
export * from './tlog/frontier.js';
export * from './tlog/log-proof.js';
export * from './tlog/merkle.js';
export {
  formatVerifierKey,
  formatWitnessKey,
  noteSigner,
  parseVerifierKey,
  parseWitnessKey,
  verifierOf,
  type NoteSigner,
  type NoteVerifier,
} from './tlog/note-key.js';
export {
  formatNote,
  formatSignature,
  MAX_NOTE_BYTES,
  MAX_SIGNATURES,
  openNote,
  parseNote,
  signNote,
  type Note,
  type NoteSignature,
  type OpenedNote,
} from './tlog/note.js';
export * from './tlog/tile.js';
export * from './tlog/witness-policy.js';
