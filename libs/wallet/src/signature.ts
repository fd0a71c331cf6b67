/** Signatures over 32-byte digests as hex: what contracts recover and datagrams carry. */

import { fromHex, to0x } from '@cpds/crypto/bytes';
import { addressOf, pointFromHex, scalarBytes } from '@cpds/crypto/curve';
import { signDigest as sign, signerOf as recover } from '@cpds/crypto/ecdsa';
import type { Hex } from '@cpds/contracts';
import { SignatureHex } from '@cpds/messages';

/** Signs a digest with a secret scalar; deterministic (RFC 6979), s in the lower half. */
export function signDigest(secret: bigint, digest: string): Hex {
  return to0x(sign(scalarBytes(secret), fromHex(digest, 'digest', 32)));
}

/** Address, lower case, whose key made the signature; undefined where none did, or not in the form contracts take. */
export function signerOf(digest: string, signature: string): Hex | undefined {
  if (!SignatureHex.safeParse(signature).success) return undefined;
  const signer = recover(fromHex(digest, 'digest', 32), fromHex(signature, 'signature', 65));
  return signer && to0x(signer);
}

/** Whether the holder of the compressed public key made the signature. */
export function isSignedBy(publicKey: string, digest: string, signature: string): boolean {
  return signerOf(digest, signature) === to0x(addressOf(pointFromHex(publicKey, 'publicKey')));
}
