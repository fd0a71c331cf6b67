/**
 * Secrets at rest: sealed under a node's 32-byte key-encryption key (KEK), so that a thief of the database or of a
 * backup holds nothing (protocol section 10).
 *
 * Form: version (1 byte, 0x01) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag. The additional data is
 * "cpds/v1/custody/" ‖ name, so a row that is moved to another place does not open there. Nonces are random: one KEK
 * serves far fewer than the 2^32 sealings that 96 random bits allow.
 */

import { gcm } from '@noble/ciphers/aes.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { ascii, concat } from './bytes.js';
import { CryptoError } from './crypto-error.js';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals `secret` under `kek` for the place called `name`.
 *
 * @param name what it is and where it lies, ASCII, for example `share/sign/<key id>/1`
 * @param nonce 12 bytes, fresh for every call
 */
export function sealAtRest(
  kek: Uint8Array,
  name: string,
  secret: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Uint8Array {
  checkKek(kek);
  return concat(Uint8Array.of(VERSION), nonce, gcm(kek, nonce, additionalData(name)).encrypt(secret));
}

/**
 * Opens what `sealAtRest` made with the same `kek` and `name`.
 *
 * @throws CryptoError `unknown-version`; `wrong-kek` when the key or the name is another one, or the bytes changed
 */
export function openAtRest(kek: Uint8Array, name: string, sealed: Uint8Array): Uint8Array {
  checkKek(kek);
  if (sealed[0] !== VERSION)
    throw new CryptoError(
      'unknown-version',
      name,
      `is sealed in version ${sealed[0] ?? 'none'}, this reads ${VERSION}`,
    );
  if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw new CryptoError('wrong-kek', name, 'is cut short');
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  try {
    return gcm(kek, nonce, additionalData(name)).decrypt(sealed.subarray(1 + NONCE_BYTES));
  } catch (cause) {
    const reason = 'does not open: another key-encryption key sealed it, or its bytes changed';
    throw Object.assign(new CryptoError('wrong-kek', name, reason), { cause });
  }
}

function additionalData(name: string): Uint8Array {
  return ascii(`cpds/v1/custody/${name}`);
}

function checkKek(kek: Uint8Array): void {
  if (kek.length !== 32) throw new CryptoError('bad-kek', 'kek', `must be 32 bytes, has ${kek.length}`);
}
