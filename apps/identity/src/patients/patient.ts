/** A patient: a pseudonym, a keyed hash of an identifier, and after enrolment the wallet's keys. Pure. */

import { createHash } from 'node:crypto';
import * as age from '@cpds/crypto/age';
import { fromHex } from '@cpds/crypto/bytes';
import { pointFromHex } from '@cpds/crypto/curve';
import { formatMetaAddress } from '@cpds/crypto/stealth';
import { isEnrolmentSigned } from '@cpds/contracts';
import { type AppError, denied, invalid } from '@cpds/errors';
import type { Enrolment } from '@cpds/messages';

/**
 * Checks an enrolment that claims to be of this hospital: its chain, its keys, and its signature by the spending key.
 *
 * @throws AppError or CryptoError that names the field: `other-chain`, `same-key`, `bad-point`, `bad-signature`
 */
export function checkEnrolment(enrolment: Enrolment, signature: string, homeUid: string): void {
  if (enrolment.homeUid !== homeUid)
    throw invalid('other-chain', 'enrolment.homeUid', "enrolment.homeUid: is not this hospital's chain");
  pointFromHex(enrolment.spendingKey, 'enrolment.spendingKey');
  pointFromHex(enrolment.viewingKey, 'enrolment.viewingKey');
  // With one key for both, whoever scans for the patient could spend.
  if (enrolment.spendingKey === enrolment.viewingKey)
    throw invalid('same-key', 'enrolment.viewingKey', 'enrolment.viewingKey: is the spending key');
  age.decodeRecipient(enrolment.ageRecipient, 'enrolment.ageRecipient');
  if (!isEnrolmentSigned(enrolment, signature))
    throw invalid('bad-signature', 'signature', 'signature: is not by the spending key over this enrolment');
}

/** The patient's meta-address, known to this hospital only. */
export function metaAddressOf(enrolment: Enrolment): string {
  return formatMetaAddress({
    spendingKey: pointFromHex(enrolment.spendingKey, 'spendingKey'),
    viewingKey: pointFromHex(enrolment.viewingKey, 'viewingKey'),
  });
}

/** Ed25519 public key bytes of the wallet's token key. */
export function authKeyOf(enrolment: Enrolment): Uint8Array {
  return fromHex(enrolment.authKey, 'enrolment.authKey', 32);
}

/** The stored hash of a one-time code: its 160 random bits need no slow hash. */
export function codeHash(code: string): Buffer {
  return createHash('sha256').update(`cpds/v1/enrolment-code\n${code}`).digest();
}

/** Gives the same answer for an unknown, a used and an expired code, so that a guesser learns nothing. */
export function codeRefused(): AppError {
  return denied('code-refused', 'code: is unknown, used or expired', { field: 'code' });
}
