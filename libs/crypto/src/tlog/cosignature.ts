/**
 * A witness's statement that it saw a log grow to a checkpoint and never shrink: c2sp.org/tlog-cosignature. Intentional
 * divergence: Ed25519 only (type 0x04). The specification now recommends ML-DSA-44 (0x06); its lines are passed over
 * here like those of any unknown key. Logs sign with Ed25519, so a quantum forger would not need the witnesses.
 */

import { checkBytes, concat, toBigInt, u64, utf8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { parseCheckpoint } from './checkpoint.js';
import { signatureHolds, type NoteSigner, type NoteVerifier } from './note-key.js';
import { COSIGNATURE_HEADER, isBy, signatureBy, type NoteSignature } from './note.js';

const TIMESTAMP_BYTES = 8;

/**
 * Cosigns the text of a checkpoint, extension lines included. The caller has checked that the tree is consistent with
 * every earlier one it cosigned; the witness's key cosigns under this name only, since the signature does not cover it.
 *
 * @param timestamp seconds since 1970 at which this was the log's largest checkpoint known
 * @throws CryptoError `bad-timestamp`; as `parseCheckpoint` for a text that is none
 */
export function cosign(text: string, timestamp: number, witness: NoteSigner): NoteSignature {
  if (!isTimestamp(timestamp)) throw badTimestamp(witness.name);
  const signature = witness.sign(messageOf(text, timestamp));
  return signatureBy('cosignature', witness, concat(u64(timestamp), signature));
}

/**
 * Checks one cosignature under the text of a checkpoint and returns its time, in seconds since 1970. The caller, who
 * has a clock, checks that the time is recent and not in the future.
 *
 * @throws CryptoError `unsigned` when the line is not by this witness, `bad-timestamp`, `bad-signature`: each names the witness
 */
export function verifyCosignature(text: string, line: NoteSignature, witness: NoteVerifier): number {
  if (!isBy(line, 'cosignature', witness))
    throw new CryptoError('unsigned', 'cosignature', 'is not by this key', witness.name);
  checkBytes(line.signature, 'cosignature');
  const timestamp = Number(toBigInt(line.signature.slice(0, TIMESTAMP_BYTES)));
  if (!isTimestamp(timestamp)) throw badTimestamp(witness.name);
  if (!signatureHolds(line.signature.slice(TIMESTAMP_BYTES), messageOf(text, timestamp), witness.publicKey))
    throw new CryptoError('bad-signature', 'cosignature', 'its signature does not hold', witness.name);
  return timestamp;
}

/** No checkpoint's own text is such a message: its second line would have to be a number. */
function messageOf(text: string, timestamp: number): Uint8Array {
  parseCheckpoint(text);
  return utf8(`${COSIGNATURE_HEADER}time ${timestamp}\n${text}`);
}

/**
 * The specification forbids times past 2⁶³ − 1. Times past 2⁵³ are refused too, since they surely lie in the future;
 * zero comes from a clock that was never set.
 */
function isTimestamp(timestamp: number): boolean {
  return Number.isSafeInteger(timestamp) && timestamp > 0;
}

function badTimestamp(name: string): CryptoError {
  return new CryptoError('bad-timestamp', 'cosignature', 'its time is not between 1 and 2^53 - 1 seconds', name);
}
