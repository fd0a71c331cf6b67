/** X25519 (RFC 7748) as age uses it. */

import { x25519 } from '@noble/curves/ed25519.js';
import { CryptoError } from '../crypto-error.js';

/**
 * The public key of 32 secret bytes, by the ladder (RFC 7748 5). `getPublicKey` would first build a table, which takes
 * a program that handles one file longer than the rest of the header.
 */
export function publicKeyOf(secret: Uint8Array): Uint8Array {
  return x25519.scalarMult(secret, x25519.GuBytes);
}

/**
 * The secret that both ends share.
 *
 * @throws CryptoError `bad-age-header` names `field` for a point of low order: it would give everyone the same key
 */
export function sharedSecret(secret: Uint8Array, publicKey: Uint8Array, field: string): Uint8Array {
  try {
    return x25519.getSharedSecret(secret, publicKey);
  } catch (cause) {
    throw Object.assign(new CryptoError('bad-age-header', field, 'is a point of low order'), { cause });
  }
}
