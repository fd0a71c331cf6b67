import { SignatureHex, type Hex } from '@cpds/messages';
import { recoverAddress, SigningKey } from 'ethers';

/** The key that signs what this party says off chain: datagrams, answers, partials (protocol section 7, "Who is who"). */
export class MessageKey {
  private readonly key: SigningKey;

  /** @param secret 32 bytes */
  constructor(secret: Uint8Array) {
    this.key = new SigningKey(secret);
  }

  /** r ‖ s ‖ v over a 32-byte digest, lower-case hex. */
  sign(digest: Hex): Hex {
    return this.key.sign(digest).serialized.toLowerCase() as Hex;
  }
}

/**
 * Whether `signature` over `digest` was made by the key of `address` (lower-case hex). A malformed one was not, nor one
 * in another form than contracts take.
 */
export function isSignedBy(address: string, digest: Hex, signature: string): boolean {
  if (!SignatureHex.safeParse(signature).success) return false;
  try {
    return recoverAddress(digest, signature).toLowerCase() === address;
  } catch {
    return false; // bytes that are no signature make the recovery throw, and are signed by nobody
  }
}
