/** Signed notes of c2sp.org/signed-note: a text, an empty line, and lines of signatures. */

import { base64 } from '@scure/base';
import { checkBytes, checkList, checkText, concat, equalBytes, utf8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import {
  assertKeyName,
  KEY_ID_BYTES,
  KEY_NAME,
  keyIdOf,
  MAX_KEYS,
  signatureHolds,
  type NoteSigner,
  type NoteVerifier,
  type SignatureType,
} from './note-key.js';
import { assertLines, parseBase64 } from './text.js';

/** Bytes of the largest note. Go's `sumdb/note` has both limits too; the specification asks for 16 signatures at least. */
export const MAX_NOTE_BYTES = 1_000_000;

/** Signature lines of the longest note. */
export const MAX_SIGNATURES = 100;

const LINE = new RegExp(`^\\u2014 (${KEY_NAME}) ([A-Za-z0-9+/=]+)$`, 'u');

/** First line of the message that a cosignature signs (c2sp.org/tlog-cosignature). */
export const COSIGNATURE_HEADER = 'cosignature/v1\n';

/** One signature line: the claimed signer and the signature. Unchecked. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A note taken apart. Unchecked: only `openNote` tells whether its text can be trusted. */
export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A note whose text at least one known key has signed. */
export interface OpenedNote {
  readonly text: string;
  /** Names of the given verifiers that signed, in the note's order, each once. */
  readonly signedBy: readonly string[];
}

/**
 * Takes a note apart; `formatNote` gives the same characters back.
 *
 * @throws CryptoError `bad-note` for every string that is not the canonical form of a note
 */
export function parseNote(note: string): Note {
  if (checkText(note, 'note').length > MAX_NOTE_BYTES) throw tooLarge();
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) throw new CryptoError('bad-note', 'note', 'has no signatures');
  assertLines(note);
  if (utf8(note).length > MAX_NOTE_BYTES) throw tooLarge();
  const lines = note.slice(cut + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw tooLarge();
  return { text: note.slice(0, cut + 1), signatures: lines.map(parseSignature) };
}

/**
 * A note from its parts.
 *
 * @throws CryptoError `bad-note` for parts that a note cannot carry, `bad-key-name`
 */
export function formatNote({ text, signatures }: Note): string {
  assertLines(text);
  if (checkList(signatures, 'signatures', MAX_NOTE_BYTES).length > MAX_SIGNATURES) throw tooLarge();
  if (signatures.length === 0) throw new CryptoError('bad-note', 'note', 'has no signatures');
  const note = `${text}\n${signatures.map(formatSignature).join('')}`;
  if (utf8(note).length > MAX_NOTE_BYTES) throw tooLarge();
  return note;
}

/** The line of one signature with its newline, as a witness answers it. @throws CryptoError `bad-note`, `bad-key-name` */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  assertKeyName(name);
  if (checkBytes(signature, 'signature').length === 0 || checkBytes(keyId, 'keyId').length !== KEY_ID_BYTES)
    throw malformedLine();
  return `\u2014 ${name} ${base64.encode(concat(keyId, signature))}\n`;
}

/**
 * Signs `text` (ending in a newline) with each signer, of whom there is at least one.
 *
 * @throws CryptoError `bad-note` for text that a note cannot hold, and for text that only a cosignature may sign
 */
export function signNote(text: string, ...signers: NoteSigner[]): string {
  assertLines(text);
  // A key that both signs notes and cosigns would otherwise cosign by signing this.
  if (text.startsWith(COSIGNATURE_HEADER)) throw new CryptoError('bad-note', 'note', 'its text is a cosignature');
  const message = utf8(text);
  return formatNote({ text, signatures: signers.map((signer) => signatureBy('note', signer, signer.sign(message))) });
}

/** The signature line of `signer`. @throws CryptoError `bad-note` unless `signature` has one */
export function signatureBy(type: SignatureType, signer: NoteVerifier, signature: Uint8Array): NoteSignature {
  return { name: signer.name, keyId: keyIdOf(type, signer), signature };
}

/** Whether the line claims to be by this key: name and key id together, never one of them alone. */
export function isBy(line: NoteSignature, type: SignatureType, key: NoteVerifier): boolean {
  return line.name === key.name && equalBytes(line.keyId, keyIdOf(type, key));
}

/**
 * Opens a note: its text, once a known verifier's signature holds. Signatures by unknown keys are passed over; a bad
 * signature under a known key refuses the note.
 *
 * @throws CryptoError `bad-note` (form), `bad-signature` (names the key), `unsigned` (no known key signed), `ambiguous-key`
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  checkList(verifiers, 'verifiers', MAX_KEYS);
  const { text, signatures } = parseNote(note);
  const message = utf8(text);
  const signedBy = new Set<string>();
  for (const line of signatures) {
    const [verifier, another] = verifiers.filter((known) => isBy(line, 'note', known));
    if (verifier === undefined) continue;
    if (another !== undefined)
      throw new CryptoError('ambiguous-key', 'verifiers', 'two have this name and id', line.name);
    if (!signatureHolds(line.signature, message, verifier.publicKey))
      throw new CryptoError('bad-signature', 'note', 'its signature does not hold', verifier.name);
    signedBy.add(verifier.name);
  }
  if (signedBy.size === 0) throw new CryptoError('unsigned', 'note', 'no known key has signed it');
  return { text, signedBy: [...signedBy] };
}

function parseSignature(line: string): NoteSignature {
  const match = LINE.exec(line);
  if (match === null) throw malformedLine();
  const bytes = parseBase64(match[2]!, 'bad-note', 'note');
  if (bytes.length <= KEY_ID_BYTES) throw malformedLine();
  return { name: match[1]!, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

const malformedLine = (): CryptoError => new CryptoError('bad-note', 'note', 'has a malformed signature line');
const tooLarge = (): CryptoError =>
  new CryptoError('bad-note', 'note', `is over ${MAX_NOTE_BYTES} bytes or ${MAX_SIGNATURES} signatures`);
