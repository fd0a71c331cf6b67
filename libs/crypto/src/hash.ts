/** The two hashes of the protocol and their one key derivation. */

import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat } from './bytes.js';

/** keccak256 over the joined parts. */
export function keccak256(...parts: Uint8Array[]): Uint8Array {
  return keccak_256(concat(...parts));
}

/** SHA-256 over the joined parts. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  return nobleSha256(concat(...parts));
}

/** HKDF-SHA256 without salt (RFC 5869): `length` bytes from `ikm` under `info`. */
export function hkdfSha256(ikm: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return hkdf(nobleSha256, ikm, undefined, info, length);
}
