/**
 * What a wallet keeps between runs, as JSON; `WalletStorage` says where. It holds the seed. Everything but the seed and the pins can be had again
 * from the home hospital and the chains.
 */

import { to0x, u256 } from '@cpds/crypto/bytes';
import { AddressHex, Bytes32, Grant, PartyName, PatientIdentifier } from '@cpds/messages';
import { z } from 'zod';
import type { MadeConsent } from './consent.js';

/**
 * A grant this wallet gave: enough to revoke it with the seed, to know whose answers end it, and which slots of a deed
 * are taken. `sealKeyId` names the group that can open this capsule, whatever group the hospital changes to later.
 */
export const GivenGrant = z
  .object({ grantId: Bytes32, homeUid: Bytes32, grant: Grant, deedX: Bytes32, sealKeyId: Bytes32 })
  .strict();
export type GivenGrant = z.infer<typeof GivenGrant>;

export const WalletFile = z
  .object({
    version: z.literal(1),
    seed: Bytes32,
    /** The home hospital, pinned at enrolment. */
    home: z
      .object({
        name: PartyName,
        chainUid: Bytes32,
        identityUrl: z.url(),
        recordsUrl: z.url(),
        bridgeUrl: z.url(),
        rpcUrls: z.array(z.url()).min(1),
      })
      .strict(),
    /** The identifier by which hospitals know this patient, pinned at enrolment: a request about anybody else is refused. */
    identifiers: z.array(PatientIdentifier).min(1),
    /** The hub, pinned at enrolment: the wallet reads the keys of all other parties there. */
    hub: z
      .object({
        chainUid: Bytes32,
        chainRegistry: AddressHex,
        storemanRegistry: AddressHex,
        rpcUrls: z.array(z.url()).min(1),
      })
      .strict(),
    /** Given by the home hospital at enrolment. */
    account: z.object({ patientId: z.uuid(), clientId: z.string() }).strict().nullable(),
    /**
     * Bridges that take revocations, so that revoking needs no hospital: first those pinned at enrolment, which the home
     * hospital cannot take away, then what it named since.
     */
    revocationUrls: z.array(z.url()).min(1),
    grants: z.array(GivenGrant),
  })
  .strict();
export type WalletFile = z.infer<typeof WalletFile>;

/** Slots of the deed that grants of this wallet took, sent or not: a slot is never used twice. */
export function usedSlots(file: WalletFile, deedX: bigint): Set<number> {
  const x = to0x(u256(deedX));
  return new Set(file.grants.filter((given) => given.deedX === x).map((given) => given.grant.slot));
}

/**
 * The file with one more grant. Write it before the consent is sent: then a crash in between costs a slot; in the other
 * order the grant could not be revoked.
 */
export function withGrant(file: WalletFile, made: MadeConsent, deedX: bigint): WalletFile {
  const { grant } = made.consent;
  const { grantId, sealKeyId } = made;
  const given = { grantId, homeUid: file.home.chainUid, grant, deedX: to0x(u256(deedX)), sealKeyId };
  return { ...file, grants: [...file.grants, given] };
}

/** Bridges a wallet keeps at most. */
const maxRevocationUrls = 64;

/** The file with the bridges that the home hospital names appended to those it has; none is moved or dropped. */
export function withRevocationUrls(file: WalletFile, named: readonly string[]): WalletFile {
  const revocationUrls = [...new Set([...file.revocationUrls, ...named])];
  return {
    ...file,
    revocationUrls: revocationUrls.slice(0, Math.max(maxRevocationUrls, file.revocationUrls.length)),
  };
}
