/** Names of X25519 keys in age v1 (c2sp.org/age, "The X25519 recipient type"): `age1…` public, `AGE-SECRET-KEY-1…` secret. */

import { bech32 } from '@scure/base';
import { checkBytes, checkText } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { publicKeyOf } from './x25519.js';

/** A public key in bech32, `age1…`. */
export type Recipient = `age1${string}`;
/** A secret key in bech32, `AGE-SECRET-KEY-1…`. Never logged, never sent. */
export type Identity = `AGE-SECRET-KEY-1${string}`;

const recipientPrefix = 'age';
const identityPrefix = 'age-secret-key-';

/** The `age1…` name of a 32-byte X25519 public key. */
export function encodeRecipient(publicKey: Uint8Array): Recipient {
  return bech32.encode(recipientPrefix, bech32.toWords(checkBytes(publicKey, 'recipient', 32))) as Recipient;
}

/** The `AGE-SECRET-KEY-1…` name of 32 secret bytes: of a wallet's age key, for instance. */
export function encodeIdentity(secret: Uint8Array): Identity {
  if (checkBytes(secret, 'identity').length !== 32)
    throw new CryptoError('bad-age-key', 'identity', 'must be 32 bytes');
  return bech32.encode(identityPrefix, bech32.toWords(secret)).toUpperCase() as Identity;
}

/**
 * The 32 bytes of an `age1…` recipient.
 *
 * @throws CryptoError `bad-age-key` names `field`
 */
export function decodeRecipient(text: string, field = 'recipient'): Uint8Array {
  return decode(text, checkText(text, field).toLowerCase(), recipientPrefix, field);
}

/**
 * The 32 secret bytes of an `AGE-SECRET-KEY-1…` identity.
 *
 * @throws CryptoError `bad-age-key` names `field` and never quotes the key
 */
export function decodeIdentity(text: string, field = 'identity'): Uint8Array {
  return decode(text, checkText(text, field).toUpperCase(), identityPrefix, field);
}

/** The public name of an identity's key. */
export function recipientOf(identity: string): Recipient {
  return encodeRecipient(publicKeyOf(decodeIdentity(identity)));
}

/** `canonical` is the text in the case that its kind is written in: the other case is refused, as age does. */
function decode(text: string, canonical: string, prefix: string, field: string): Uint8Array {
  if (text !== canonical) throw new CryptoError('bad-age-key', field, 'is in the wrong case');
  const decoded = bech32.decodeUnsafe(text.toLowerCase(), false);
  if (!decoded || decoded.prefix !== prefix) throw new CryptoError('bad-age-key', field, `is not a ${prefix} key`);
  const bytes = bech32.fromWordsUnsafe(decoded.words);
  if (!bytes || bytes.length !== 32) throw new CryptoError('bad-age-key', field, 'must hold 32 bytes');
  return Uint8Array.from(bytes);
}
