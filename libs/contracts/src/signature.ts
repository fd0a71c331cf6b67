/** Signatures over 32-byte digests as hex: what contracts recover, and what datagrams and statements carry. */

import { fromHex, to0x } from '@cpds/crypto/bytes';
import { addressOf, pointFromHex, scalarBytes } from '@cpds/crypto/curve';
import { signDigest as sign, signerOf as recover } from '@cpds/crypto/ecdsa';
import type { Hex } from './hex.js';

/** r ‖ s ‖ v as text: bytes have one spelling. v and s are looked at where the signer is recovered. */
const wellFormed = /^0x[0-9a-f]{130}$/;

/** Signs a digest with a secret scalar; deterministic (RFC 6979), v 27 or 28, s in the lower half. */
export function signDigest(secret: bigint, digest: string): Hex {
  return to0x(sign(scalarBytes(secret), fromHex(digest, 'digest', 32)));
}

/** Address, lower case, whose key made the signature; undefined if no key did, or if it is not in the form that contracts take. */
export function signerOf(digest: string, signature: string): Hex | undefined {
  if (!wellFormed.test(signature)) return undefined;
  const signer = recover(fromHex(digest, 'digest', 32), fromHex(signature, 'signature', 65));
  return signer && to0x(signer);
}

/** Whether the holder of the compressed public key made the signature. @throws CryptoError `bad-point` */
export function isSignedByKey(publicKey: string, digest: string, signature: string): boolean {
  return isSignedByAccount(to0x(addressOf(pointFromHex(publicKey, 'publicKey'))), digest, signature);
}

/** Whether the key of `address`, lower case, made the signature. A malformed one was made by nobody. */
export function isSignedByAccount(address: string, digest: string, signature: string): boolean {
  return signerOf(digest, signature) === address;
}
