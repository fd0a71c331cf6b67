import { fromHex, to0x } from '@cpds/crypto/bytes';
import { signDigest, signerOf } from '@cpds/crypto/ecdsa';
import { SignatureHex, type Hex } from '@cpds/messages';

/** The key that signs what this party says off chain: datagrams, answers, partials (protocol section 7, "Who is who"). */
export class MessageKey {
  /** @param secret 32 bytes */
  constructor(private readonly secret: Uint8Array) {}

  /** r ‖ s ‖ v over a 32-byte digest, lower-case hex. */
  sign(digest: Hex): Hex {
    return to0x(signDigest(this.secret, fromHex(digest, 'digest', 32)));
  }
}

/**
 * Whether `signature` over `digest` was made by the key of `address` (lower-case hex). A malformed one was not, nor one
 * in another form than contracts take.
 */
export function isSignedBy(address: string, digest: Hex, signature: string): boolean {
  if (!SignatureHex.safeParse(signature).success) return false;
  const signer = signerOf(fromHex(digest, 'digest', 32), fromHex(signature, 'signature', 65));
  return signer !== undefined && to0x(signer) === address;
}
