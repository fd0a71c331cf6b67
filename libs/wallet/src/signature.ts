/** ECDSA over 32-byte digests, r ‖ s ‖ v: what contracts recover and datagrams carry. */

import { scalarBytes, to0x } from '@cpds/crypto';
import type { Hex } from '@cpds/contracts';
import { SignatureHex } from '@cpds/messages';
import { computeAddress, recoverAddress, SigningKey } from 'ethers';

/** Signs a digest with a secret scalar; deterministic (RFC 6979), s in the lower half. */
export function signDigest(secret: bigint, digest: string): Hex {
  return new SigningKey(to0x(scalarBytes(secret))).sign(digest).serialized.toLowerCase() as Hex;
}

/** Address, lower case, whose key made the signature; undefined where none did, or not in the form contracts take. */
export function signerOf(digest: string, signature: string): Hex | undefined {
  if (!SignatureHex.safeParse(signature).success) return undefined;
  try {
    return recoverAddress(digest, signature).toLowerCase() as Hex;
  } catch {
    // A signature that no key can have made is an answer, not a failure.
    return undefined;
  }
}

/** Whether the holder of the compressed public key made the signature. */
export function isSignedBy(publicKey: string, digest: string, signature: string): boolean {
  return signerOf(digest, signature) === computeAddress(publicKey).toLowerCase();
}
