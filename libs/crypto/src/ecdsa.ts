/**
 * ECDSA over 32-byte digests in the one form that is taken off chain and on chain: r ‖ s ‖ v, 65 bytes, v 27 or 28, s in
 * the lower half of the order (EIP-2). Nonces are RFC 6979's.
 *
 * ```ts
 * import { ascii, toHex } from '@cpds/crypto/bytes';
 * import { addressOf, G, scalarBytes } from '@cpds/crypto/curve';
 * import { signDigest, signerOf } from '@cpds/crypto/ecdsa';
 * import { keccak256 } from '@cpds/crypto/hash';
 *
 * const digest = keccak256(ascii('what is signed'));
 * const signer = signerOf(digest, signDigest(scalarBytes(5n), digest));
 * signer && toHex(signer) === toHex(addressOf(G.multiply(5n))); // true
 * ```
 */

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { checkBytes, concat } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { addressOf, parseScalar, Point } from './curve.js';

const HALF_ORDER = Point.Fn.ORDER >> 1n;

/** Signs `digest`, 32 bytes, with a secret key of 32 bytes. @throws CryptoError `bad-scalar`, `bad-hash` */
export function signDigest(secretKey: Uint8Array, digest: Uint8Array): Uint8Array {
  parseScalar(secretKey, 'secretKey');
  const recovered = secp256k1.sign(checkDigest(digest), secretKey, { prehash: false, format: 'recovered' });
  return concat(recovered.slice(1), Uint8Array.of(27 + recovered[0]!));
}

/** Ethereum address, 20 bytes, of the key that signed `digest`; undefined if no key did, or if the signature has another form. */
export function signerOf(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  checkDigest(digest);
  const v = checkBytes(signature, 'signature')[64];
  if (signature.length !== 65 || (v !== 27 && v !== 28)) return undefined;
  const rs = signature.slice(0, 64);
  try {
    if (secp256k1.Signature.fromBytes(rs, 'compact').s > HALF_ORDER) return undefined;
    const key = secp256k1.recoverPublicKey(concat(Uint8Array.of(v - 27), rs), digest, { prehash: false });
    return addressOf(Point.fromBytes(key));
  } catch {
    return undefined; // r or s is out of range, or R is no point of the curve, so no key made this signature
  }
}

function checkDigest(digest: Uint8Array): Uint8Array {
  if (checkBytes(digest, 'digest').length !== 32) throw new CryptoError('bad-hash', 'digest', 'must be 32 bytes');
  return digest;
}
