/**
 * HPKE (RFC 9180) with the protocol's one suite: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, Base mode, one
 * message per context. P-256 and not X25519: there an uncompressed point on the curve is the only accepted key, so no
 * key can make an honest sender look guilty (protocol section 11, attack 18).
 *
 * ```ts
 * import { ascii } from '@cpds/crypto/bytes';
 * import * as hpke from '@cpds/crypto/hpke';
 *
 * const { privateKey, publicKey } = await hpke.generateKey();
 * const sealed = await hpke.seal(publicKey, ascii('share/1'), ascii('secret'));
 * new TextDecoder().decode(await hpke.open(privateKey, ascii('share/1'), sealed)); // 'secret'
 * ```
 */

import { p256 } from '@noble/curves/nist.js';
import * as HPKE from 'hpke';
import { checkBytes, concat } from './bytes.js';
import { CryptoError } from './crypto-error.js';

const suite = new HPKE.CipherSuite(HPKE.KEM_DHKEM_P256_HKDF_SHA256, HPKE.KDF_HKDF_SHA256, HPKE.AEAD_AES_256_GCM);

/** Bytes of a public key and of the encapsulation that leads every sealed message: SEC1 uncompressed. */
export const PUBLIC_KEY_BYTES = 65;
const TAG_BYTES = 16;

/** A key pair of the suite: the secret scalar (32 bytes, big-endian) and its SEC1 uncompressed point (65 bytes). */
export interface KeyPair {
  privateKey: Uint8Array;
  publicKey: Uint8Array;
}

/** A fresh key pair. */
export async function generateKey(): Promise<KeyPair> {
  return exported(await suite.GenerateKeyPair(true));
}

/**
 * The key pair that `ikm` determines (RFC 9180 §7.1.3, DeriveKeyPair).
 *
 * @param ikm secret, 32 bytes or more
 * @throws CryptoError `bad-ikm` for fewer
 */
export async function deriveKey(ikm: Uint8Array): Promise<KeyPair> {
  if (checkBytes(ikm, 'ikm').length < 32) throw new CryptoError('bad-ikm', 'ikm', 'must be 32 bytes or more');
  return exported(await suite.DeriveKeyPair(ikm, true));
}

/** The public key of a secret scalar. @throws CryptoError `bad-hpke-key` names `field` */
export function publicKey(privateKey: Uint8Array, field = 'privateKey'): Uint8Array {
  if (!p256.utils.isValidSecretKey(checkBytes(privateKey, field)))
    throw new CryptoError('bad-hpke-key', field, 'is not a P-256 scalar');
  return p256.getPublicKey(privateKey, false);
}

/**
 * Accepts a public key only as an uncompressed point on the curve, never the identity.
 *
 * @throws CryptoError `bad-hpke-key` names `field` and `culprit`
 */
export function checkPublicKey(bytes: Uint8Array, field: string, culprit?: string): Uint8Array {
  if (checkBytes(bytes, field).length !== PUBLIC_KEY_BYTES || bytes[0] !== 4)
    throw new CryptoError('bad-hpke-key', field, 'must be an uncompressed P-256 point of 65 bytes', culprit);
  try {
    p256.Point.fromBytes(bytes).assertValidity();
    return bytes;
  } catch (cause) {
    throw Object.assign(new CryptoError('bad-hpke-key', field, 'is not on the curve', culprit), { cause });
  }
}

/**
 * Seals one message to `publicKey`.
 *
 * @param info context both sides must agree on; an opener with another `info` gets nothing
 * @returns encapsulation (65 bytes) ‖ ciphertext with tag
 */
export async function seal(publicKey: Uint8Array, info: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  const key = await suite.DeserializePublicKey(checkPublicKey(publicKey, 'publicKey'));
  if (checkBytes(info, 'info').length > 0xffff) throw new CryptoError('out-of-range', 'info', 'is over 65535 bytes');
  const { encapsulatedSecret, ciphertext } = await suite.Seal(key, checkBytes(message, 'message'), { info });
  return concat(encapsulatedSecret, ciphertext);
}

/**
 * Opens what `seal` made for this key and `info`.
 *
 * @throws CryptoError `not-openable`: cut short, altered, for another key or under another `info`; `bad-hpke-key` for a
 *   `privateKey` that is no P-256 scalar
 */
export async function open(privateKey: Uint8Array, info: Uint8Array, sealed: Uint8Array): Promise<Uint8Array> {
  checkBytes(info, 'info');
  if (checkBytes(sealed, 'sealed').length < PUBLIC_KEY_BYTES + TAG_BYTES)
    throw new CryptoError('not-openable', 'sealed', 'is too short for an HPKE message');
  const pair = {
    publicKey: await suite.DeserializePublicKey(publicKey(privateKey)), // refuses bytes that are no scalar, with their name
    privateKey: await suite.DeserializePrivateKey(privateKey, true),
  };
  const encapsulated = sealed.subarray(0, PUBLIC_KEY_BYTES);
  const ciphertext = sealed.subarray(PUBLIC_KEY_BYTES);
  try {
    // Web Crypto also reads a hybrid point (0x06, 0x07), other implementations do not. All judges of a complaint must
    // agree.
    checkPublicKey(encapsulated, 'encapsulated');
    return await suite.Open(pair, encapsulated, ciphertext, { info });
  } catch (cause) {
    throw Object.assign(new CryptoError('not-openable', 'sealed', 'does not open with this key and context'), {
      cause,
    });
  }
}

async function exported(pair: HPKE.KeyPair<HPKE.CryptoKey>): Promise<KeyPair> {
  return {
    privateKey: await suite.SerializePrivateKey(pair.privateKey),
    publicKey: await suite.SerializePublicKey(pair.publicKey),
  };
}
