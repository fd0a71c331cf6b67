/**
 * Checks that both hospitals make of a grant before anything is sent (protocol section 7, lines "consent" and "grant").
 * Pure: the answers of chains, registries and custody are arguments. Each check refuses with the name of the field that
 * failed, and refuses before anything is stored or sent.
 */

import { CryptoError } from '@cpds/crypto';
import { fromHex, to0x, toBigInt } from '@cpds/crypto/bytes';
import { parseCapsule, sealedKeyHash, verifyCapsule } from '@cpds/crypto/capsule';
import { parsePoint, pointFromHex } from '@cpds/crypto/curve';
import { termsHash } from '@cpds/crypto/deed';
import { verifyOwnership } from '@cpds/crypto/ownership';
import { expandRing, type RingStatement, type RingWitness, tagDomain } from '@cpds/crypto/ring';
import { capsuleLabel, grantDigestWithoutKey, grantId as grantIdOf } from '@cpds/contracts';
import { invalid } from '@cpds/errors';
import type { Grant, OwnershipProof, ShareRequest, Terms } from '@cpds/messages';

/** The data sent beside a grant, of which the grant itself holds only hashes. */
export interface GrantParts {
  grant: Grant;
  capsule: string;
  terms: Terms;
  salt: string;
  ownershipProof: OwnershipProof;
}

/** The storemen's sealing key that capsules must be made for. */
export interface SealingKey {
  keyId: string;
  ySeal: string;
}

const zeroAddress = `0x${'00'.repeat(20)}`;
const zeroWord = `0x${'00'.repeat(32)}`;

/** "Grant equals request": destination, department, purpose, category of the terms, and the period (wire.md). */
export function checkFitsRequest(parts: GrantParts, request: ShareRequest, commitment: string): void {
  const { grant, terms } = parts;
  const { provision } = terms;
  const until = Math.floor(Date.parse(provision.period.end) / 1000);
  same(grant.destinationUid, request.destinationUid, 'grant.destinationUid');
  same(grant.mappedDeeds, request.mappedDeeds, 'grant.mappedDeeds');
  same(provision.actor[0]!.reference.identifier.value, request.department.id, 'terms.provision.actor');
  same(provision.purpose[0]!.code, request.purpose, 'terms.provision.purpose');
  same(terms.category[0]!.coding[0].code, request.category, 'terms.category');
  same(provision.data[0]!.reference.identifier.value, commitment, 'terms.provision.data');
  if (until > request.period.end) throw refused('terms.provision.period.end', 'is after the end that was asked for');
  if (grant.notAfter > until) throw refused('grant.notAfter', 'is after the end of the terms');
  same(grant.termsHash, to0x(termsHash(fromHex(parts.salt, 'salt', 32), terms)), 'grant.termsHash');
}

/** Seconds that a chain's step may need, by chain (protocol section 7, "Final"). */
export interface Windows {
  home: number;
  hub: number;
  destination: number;
}

/**
 * The times of a grant at the moment of consent.
 *
 * @param homeTime head timestamp of A's chain, seconds
 */
export function checkTimes(grant: Grant, homeTime: number, w: Windows): void {
  if (grant.lockBefore <= homeTime) throw refused('grant.lockBefore', "is not after A's time");
  if (grant.mintBefore < homeTime + w.home + w.hub + w.destination)
    throw refused('grant.mintBefore', 'leaves no time to lock, vouch and mint');
  if (grant.mintBefore >= grant.notAfter) throw refused('grant.mintBefore', 'is not before notAfter');
}

/** Refuses zero fields: nobody could act as the revoker, or there would be no capsule. */
export function checkNamed(grant: Grant): void {
  if (grant.revoker === zeroAddress) throw refused('grant.revoker', 'must not be zero');
  if (grant.sealedKeyHash === zeroWord) throw refused('grant.sealedKeyHash', 'must not be zero');
  pointFromHex(grant.tag, 'grant.tag');
  pointFromHex(grant.recipientKey, 'grant.recipientKey');
  pointFromHex(grant.ephemeralKey, 'grant.ephemeralKey');
}

