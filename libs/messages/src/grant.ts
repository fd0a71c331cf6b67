/** The grant and what travels with it (protocol section 7, wire.md "Between hospitals"). */

import { anyText, jsonObject, text } from '@cpds/errors';
import { z } from 'zod';
import { AddressHex, Bytes16, Bytes32, DleqProof, hex, PointHex, SignatureHex, UnixSeconds } from './hex.js';

/** The 15 fields of EIP-712 `Grant`, in order; times in seconds. Its digest is the grantId. */
export const Grant = z
  .object({
    nonce: Bytes32,
    lockedAccount: AddressHex,
    destinationUid: Bytes32,
    mappedDeeds: AddressHex,
    slot: z.number().int().min(0).max(255),
    tag: PointHex,
    recipientKey: PointHex,
    ephemeralKey: PointHex,
    viewTag: hex(1),
    revoker: AddressHex,
    termsHash: Bytes32,
    sealedKeyHash: Bytes32,
    lockBefore: UnixSeconds,
    mintBefore: UnixSeconds,
    notAfter: UnixSeconds,
  })
  .strict();
export type Grant = z.infer<typeof Grant>;

/** C ‖ C̄ ‖ c ‖ s ‖ wrapped, 162 bytes (protocol section 12). */
export const Capsule = hex(162);

/** Purposes of use a hospital may ask for (HL7 v3 PurposeOfUse). */
export const Purpose = z.enum(['TREAT', 'ETREAT', 'CAREMGT', 'HPAYMT', 'HRESCH']);
export type Purpose = z.infer<typeof Purpose>;

/** FHIR R4 Consent reduced to the fields that bind: who may read which record, why and until when. */
export const Terms = z
  .object({
    resourceType: z.literal('Consent'),
    status: z.literal('active'),
    scope: z.object({ coding: z.tuple([z.object({ system: anyText, code: z.literal('patient-privacy') })]) }),
    category: z.array(z.object({ coding: z.tuple([z.object({ system: anyText, code: anyText })]) })).length(1),
    dateTime: z.iso.datetime(),
    provision: z
      .object({
        type: z.literal('permit'),
        period: z.object({ start: z.iso.datetime(), end: z.iso.datetime() }).strict(),
        /** the requesting department, named as the request names it */
        actor: z
          .array(
            z.object({
              role: z.object({ coding: z.tuple([z.object({ system: anyText, code: z.literal('IRCP') })]) }),
              reference: z.object({ identifier: z.object({ system: anyText, value: anyText }) }),
            }),
          )
          .length(1),
        purpose: z.array(z.object({ system: anyText, code: Purpose })).length(1),
        /** the record, by its commitment: the one deed this grant names */
        data: z
          .array(
            z.object({
              meaning: z.literal('instance'),
              reference: z.object({
                identifier: z.object({ system: z.literal('urn:cpds:commitment'), value: Bytes32 }),
              }),
            }),
          )
          .length(1),
      })
      .strict(),
  })
  .strict();
export type Terms = z.infer<typeof Terms>;

/** `DLEQ(own; G, P, Hp(P, slot), I; grantId)` with (B, s) such that P = B + s·G (protocol section 5). */
export const OwnershipProof = z
  .object({
    deedKey: PointHex,
    spendingKey: PointHex,
    /** s = keccak256(compressed(r·A)) unreduced: P = B + s·G */
    sharedSecret: Bytes32,
    proof: DleqProof,
  })
  .strict();
export type OwnershipProof = z.infer<typeof OwnershipProof>;

/** EIP-712 `Enrolment`, signed by the patient's spending key b under the home chain's uid. */
export const Enrolment = z
  .object({
    homeUid: Bytes32,
    spendingKey: PointHex,
    viewingKey: PointHex,
    ageRecipient: z.string().regex(/^age1[02-9ac-hj-np-z]{58}$/, 'must be an age recipient'),
    authKey: Bytes32,
  })
  .strict();
export type Enrolment = z.infer<typeof Enrolment>;

