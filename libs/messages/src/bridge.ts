/** Doors of bridge: HTTP bodies and bus requests. */

import { anyText, jsonObject, text } from '@cpds/errors';
import { z } from 'zod';
import { PatientIdentifier, ShareRequest } from './consortium.js';
import {
  Capsule,
  Grant,
  OwnershipProof,
  Purpose,
  SignedAnswer,
  SignedPartial,
  Statement,
  Terms,
  Withdrawal,
} from './grant.js';
import { AddressHex, Bytes32, hexUpTo, PartyName, PointHex, UnixSeconds } from './hex.js';

/** `POST /requests` at B (scope bridge.request). */
export const AskRecord = z
  .object({
    home: PartyName,
    patient: PatientIdentifier,
    category: text(64),
    departmentId: z.uuid(),
    purpose: Purpose,
    /** how long the department may read, from now */
    readForSeconds: z
      .number()
      .int()
      .min(60)
      .max(31 * 86_400),
  })
  .strict();

export const RequestState = z.enum(['requested', 'consented', 'not-granted', 'refused']);
/** `GET /requests/{id}` at B. */
export const RequestView = z
  .object({ requestId: z.uuid(), state: RequestState, grantId: Bytes32.nullable(), requestExpires: UnixSeconds })
  .strict();
export type RequestView = z.infer<typeof RequestView>;

/** One request as the wallet sees it: its text, which A decrypted, and the datagram that B signed over it. */
export const WalletRequest = z
  .object({
    requestId: z.uuid(),
    from: PartyName,
    request: ShareRequest,
    /** of `requestHash` in the datagram's body */
    salt: Bytes32,
    /** the datagram as received, so that the wallet checks B's signature against the hub's message key */
    datagram: jsonObject,
  })
  .strict();
export type WalletRequest = z.infer<typeof WalletRequest>;
/** Seconds that a long poll waits at most: less than the time after which proxies cut a connection. */
export const WaitSeconds = z.coerce.number().int().min(0).max(25).default(0);

/** `GET /wallet/requests?waitSeconds=` (long poll). */
export const WalletRequests = z.object({ requests: z.array(WalletRequest) }).strict();

/** `GET /wallet/parameters`: what a consent is built with; the wallet reads the keys from the hub itself. */
export const WalletParameters = z
  .object({
    homeUid: Bytes32,
    hubUid: Bytes32,
    lockedAccount: AddressHex,
    /** A's head timestamp */
    homeTime: UnixSeconds,
    minWindowSeconds: z.number().int().positive(),
    /** w of the home chain, the hub, and each destination */
    wSeconds: z
      .object({ home: z.number().int(), hub: z.number().int(), destinations: z.record(Bytes32, z.number().int()) })
      .strict(),
    revocationUrls: z.array(z.url()),
  })
  .strict();
export type WalletParameters = z.infer<typeof WalletParameters>;

/** `POST /requests/{id}/consent` (wallet token). ringSignature is the compact form (section 12). */
export const Consent = z
  .object({
    grant: Grant,
    ringSignature: hexUpTo(65 + 32 * 64),
    ownershipProof: OwnershipProof,
    capsule: Capsule,
    terms: Terms,
    salt: Bytes32,
  })
  .strict();
export type Consent = z.infer<typeof Consent>;
export const ConsentAccepted = z.object({ grantId: Bytes32 }).strict();

export const TransferState = z.enum([
  'requested',
  'consented',
  'lock-sent',
  'locked',
  'vouched',
  'mint-sent',
  'mapped',
  'released',
  'opened',
  'refunding',
  'closing',
  'closed',
  'halted',
]);
export type TransferState = z.infer<typeof TransferState>;

export const CloseReason = z.enum([
  'not-granted',
  'refused',
  'too-late',
  'tag-used',
  'rejected',
  'done',
  'refunded',
  'revoked',
  'given-back',
  'expired',
]);
export type CloseReason = z.infer<typeof CloseReason>;

/**
 * `GET /grants/{id}?whileState=&waitSeconds=` (scope bridge.read): where a transfer is and what it waits for. With both
 * parameters, a long poll that ends when the transfer leaves `whileState`.
 */
export const TransferView = z
  .object({
    grantId: Bytes32,
    role: z.enum(['A', 'B', 'V', 'S']),
    state: TransferState,
    closeReason: CloseReason.nullable(),
    waitsFor: anyText,
    deadline: UnixSeconds.nullable(),
    home: PartyName,
    destination: PartyName,
    lockTx: Bytes32.nullable(),
    lockGas: z.number().int().nullable(),
    mintTx: Bytes32.nullable(),
    mintGas: z.number().int().nullable(),
    refundTx: Bytes32.nullable(),
    steps: z.array(z.object({ state: TransferState, at: z.iso.datetime() }).strict()),
    culprits: z.array(anyText),
  })
  .strict();
export type TransferView = z.infer<typeof TransferView>;

/** `POST /grants/{id}/open` at B (scope bridge.open): releases the key when mapped; repeatable. */
export const OpenOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('released') }).strict(),
  z
    .object({
      outcome: z.literal('refused'),
      answers: z.array(z.object({ from: PartyName, answer: SignedAnswer }).strict()),
    })
    .strict(),
  z.object({ outcome: z.literal('waiting'), waitsFor: anyText }).strict(),
]);
export type OpenOutcome = z.infer<typeof OpenOutcome>;

