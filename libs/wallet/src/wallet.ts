/** The patient's keys and what needs them. Secrets stay inside, except where a member says so; all other values handed out may be sent. */

import type { RandomBytes } from '@cpds/crypto';
import * as age from '@cpds/crypto/age';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { compressed, pointFromHex } from '@cpds/crypto/curve';
import { type OwnershipProof, type OwnershipStatement, proveOwnership } from '@cpds/crypto/ownership';
import { formatMetaAddress, type MetaAddress, metaAddressOf, oneTimeSecret, scan } from '@cpds/crypto/stealth';
import { deriveRevoker, deriveWallet, type WalletSecrets } from '@cpds/crypto/wallet-keys';
import { enrolmentDigest, grantId, revokeDigest, signDigest, type Hex } from '@cpds/contracts';
import { invalid } from '@cpds/errors';
import type { Enrolment, Grant, Statement } from '@cpds/messages';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64urlnopad } from '@scure/base';

/** A deed that is the wallet's: its secret and the scalar that made it. */
export interface OwnDeed {
  /** p = b + s, never exported. */
  secret: bigint;
  /** s with P = B + s·G. */
  sharedScalar: bigint;
}

/** One seed, one patient, one home hospital. */
export class Wallet {
  private readonly secrets: WalletSecrets;
  /** B and A. */
  readonly meta: MetaAddress;

  /** @param seed 16 to 64 bytes; 32 random bytes for a new wallet */
  constructor(private readonly seed: Uint8Array) {
    this.secrets = deriveWallet(seed);
    this.meta = metaAddressOf(this.secrets);
  }

  /** `st:eth:0x…`, given to the home hospital and registered nowhere. */
  get metaAddress(): string {
    return formatMetaAddress(this.meta);
  }

  /** `AGE-SECRET-KEY-1…`: with it the public `age` program opens every record of this patient. */
  get ageIdentity(): age.Identity {
    return age.encodeIdentity(this.secrets.age);
  }

  /** `age1…` */
  get ageRecipient(): age.Recipient {
    return age.recipientOf(this.ageIdentity);
  }

  /** Ed25519 public key, 32 bytes. */
  get authKey(): Hex {
    return to0x(ed25519.getPublicKey(this.secrets.auth));
  }

  /** Private JWK of the key that signs token requests (RFC 8037): secret. */
  get authJwk(): { kty: 'OKP'; crv: 'Ed25519'; x: string; d: string } {
    const x = ed25519.getPublicKey(this.secrets.auth);
    return { kty: 'OKP', crv: 'Ed25519', x: base64urlnopad.encode(x), d: base64urlnopad.encode(this.secrets.auth) };
  }

  /** What the patient declares once at the home hospital, signed by the spending key (EIP-712). */
  enrolment(homeUid: Hex): { enrolment: Enrolment; signature: Hex } {
    const enrolment: Enrolment = {
      homeUid,
      spendingKey: to0x(compressed(this.meta.spendingKey)),
      viewingKey: to0x(compressed(this.meta.viewingKey)),
      ageRecipient: this.ageRecipient,
      authKey: this.authKey,
    };
    return { enrolment, signature: signDigest(this.secrets.spending, enrolmentDigest(enrolment)) };
  }

  /** The deed's secrets if P = B + s·G holds for this wallet, else undefined. */
  own(deed: { ephemeralKey: string; viewTag: string; deedKey: string }): OwnDeed | undefined {
    const sharedScalar = scan(this.secrets.viewing, this.meta.spendingKey, {
      ephemeralKey: pointFromHex(deed.ephemeralKey, 'ephemeralKey'),
      viewTag: Number(deed.viewTag),
      key: pointFromHex(deed.deedKey, 'deedKey'),
    });
    if (sharedScalar === undefined) return undefined;
    return { secret: oneTimeSecret(this.secrets.spending, sharedScalar), sharedScalar };
  }

  /** Proves that the deed is of this wallet's spending key and the tag is the deed's (protocol section 5). */
  proveOwnership(statement: OwnershipStatement, sharedScalar: bigint, random: RandomBytes): OwnershipProof {
    return proveOwnership(statement, this.secrets.spending, sharedScalar, random);
  }

  /** Address that can revoke the grant with this nonce, and no other grant. */
  revokerOf(grantNonce: Uint8Array): Hex {
    return to0x(deriveRevoker(this.seed, grantNonce).address);
  }

  /**
   * The statement that ends a grant of this wallet. The full grant goes with it, so that a bridge and a contract which
   * never saw the grant can refuse it for ever. Needs the seed and the grant only: revocation does not need the hospital.
   *
   * @throws AppError `not-ours`
   */
  revocation(homeUid: Hex, grant: Grant): Statement {
    const id = grantId(homeUid, grant);
    const { secret, address } = deriveRevoker(this.seed, fromHex(grant.nonce, 'grant.nonce', 32));
    if (to0x(address) !== grant.revoker)
      throw invalid('not-ours', 'grant.revoker', 'grant.revoker is no key of this wallet');
    return { kind: 'revoke', grantId: id, homeUid, grant, signature: signDigest(secret, revokeDigest(homeUid, id)) };
  }
}