/** Proof that an enrolment is in the home hospital's log: the leaf, what opens its commitment, the path, an anchored checkpoint. */
export const EnrolmentEvidence = z
  .object({
    enrolment: Enrolment,
    signature: SignatureHex,
    /** leaf of the log as text (RFC 8785) */
    leaf: text(4096, 0),
    salt: Bytes32,
    details: jsonObject,
    leafIndex: z.number().int().nonnegative(),
    proof: z.array(Bytes32).max(64),
    checkpoint: text(8192, 0),
  })
  .strict();
export type EnrolmentEvidence = z.infer<typeof EnrolmentEvidence>;

/** Facts of a record in plain text: its deed commits to them and its reader sees them before opening it. */
export const RecordMetadata = z
  .object({
    contentType: z.enum(['application/fhir+json', 'application/dicom', 'application/pdf', 'text/plain']),
    sizeBytes: z.number().int().positive(),
    category: text(64, 0),
  })
  .strict();
export type RecordMetadata = z.infer<typeof RecordMetadata>;

/** What A sends to B beside the grant: all that B needs to check the consent. */
export const GrantPackage = z
  .object({
    requestId: z.uuid(),
    homeUid: Bytes32,
    grant: Grant,
    capsule: Capsule,
    terms: Terms,
    salt: Bytes32,
    ownershipProof: OwnershipProof,
    enrolment: EnrolmentEvidence,
    /** cohort of the deed on A's DeedRegistry */
    cohort: z.number().int().nonnegative(),
    commitment: Bytes32,
  })
  .strict();
export type GrantPackage = z.infer<typeof GrantPackage>;

/** Fetch (EIP-712), signed by q. `to` is inclusive; objectId is the deed's commitment. */
export const Fetch = z
  .object({
    grantId: Bytes32,
    objectId: Bytes32,
    from: z.number().int().nonnegative(),
    to: z.number().int().nonnegative(),
    nonce: Bytes16,
    expires: UnixSeconds,
  })
  .strict();
export type Fetch = z.infer<typeof Fetch>;

/** A storeman's share of the release, EIP-712 `Partial` signed by its message key under the hub's uid. */
export const SignedPartial = z
  .object({
    grantId: Bytes32,
    epoch: z.number().int().nonnegative(),
    index: z.number().int().min(1).max(0xffff),
    sealedKeyHash: Bytes32,
    w: PointHex,
    c: Bytes32,
    s: Bytes32,
    lockBlock: Bytes32,
    mintBlock: Bytes32,
    signature: SignatureHex,
  })
  .strict();
export type SignedPartial = z.infer<typeof SignedPartial>;

export const Action = z.enum(['mint', 'release', 'not-mapped', 'revoke']);
export const Verdict = z.enum(['mapped', 'wait', 'revoked', 'expired']);

/** A refusal that its author stands for: EIP-712 `Answer` signed by the member's message key under the hub's uid. */
export const SignedAnswer = z
  .object({ grantId: Bytes32, action: Action, verdict: Verdict, signature: SignatureHex })
  .strict();
export type SignedAnswer = z.infer<typeof SignedAnswer>;

/**
 * A home hospital's word that the record of a grant was entered in error, and what becomes of copies: EIP-712 `Answer` with
 * action `withdraw` and the verdict in `copy`, signed by its message key under the hub's uid.
 */
export const Withdrawal = z
  .object({ grantId: Bytes32, copy: z.enum(['keep', 'erase']), signature: SignatureHex })
  .strict();
export type Withdrawal = z.infer<typeof Withdrawal>;

/** Revoke or GiveBack statement; Send `grant` along if the receiver may not know the grantId yet. */
export const Statement = z
  .object({
    kind: z.enum(['revoke', 'give-back']),
    grantId: Bytes32,
    homeUid: Bytes32,
    signature: SignatureHex,
    grant: Grant.optional(),
  })
  .strict();
export type Statement = z.infer<typeof Statement>;
