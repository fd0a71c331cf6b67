/** A log's statement of its size and root: c2sp.org/tlog-checkpoint, carried by a signed note. */

import { base64 } from '@scure/base';
import { checkBytes, checkList, checkText, equalBytes } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { assertCount, emptyRoot, HASH_BYTES } from './merkle.js';
import type { NoteSigner, NoteVerifier } from './note-key.js';
import { MAX_NOTE_BYTES, openNote, signNote } from './note.js';
import { assertLines, parseDecimal, parseHash } from './text.js';

/** A log's statement of its size and root. */
export interface Checkpoint {
  /** The log's own name, which is the name of its key too. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Opaque lines without their newlines; absent when there are none. Signed, but no monitor can check them. */
  readonly extensions?: readonly string[];
}

/**
 * The text of a checkpoint: origin, size, root in base64, extensions, each with its newline.
 *
 * @throws CryptoError `bad-checkpoint`, `bad-note`, `bad-length` or `out-of-range` for values that a checkpoint cannot hold
 */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  assertCount(size, 'size');
  checkBytes(root, 'root', HASH_BYTES);
  if (checkText(origin, 'origin') === '' || origin.includes('\n'))
    throw new CryptoError('bad-checkpoint', 'origin', 'must be one line');
  const lines = checkList(extensions, 'extensions', MAX_NOTE_BYTES);
  if (lines.some((line) => checkText(line, 'extensions') === '' || line.includes('\n')))
    throw new CryptoError('bad-checkpoint', 'extensions', 'must be lines, none of them empty');
  assertRoot(size, root);
  const text = `${[origin, size, base64.encode(root), ...extensions].join('\n')}\n`;
  assertLines(text);
  return text;
}

/**
 * Parses the text of a checkpoint; `formatCheckpoint` gives the same characters back.
 *
 * @throws CryptoError `bad-checkpoint` names the line, `bad-note` for characters that no note can hold
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...rest] = checkText(text, 'text').split('\n');
  if (origin === undefined || origin === '') throw new CryptoError('bad-checkpoint', 'origin', 'is missing');
  const checkpoint = {
    origin,
    size: parseDecimal(size, 'bad-checkpoint', 'size'),
    root: parseHash(root, 'bad-checkpoint', 'root'),
  };
  if (rest.pop() !== '' || rest.includes('')) throw new CryptoError('bad-checkpoint', 'text', 'has an empty line');
  assertRoot(checkpoint.size, checkpoint.root);
  assertLines(text);
  return rest.length === 0 ? checkpoint : { ...checkpoint, extensions: rest };
}

/** A checkpoint signed by its log; by several keys while one takes the place of another. */
export function signCheckpoint(checkpoint: Checkpoint, ...signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), ...signers);
}

/**
 * Opens a signed checkpoint of the log whose key is one of `verifiers`: one of them must have signed it, and none of them
 * wrongly. Demands what the specification only recommends: the log's name and its keys' are the same.
 *
 * @throws CryptoError as `openNote` and `parseCheckpoint`; `wrong-origin` when the log's name is not its key's
 */
export function openCheckpoint(note: string, ...verifiers: readonly NoteVerifier[]): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, verifiers).text);
  const foreign = verifiers.find(({ name }) => name !== checkpoint.origin);
  if (foreign !== undefined) throw new CryptoError('wrong-origin', 'origin', `is not that of the key ${foreign.name}`);
  return checkpoint;
}

/** Size 0 is the one size whose root everybody knows. */
function assertRoot(size: number, root: Uint8Array): void {
  if (size === 0 && !equalBytes(root, emptyRoot()))
    throw new CryptoError('bad-checkpoint', 'root', 'is not that of a tree without leaves');
}