/** `POST /revocations` at any bridge, no token. */
export const Revocation = Statement;
export const RevocationAnswer = z
  .object({
    from: PartyName,
    answer: SignedAnswer,
    forwarded: z.array(z.object({ from: PartyName, answer: SignedAnswer }).strict()),
  })
  .strict();
export type RevocationAnswer = z.infer<typeof RevocationAnswer>;

/** request `bridge.deed-in-use`: whether a grant of this deed is open at its home hospital */
export const DeedInUseQuery = z.object({ commitment: Bytes32 }).strict();
export const DeedInUseAnswer = z.object({ inUse: z.boolean() }).strict();
export type DeedInUseAnswer = z.infer<typeof DeedInUseAnswer>;

/** request `bridge.may-serve` */
export const MayServeQuery = z.object({ grantId: Bytes32 }).strict();
export const MayServeAnswer = z
  .object({ ok: z.boolean(), reason: z.enum(['revoked', 'expired', 'unavailable', 'unknown']).optional() })
  .strict();
export type MayServeAnswer = z.infer<typeof MayServeAnswer>;

/**
 * request `bridge.authorize-fetch`: the checks of A's exchange that ask the chains and the storemen. Facts that forbid
 * come first, so a caller without partials gets those as well.
 */
export const AuthorizeFetchQuery = z.object({ grantId: Bytes32, partials: z.array(SignedPartial).max(64) }).strict();
export const AuthorizeFetchAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('allowed'), commitment: Bytes32 }).strict(),
  z.object({ outcome: z.literal('revoked'), answer: SignedAnswer }).strict(),
  z.object({ outcome: z.literal('expired'), answer: SignedAnswer }).strict(),
  z.object({ outcome: z.literal('refused'), field: anyText, reason: anyText }).strict(),
  z.object({ outcome: z.literal('unavailable'), reason: anyText }).strict(),
]);
export type AuthorizeFetchAnswer = z.infer<typeof AuthorizeFetchAnswer>;

/** request `bridge.grant`: the recipient key and home uid that a Fetch is checked with, before anything else */
export const GrantQuery = z.object({ grantId: Bytes32 }).strict();
export const GrantQueryAnswer = z
  .object({
    homeUid: Bytes32,
    grant: Grant,
    commitment: Bytes32,
    patientId: z.uuid().nullable(),
    /** the department of this hospital that the grant is for; null at the home hospital */
    departmentId: z.uuid().nullable(),
  })
  .strict()
  .nullable();
export type GrantQueryAnswer = z.infer<typeof GrantQueryAnswer>;

/** request `bridge.released`: all that B's records needs to fetch and open */
export const ReleasedQuery = GrantQuery;
export const ReleasedAnswer = z
  .object({
    homeUid: Bytes32,
    grant: Grant,
    capsule: Capsule,
    keyId: Bytes32,
    ySeal: PointHex,
    w: PointHex,
    partials: z.array(SignedPartial).min(1),
    exchangeUrl: z.url(),
    /** the deed's commitment as final on A's chain */
    commitment: Bytes32,
    departmentId: z.uuid(),
  })
  .strict()
  .nullable();
export type ReleasedAnswer = z.infer<typeof ReleasedAnswer>;

/** request `bridge.opened`: records says that the plaintext may be handed out, and the row becomes Opened */
export const OpenedQuery = GrantQuery;
export const OpenedAnswer = z.object({ state: TransferState }).strict();

/** details of `bridge.transfer-closed.v1`, read by records to delete what it fetched or to re-encrypt */
export const TransferClosedDetails = z.object({
  grantId: Bytes32.nullable(),
  role: z.enum(['A', 'B', 'V', 'S']),
  state: z.literal('closed'),
  reason: CloseReason,
  because: anyText,
  commitment: Bytes32.nullable(),
  /** false only if it is certain that nothing was ever mapped */
  mapped: z.boolean(),
});

/** request `bridge.open-grants`: the grants of this deed that are open at its home hospital */
export const OpenGrantsQuery = z.object({ commitment: Bytes32 }).strict();
export const OpenGrantsAnswer = z.object({ grantIds: z.array(Bytes32) }).strict();
export type OpenGrantsAnswer = z.infer<typeof OpenGrantsAnswer>;

/** request `bridge.sign-withdrawal`: this home hospital's word that the record of a grant was withdrawn; null for a grant of no row here */
export const SignWithdrawalQuery = Withdrawal.omit({ signature: true });
export const SignWithdrawalAnswer = z.object({ withdrawal: Withdrawal, destinationUid: Bytes32 }).strict().nullable();
export type SignWithdrawalAnswer = z.infer<typeof SignWithdrawalAnswer>;

/** request `bridge.check-withdrawal`: whether its home hospital signed a withdrawal of a grant to this one, and whether the grant is over anyway */
export const CheckWithdrawalQuery = Withdrawal;
export const CheckWithdrawalAnswer = z
  .object({ outcome: z.enum(['open', 'ended', 'unknown-grant', 'not-signed']) })
  .strict();
export type CheckWithdrawalAnswer = z.infer<typeof CheckWithdrawalAnswer>;
