import { toBigInt } from '@cpds/crypto/bytes';
import { signDigest, type Hex } from '@cpds/contracts';

/** The key that signs what this party says off chain: datagrams, answers, partials (protocol section 7, "Who is who"). */
export class MessageKey {
  /** @param secret 32 bytes */
  constructor(private readonly secret: Uint8Array) {}

  /** r ‖ s ‖ v over a 32-byte digest, lower-case hex. */
  sign(digest: Hex): Hex {
    return signDigest(toBigInt(this.secret), digest);
  }
}