/** The capsule is the one the grant names, and its proof binds it to this grant and this sealing key. */
export function checkCapsule(homeUid: string, grant: Grant, capsuleHex: string, key: SealingKey): void {
  const bytes = fromHex(capsuleHex, 'capsule', 162);
  same(grant.sealedKeyHash, to0x(sealedKeyHash(bytes)), 'grant.sealedKeyHash');
  const y = pointFromHex(key.ySeal, 'ySeal').toAffine();
  const label = fromHex(capsuleLabel(grantDigestWithoutKey(homeUid, grant), key.keyId, y), 'label', 32);
  if (!verifyCapsule(parseCapsule(bytes), label)) throw refused('capsule', 'its proof does not hold for this grant');
}

/** The tag is the named deed's in this slot, and the deed is the enrolled patient's. */
export function checkOwnership(
  homeUid: string,
  grant: Grant,
  proof: OwnershipProof,
  expected: { deedX: string; enrolledKey: string },
): void {
  const deedKey = pointFromHex(proof.deedKey, 'ownershipProof.deedKey');
  same(to0x(deedKey.toBytes(true).slice(1)), expected.deedX, 'ownershipProof.deedKey');
  same(proof.spendingKey, expected.enrolledKey, 'ownershipProof.spendingKey');
  const statement = {
    deedX: toBigInt(fromHex(expected.deedX, 'deed.x', 32)),
    tagDomain: tagDomain(fromHex(homeUid, 'homeUid', 32), fromHex(grant.lockedAccount, 'grant.lockedAccount', 20)),
    slot: grant.slot,
    tag: pointFromHex(grant.tag, 'grant.tag'),
    grantId: fromHex(grantIdOf(homeUid, grant), 'grantId', 32),
  };
  const holds = verifyOwnership(
    statement,
    {
      c: toBigInt(fromHex(proof.proof.c, 'ownershipProof.proof.c', 32)),
      s: toBigInt(fromHex(proof.proof.s, 'ownershipProof.proof.s', 32)),
      spendingKey: pointFromHex(proof.spendingKey, 'ownershipProof.spendingKey'),
      sharedScalar: toBigInt(fromHex(proof.sharedSecret, 'ownershipProof.sharedSecret', 32)),
    },
    pointFromHex(expected.enrolledKey, 'enrolment.spendingKey'),
  );
  if (!holds) throw refused('ownershipProof', "does not tie the grant's tag to a deed of the enrolled patient");
}

/** The ring that a grant's lock is signed with. */
export function ringOf(homeUid: string, grant: Grant, xs: readonly string[]): RingStatement {
  return {
    message: fromHex(grantIdOf(homeUid, grant), 'grantId', 32),
    tagDomain: tagDomain(fromHex(homeUid, 'homeUid', 32), fromHex(grant.lockedAccount, 'grant.lockedAccount', 20)),
    slot: grant.slot,
    xs: xs.map((x) => toBigInt(fromHex(x, 'xs', 32))),
    tag: parsePoint(fromHex(grant.tag, 'grant.tag', 33), 'grant.tag').toBytes(true),
  };
}

/** The ring signature closes over the cohort with the grant's tag. Returns what LockedAccount will check it by. */
export function checkRing(homeUid: string, grant: Grant, xs: readonly string[], ringSignature: string): RingWitness {
  const compact = fromHex(ringSignature, 'ringSignature', 65 + 32 * xs.length);
  try {
    return expandRing(ringOf(homeUid, grant, xs), compact);
  } catch (cause) {
    if (cause instanceof CryptoError && cause.code === 'bad-signature')
      throw refused('ringSignature', 'does not verify over the cohort with the tag of the grant');
    throw cause;
  }
}

function same(actual: string, expected: string, field: string): void {
  if (actual !== expected) throw refused(field, 'is not what was asked for');
}

function refused(field: string, reason: string) {
  return invalid('grant-refused', field, `${field} ${reason}`);
}
