/** Keys of c2sp.org/signed-note: a name, an Ed25519 key, and what it signs. */

import { ed25519 } from '@noble/curves/ed25519.js';
import { base64 } from '@scure/base';
import { checkBytes, checkText, concat, equalBytes, fromHex, toHex, utf8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { sha256 } from '../hash.js';
import { parseBase64 } from './text.js';

/** Bytes of a key id, which names the key on a signature line and is too short to prove anything. */
export const KEY_ID_BYTES = 4;

/** Keys that one reader knows, at most: each line of a note is tried on all. */
export const MAX_KEYS = 1000;

/** Characters of a key's name (c2sp.org/signed-note, "Format"). */
export const KEY_NAME = '[^\\p{White_Space}+]+';

/** Signature types of c2sp.org/signed-note: a note's text itself, or c2sp.org/tlog-cosignature. Other types are unknown keys here. */
export const signatureTypes = { note: 0x01, cosignature: 0x04 } as const;

/** The kind of message that a key signs. It is part of the key's id, so that one kind of line cannot be read as the other. */
export type SignatureType = keyof typeof signatureTypes;

/** A key that notes are checked against: public. */
export interface NoteVerifier {
  readonly name: string;
  /** 32 bytes (RFC 8032 §5.1.5). */
  readonly publicKey: Uint8Array;
}

/** A key that signs notes. */
export interface NoteSigner extends NoteVerifier {
  /** The 64 bytes of an Ed25519 signature (RFC 8032). */
  sign(message: Uint8Array): Uint8Array;
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
  assertKeyName(name);
  checkBytes(seed, 'seed', 32);
}

/** The public side of a signer. */
export function verifierOf({ name, publicKey }: NoteSigner): NoteVerifier {
  return { name, publicKey };
}

/** `name+hash+base64(0x01 ‖ key)`: the form in which verifier keys are handed around. */
export function formatVerifierKey(verifier: NoteVerifier): string {
  return formatKey('note', verifier);
}

/**
 * Parses a verifier key.
 *
 * @throws CryptoError `bad-verifier-key` for another key type, and when the hash is not that of name and key; `bad-key-name`
 */
export function parseVerifierKey(text: string): NoteVerifier {
  return parseKey('note', text);
}

/** A witness's key, `name+hash+base64(0x04 ‖ key)` (c2sp.org/tlog-cosignature, "Format"). */
export function formatWitnessKey(witness: NoteVerifier): string {
  return formatKey('cosignature', witness);
}

/**
 * Parses a witness's key.
 *
 * @throws CryptoError `bad-verifier-key` as `parseVerifierKey`; also for a log's key, and for one of ML-DSA
 */
export function parseWitnessKey(text: string): NoteVerifier {
  return parseKey('cosignature', text);
}

/** First four bytes of SHA-256(name ‖ "\n" ‖ type ‖ key). */
export function keyIdOf(type: SignatureType, { name, publicKey }: NoteVerifier): Uint8Array {
  const key = checkBytes(publicKey, 'publicKey', 32);
  return sha256(utf8(`${name}\n`), Uint8Array.of(signatureTypes[type]), key).slice(0, KEY_ID_BYTES);
}

/** Stops at a name that cannot stand in a signature line. @throws CryptoError `bad-key-name` */
export function assertKeyName(name: string): void {
  if (!new RegExp(`^${KEY_NAME}$`, 'u').test(checkText(name, 'name')))
    throw new CryptoError('bad-key-name', 'name', 'is empty or has a space or +');
  // eslint-disable-next-line no-control-regex -- a note may not contain them
  if (/[\u0000-\u001f\p{Surrogate}\ufffd]/u.test(name))
    throw new CryptoError('bad-key-name', 'name', 'has a character that notes cannot carry');
}

/**
 * Whether an Ed25519 signature holds, with the cofactor and without. RFC 8032 §5.1.7 leaves the choice: the curve
 * library multiplies by it, Go and OpenSSL do not, so without the last two conditions a signer could make a checkpoint
 * that opens here and not there. Honest keys and signatures are in the subgroup.
 */
export function signatureHolds(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return (
    ed25519.verify(signature, message, publicKey, { zip215: false }) &&
    ed25519.Point.fromBytes(publicKey).isTorsionFree() &&
    ed25519.Point.fromBytes(signature.slice(0, 32)).isTorsionFree()
  );
}

function formatKey(type: SignatureType, verifier: NoteVerifier): string {
  assertKeyName(verifier.name);
  const key = concat(Uint8Array.of(signatureTypes[type]), verifier.publicKey);
  return `${verifier.name}+${toHex(keyIdOf(type, verifier))}+${base64.encode(key)}`;
}

function parseKey(type: SignatureType, text: string): NoteVerifier {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(checkText(text, 'verifierKey'));
  if (match === null) throw new CryptoError('bad-verifier-key', 'verifierKey', 'is not name+hash+key');
  const key = parseBase64(match[3]!, 'bad-verifier-key', 'verifierKey');
  if (key.length !== 33 || key[0] !== signatureTypes[type])
    throw new CryptoError('bad-verifier-key', 'verifierKey', `is not an Ed25519 key for a ${type}`);
  assertKeyName(match[1]!);
  const verifier = { name: match[1]!, publicKey: key.slice(1) };
  if (!equalBytes(keyIdOf(type, verifier), fromHex(match[2]!, 'verifierKey', KEY_ID_BYTES)))
    throw new CryptoError('bad-verifier-key', 'verifierKey', 'its hash is not that of its name and key');
  return verifier;
}
