/** A log's statement of its size and root: c2sp.org/tlog-checkpoint, carried by a signed note. */

import { base64 } from '@scure/base';
import { CryptoError } from '../crypto-error.js';
import { assertCount, HASH_BYTES } from './merkle.js';
import { openNote, signNote, type NoteSigner, type NoteVerifier } from './note.js';

/** What a log says of itself. */
export interface Checkpoint {
  /** The log's own name, which is the name of its key too. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The text of a checkpoint: origin, size, root in base64, each with its newline. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  assertCount(size, 'size');
  if (root.length !== HASH_BYTES) throw new CryptoError('bad-length', 'root', 'must be 32 bytes');
  if (origin === '' || origin.includes('\n')) throw new CryptoError('bad-checkpoint', 'origin', 'must be one line');
  return `${origin}\n${size}\n${base64.encode(root)}\n`;
}

/**
 * Parses the text of a checkpoint; extension lines are allowed and left out.
 *
 * @throws CryptoError `bad-checkpoint` names the line
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...rest] = text.split('\n');
  if (origin === undefined || origin === '') throw new CryptoError('bad-checkpoint', 'origin', 'is missing');
  if (size === undefined || !/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new CryptoError('bad-checkpoint', 'size', 'is not a decimal count');
  // Four groups of base64 for 32 bytes have one written form only; anything else is another root.
  if (root === undefined || !/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(root))
    throw new CryptoError('bad-checkpoint', 'root', 'is not 32 bytes in base64');
  if (rest.pop() !== '' || rest.includes('')) throw new CryptoError('bad-checkpoint', 'text', 'has an empty line');
  return { origin, size: Number(size), root: base64.decode(root) };
}

/** A checkpoint signed by its log. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  return signNote(formatCheckpoint(checkpoint), signer);
}

/**
 * Opens a signed checkpoint of the log whose key is `verifier`.
 *
 * @throws CryptoError as `openNote` and `parseCheckpoint`; `wrong-origin` when the log names itself otherwise than its key
 */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, [verifier]).text);
  if (checkpoint.origin !== verifier.name)
    throw new CryptoError('wrong-origin', 'origin', `is not that of the key ${verifier.name}`);
  return checkpoint;
}
