/** The signatures that a checkpoint must carry before anybody relies on it. */

import { checkList, equalBytes } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { openCheckpoint, type Checkpoint } from './checkpoint.js';
import { verifyCosignature } from './cosignature.js';
import { MAX_KEYS, type NoteVerifier, type SignatureType } from './note-key.js';
import { isBy, parseNote, type Note, type NoteSignature } from './note.js';

/** The log's own signature, and cosignatures of at least `quorum` of the witnesses. */
export interface WitnessPolicy {
  readonly log: NoteVerifier;
  readonly witnesses: readonly NoteVerifier[];
  /** from 0 to the number of witnesses; with 0 the log's own signature is enough */
  readonly quorum: number;
}

/** A cosignature that holds. */
export interface Cosignature {
  readonly witness: string;
  /** Seconds since 1970, as the witness says. */
  readonly timestamp: number;
}

/** A checkpoint that satisfies its policy. */
export interface WitnessedCheckpoint extends Checkpoint {
  /** In the policy's order; all that the note carries, also beyond the quorum. */
  readonly cosignatures: readonly Cosignature[];
}

/**
 * Opens a checkpoint that satisfies its policy. Lines of keys outside the policy are passed over; one bad line of a key
 * within it refuses the whole (c2sp.org/signed-note, "Signatures").
 *
 * @throws CryptoError `unsigned` and `no-quorum` name the missing keys, `signed-twice`, `bad-signature` and
 *   `bad-timestamp` the key to blame; `bad-policy`; as `openCheckpoint`
 */
export function openWitnessed(note: string, policy: WitnessPolicy): WitnessedCheckpoint {
  assertPolicy(policy);
  const { log, witnesses, quorum } = policy;
  const parts = parseNote(note);
  if (lineOf(parts, 'note', log) === null)
    throw new CryptoError('unsigned', 'note', `the log ${log.name} has not signed it`);
  const checkpoint = openCheckpoint(note, log);
  const cosignatures: Cosignature[] = [];
  const missing: string[] = [];
  for (const witness of witnesses) {
    const line = lineOf(parts, 'cosignature', witness);
    if (line === null) missing.push(witness.name);
    else cosignatures.push({ witness: witness.name, timestamp: verifyCosignature(parts.text, line, witness) });
  }
  if (cosignatures.length < quorum)
    throw new CryptoError(
      'no-quorum',
      'note',
      `has ${cosignatures.length} of ${quorum} cosignatures, none by ${missing.join(', ')}`,
    );
  return { ...checkpoint, cosignatures };
}

/** The only line of this key, or null. Two lines of one key state different times for one tree, and nothing says which one holds. */
function lineOf({ signatures }: Note, type: SignatureType, key: NoteVerifier): NoteSignature | null {
  const [line, again] = signatures.filter((one) => isBy(one, type, key));
  if (again !== undefined) throw new CryptoError('signed-twice', 'note', 'has two lines of one key', key.name);
  return line ?? null;
}

/**
 * Refuses a key under two names, which would count twice since a cosignature does not cover its witness's name, and the
 * log's own key, which must not count at all.
 */
function assertPolicy({ log, witnesses, quorum }: WitnessPolicy): void {
  checkList(witnesses, 'witnesses', MAX_KEYS);
  if (!Number.isSafeInteger(quorum) || quorum < 0 || quorum > witnesses.length)
    throw new CryptoError('bad-policy', 'quorum', `must be 0 to ${witnesses.length}`);
  witnesses.forEach((witness, i) => {
    if ([log, ...witnesses.slice(0, i)].some((other) => isSame(other, witness)))
      throw new CryptoError('bad-policy', 'witnesses', `${witness.name} has the name or key of the log or of another`);
  });
}

const isSame = (a: NoteVerifier, b: NoteVerifier): boolean => a.name === b.name || equalBytes(a.publicKey, b.publicKey);
