/** One recipient's entry of an age header (c2sp.org/age, "Recipient stanza"), and the X25519 type of it. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { base64nopad } from '@scure/base';
import { ascii, checkBytes, checkList, checkText, concat } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { decodeIdentity, decodeRecipient } from './recipient.js';
import { publicKeyOf, sharedSecret } from './x25519.js';

/** Arguments of the first line (the type first) and the body. */
export interface Stanza {
  args: readonly string[];
  body: Uint8Array;
}

/** Bytes of a file key. */
export const fileKeyBytes = 16;

/** Most lines of a header: what 64 KiB can hold. */
const maxLines = 64 * 1024;
/** Most arguments of a stanza: what 64 KiB can hold in one line. */
export const maxArguments = 32 * 1024;
const isArgument = (arg: unknown): boolean => typeof arg === 'string' && /^[\x21-\x7e]+$/.test(arg);
const columns = 64;
const info = ascii('age-encryption.org/v1/X25519');
/** One key, one use: the nonce is zero (c2sp.org/age). */
const zeroNonce = new Uint8Array(12);

/** The stanza's lines, each ended by a newline: first line, body of 64 columns, the last body line shorter than that. */
export function serializeStanza(stanza: Stanza): string {
  const args = checkList(stanza.args, 'stanza', maxArguments);
  if (args.length === 0 || !args.every(isArgument))
    throw new CryptoError('bad-age-header', 'stanza', 'must have arguments of visible ASCII');
  const body = base64nopad.encode(checkBytes(stanza.body, 'stanza body'));
  let text = `-> ${args.join(' ')}\n`;
  for (let at = 0; at <= body.length; at += columns) text += `${body.slice(at, at + columns)}\n`;
  return text;
}

/**
 * Reads one stanza from `lines` at `from`; canonical form only, so that a header has one text.
 *
 * @returns the stanza and the index of the line after it
 * @throws CryptoError `bad-age-header`
 */
export function parseStanza(lines: readonly string[], from = 0): { stanza: Stanza; next: number } {
  checkList(lines, 'header', maxLines);
  const [arrow, ...args] = checkText(lines[from] ?? '', 'stanza').split(' ');
  if (arrow !== '->' || args.length === 0 || !args.every(isArgument))
    throw new CryptoError('bad-age-header', 'stanza', 'its first line must be "->" and arguments');
  let body = '';
  for (let at = from + 1; at < lines.length; at++) {
    const line = checkText(lines[at]!, 'stanza body');
    if (line.length > columns) break;
    body += line;
    if (line.length < columns) return { stanza: { args, body: decodeBase64(body, 'stanza body') }, next: at + 1 };
  }
  throw new CryptoError('bad-age-header', 'stanza body', 'must end in a line shorter than 64 columns');
}

/** Unpadded standard base64, canonical. @throws CryptoError `bad-age-header` names `field` */
export function decodeBase64(text: string, field: string): Uint8Array {
  try {
    return base64nopad.decode(checkText(text, field));
  } catch (cause) {
    throw Object.assign(new CryptoError('bad-age-header', field, 'is not canonical base64'), { cause });
  }
}

/**
 * Wraps a 16-byte file key to an `age1…` recipient.
 *
 * @param ephemeral 32 random bytes, fresh for each call
 */
export function wrapFileKey(fileKey: Uint8Array, recipient: string, ephemeral: Uint8Array = randomBytes(32)): Stanza {
  if (checkBytes(fileKey, 'fileKey').length !== fileKeyBytes)
    throw new CryptoError('bad-file-key', 'fileKey', 'must be 16 bytes');
  const publicKey = decodeRecipient(recipient);
  const share = publicKeyOf(checkBytes(ephemeral, 'ephemeral', 32));
  const key = wrapKey(sharedSecret(ephemeral, publicKey, 'recipient'), share, publicKey);
  return { args: ['X25519', base64nopad.encode(share)], body: chacha20poly1305(key, zeroNonce).encrypt(fileKey) };
}

/**
 * Opens an X25519 stanza. `null`: another type, or made for another key.
 *
 * @throws CryptoError `bad-age-header` for an X25519 stanza that no writer makes, even when it is not ours (c2sp.org/age)
 */
export function unwrapStanza(stanza: Stanza, identity: string): Uint8Array | null {
  const secret = decodeIdentity(identity);
  if (checkList(stanza.args, 'stanza', maxArguments)[0] !== 'X25519') return null;
  if (stanza.args.length !== 2) throw new CryptoError('bad-age-header', 'X25519 stanza', 'must have one argument');
  const share = decodeBase64(stanza.args[1]!, 'X25519 share');
  if (share.length !== 32) throw new CryptoError('bad-age-header', 'X25519 share', 'must be 32 bytes');
  if (checkBytes(stanza.body, 'X25519 stanza').length !== fileKeyBytes + 16)
    throw new CryptoError('bad-age-header', 'X25519 stanza', 'must wrap 16 bytes');
  const key = wrapKey(sharedSecret(secret, share, 'X25519 share'), share, publicKeyOf(secret));
  try {
    return chacha20poly1305(key, zeroNonce).decrypt(stanza.body);
  } catch {
    // An authenticator that does not fit means that the stanza is not for this key.
    return null;
  }
}

function wrapKey(shared: Uint8Array, share: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return hkdf(sha256, shared, concat(share, publicKey), info, 32);
}
