/** Signed notes of c2sp.org/signed-note, with Ed25519 keys (signature type 0x01). */

import { ed25519 } from '@noble/curves/ed25519.js';
import { base64 } from '@scure/base';
import { concat, equalBytes, fromHex, toHex, utf8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { sha256 } from '../hash.js';

const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
const MARK = '\u2014 ';

/** A key that signs notes. */
export interface NoteSigner extends NoteVerifier {
  /** The 64 bytes of an Ed25519 signature (RFC 8032). */
  sign(message: Uint8Array): Uint8Array;
}

/** A key that notes are checked against: public. */
export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

/** A note whose text at least one known key has signed. */
export interface OpenedNote {
  readonly text: string;
  /** Names of the given verifiers that signed, in the note's order. */
  readonly signedBy: readonly string[];
}

/**
 * A signer from a 32-byte Ed25519 seed.
 *
 * @throws CryptoError `bad-key-name` for a name that cannot stand in a signature line
 */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  checkSigner(name, seed);
  return { name, publicKey: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) };
}

/** Refuses a name that cannot stand in a signature line, and a seed of another length. */
export function checkSigner(name: string, seed: Uint8Array): void {
  assertName(name);
  if (seed.length !== 32) throw new CryptoError('bad-length', 'seed', 'must be 32 bytes');
}

/** The public side of a signer. */
export function verifierOf({ name, publicKey }: NoteSigner): NoteVerifier {
  return { name, publicKey };
}

/** `name+hash+base64(0x01 ‖ key)`: the form in which verifier keys are handed around. */
export function formatVerifierKey(verifier: NoteVerifier): string {
  const key = concat(Uint8Array.of(ED25519), verifier.publicKey);
  return `${verifier.name}+${toHex(keyId(verifier))}+${base64.encode(key)}`;
}

/**
 * Parses a verifier key.
 *
 * @throws CryptoError `bad-verifier-key` for another key type, and when the hash is not that of name and key
 */
export function parseVerifierKey(text: string): NoteVerifier {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  if (match === null) throw new CryptoError('bad-verifier-key', 'verifierKey', 'is not name+hash+key');
  const key = decodeBase64(match[3]!, 'bad-verifier-key', 'verifierKey');
  if (key.length !== 33 || key[0] !== ED25519)
    throw new CryptoError('bad-verifier-key', 'verifierKey', 'is not an Ed25519 key');
  assertName(match[1]!);
  const verifier = { name: match[1]!, publicKey: key.slice(1) };
  if (!equalBytes(keyId(verifier), fromHex(match[2]!, 'verifierKey', KEY_ID_BYTES)))
    throw new CryptoError('bad-verifier-key', 'verifierKey', 'its hash is not that of its name and key');
  return verifier;
}

/**
 * Signs `text` (ending in a newline) with each signer.
 *
 * @throws CryptoError `bad-note` for text that a note cannot carry
 */
export function signNote(text: string, ...signers: NoteSigner[]): string {
  assertText(text);
  const message = utf8(text);
  const lines = signers.map((signer) => {
    const signature = concat(keyId(signer), signer.sign(message));
    return `${MARK}${signer.name} ${base64.encode(signature)}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/**
 * Opens a note: its text, once a known verifier's signature holds. Signatures by unknown keys are passed over; a bad
 * signature under a known key refuses the note.
 *
 * @throws CryptoError `bad-note` (form), `bad-signature` (names the key), `unsigned` (no known key signed)
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) throw new CryptoError('bad-note', 'note', 'has no signatures');
  const text = note.slice(0, cut + 1);
  assertText(text);
  const lines = note.slice(cut + 2, -1).split('\n');
  const message = utf8(text);
  const signedBy: string[] = [];
  for (const line of lines) {
    const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
    if (match === null) throw new CryptoError('bad-note', 'note', 'has a malformed signature line');
    const bytes = decodeBase64(match[2]!, 'bad-note', 'note');
    if (bytes.length <= KEY_ID_BYTES) throw new CryptoError('bad-note', 'note', 'has a malformed signature line');
    const verifier = verifiers.find(
      (known) => known.name === match[1] && equalBytes(keyId(known), bytes.slice(0, KEY_ID_BYTES)),
    );
    if (verifier === undefined || signedBy.includes(verifier.name)) continue;
    if (!holds(bytes.slice(KEY_ID_BYTES), message, verifier.publicKey))
      throw new CryptoError('bad-signature', 'note', 'its signature does not hold', verifier.name);
    signedBy.push(verifier.name);
  }
  if (signedBy.length === 0) throw new CryptoError('unsigned', 'note', 'no known key has signed it');
  return { text, signedBy };
}

function holds(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  // RFC 8032 rules, not ZIP 215: the second implementation of this format (Go) takes the same.
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}

/** First four bytes of SHA-256(name ‖ "\n" ‖ type ‖ key). */
function keyId(verifier: NoteVerifier): Uint8Array {
  return sha256(utf8(`${verifier.name}\n`), Uint8Array.of(ED25519), verifier.publicKey).slice(0, KEY_ID_BYTES);
}

function assertName(name: string): void {
  if (name === '' || /[\s+]/u.test(name)) throw new CryptoError('bad-key-name', 'name', 'is empty or has a space or +');
}

function assertText(text: string): void {
  // eslint-disable-next-line no-control-regex -- the format forbids exactly these
  if (!text.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f\ufffd]/.test(text))
    throw new CryptoError('bad-note', 'note', 'its text has a control character or no last newline');
}

function decodeBase64(text: string, code: string, field: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw new CryptoError(code, field, 'is not base64');
  }
}
