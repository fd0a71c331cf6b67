/**
 * The two hashes of the protocol, their one key derivation, and the name of a chain.
 *
 * ```ts
 * import { ascii, toHex } from '@cpds/crypto/bytes';
 * import { chainUid, keccak256 } from '@cpds/crypto/hash';
 *
 * toHex(keccak256(ascii('ab'))) === toHex(keccak256(ascii('a'), ascii('b'))); // true
 * chainUid(1337, keccak256(ascii('genesis'))).length; // 32
 * ```
 */

import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { checkBytes, concat, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';

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
  return hkdfExpand(hkdfExtract(ikm), info, length);
}

/** First half of `hkdfSha256` (RFC 5869, section 2.2): 32 bytes to derive from, which do not reveal `ikm`. */
export function hkdfExtract(ikm: Uint8Array): Uint8Array {
  return extract(nobleSha256, checkBytes(ikm, 'ikm'));
}

/** Second half (RFC 5869, section 2.3): `length` bytes under `info`. */
export function hkdfExpand(pseudorandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > 255 * 32)
    throw new CryptoError('out-of-range', 'length', 'must be 1 to 8160 bytes');
  checkBytes(pseudorandomKey, 'pseudorandomKey', 32);
  checkBytes(info, 'info');
  return expand(nobleSha256, pseudorandomKey, info, length);
}

/** Identity of a chain: keccak256(u256 chainId ‖ genesis hash), 32 bytes (section 12). Private chains share chain ids. */
export function chainUid(chainId: bigint | number, genesisHash: Uint8Array): Uint8Array {
  if (checkBytes(genesisHash, 'genesisHash').length !== 32)
    throw new CryptoError('bad-hash', 'genesisHash', 'must be 32 bytes');
  return keccak256(u256(chainId), genesisHash);
}
