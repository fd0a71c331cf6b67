/**
 * A department's keys and their uses in custody (wire.md "Identity's custody"): scan, prove, sign, open. No function
 * here returns a scalar; the file key leaves only as an age stanza.
 */

import type { RandomBytes } from '@cpds/crypto';
import * as age from '@cpds/crypto/age';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { capsuleLabel, openCapsule, parseCapsule, proveOpen, sealedKeyHash, verifyCapsule } from '@cpds/crypto/capsule';
import { compressed, pointFromHex, scalarBytes, scalarFrom48 } from '@cpds/crypto/curve';
import { formatMetaAddress, metaAddressOf, oneTimeSecret, scan, type StealthSecrets } from '@cpds/crypto/stealth';
import { fetchDigest, giveBackDigest, grantDigestWithoutKey, grantId, signDigest, type Hex } from '@cpds/contracts';
import { invalid } from '@cpds/errors';
import type { DleqProof, Fetch, Grant } from '@cpds/messages';

/** The public fields by which a department finds its one-time key. */
export interface Announcement {
  recipientKey: string;
  ephemeralKey: string;
  viewTag: string;
}

/** Fresh secrets of a department: spending and viewing scalar. */
export function newDepartmentSecrets(random: RandomBytes): StealthSecrets {
  return { spending: scalarFrom48(random(48), 'spending'), viewing: scalarFrom48(random(48), 'viewing') };
}

/** The keys of one department, opened from custody for the length of a call. */
export class DepartmentKeys {
  constructor(private readonly secrets: StealthSecrets) {}

  /** `st:eth:0x…`, registered in public and named in every request. */
  get metaAddress(): string {
    return formatMetaAddress(metaAddressOf(this.secrets));
  }

  /** The announced one-time key, if it is this department's. */
  find(announcement: Announcement): OneTimeCustody | undefined {
    const sharedScalar = scan(this.secrets.viewing, metaAddressOf(this.secrets).spendingKey, {
      ephemeralKey: pointFromHex(announcement.ephemeralKey, 'ephemeralKey'),
      viewTag: Number(announcement.viewTag),
      key: pointFromHex(announcement.recipientKey, 'recipientKey'),
    });
    return sharedScalar === undefined
      ? undefined
      : new OneTimeCustody(oneTimeSecret(this.secrets.spending, sharedScalar));
  }
}

/** One one-time key q of a department, for the length of a call. */
export class OneTimeCustody {
  constructor(private readonly secret: bigint) {}

  /** Q̄ and the proof of q that a release asks for. */
  prove(grantIdHex: string, random: RandomBytes): { qBar: Hex; proof: DleqProof } {
    const { qBar, proof } = proveOpen(this.secret, fromHex(grantIdHex, 'grantId', 32), random);
    return {
      qBar: to0x(compressed(qBar)),
      proof: { c: to0x(scalarBytes(proof.c)), s: to0x(scalarBytes(proof.s)) },
    };
  }

  /** q's signature over one read of the exchange endpoint. @throws AppError `other-grant` */
  signFetch(homeUid: Hex, grant: Grant, fetch: Fetch): Hex {
    if (fetch.grantId !== grantId(homeUid, grant))
      throw invalid('other-grant', 'fetch.grantId', 'fetch.grantId is not the id of the grant');
    return signDigest(this.secret, fetchDigest(homeUid, fetch));
  }

  /** q's statement that ends the grant from the receiving side. */
  signGiveBack(homeUid: Hex, grant: Grant): Hex {
    return signDigest(this.secret, giveBackDigest(homeUid, grantId(homeUid, grant)));
  }

  /**
   * Opens a capsule with the storemen's combined W and wraps the file key to an age recipient of the same hospital.
   *
   * @returns the stanza's text, for the place of the header's own stanzas
   * @throws AppError `other-capsule`; CryptoError `wrong-key` when W is not t good partials
   */
  open(input: {
    homeUid: Hex;
    grant: Grant;
    capsule: string;
    keyId: string;
    ySeal: string;
    w: string;
    ageRecipient: string;
  }): string {
    const { homeUid, grant } = input;
    const bytes = fromHex(input.capsule, 'capsule', 162);
    if (to0x(sealedKeyHash(bytes)) !== grant.sealedKeyHash)
      throw invalid('other-capsule', 'capsule', 'capsule is not the one the grant names');
    const capsule = parseCapsule(bytes);
    const ySeal = pointFromHex(input.ySeal, 'ySeal');
    const digest = fromHex(grantDigestWithoutKey(homeUid, grant), 'grantDigest', 32);
    const label = capsuleLabel(digest, fromHex(input.keyId, 'keyId', 32), ySeal);
    if (!verifyCapsule(capsule, label))
      throw invalid('other-capsule', 'capsule', 'capsule was not sealed for this grant and key');
    const fileKey = openCapsule({
      capsule,
      label,
      recipientSecret: this.secret,
      ySeal,
      W: pointFromHex(input.w, 'w'),
    });
    return age.serializeStanza(age.wrapFileKey(fileKey, input.ageRecipient));
  }
}
