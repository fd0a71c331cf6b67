/** Doors of records: HTTP bodies and bus requests. */

import { anyText, jsonObject, text } from '@cpds/errors';
import { z } from 'zod';
import { Fetch, RecordMetadata, SignedPartial } from './grant.js';
import { Bytes32, hex, PointHex, SignatureHex } from './hex.js';

/** Answer of `POST /records?patient=…&category=…` (scope records.write). */
export const StoredRecord = z
  .object({
    recordId: z.uuid(),
    patientId: z.uuid(),
    metadata: RecordMetadata,
    /** of the plaintext, as received */
    sha256: Bytes32,
    commitment: Bytes32,
    /** pending until its cohort is final */
    deed: z.enum(['pending', 'minted', 'current']),
  })
  .strict();
export type StoredRecord = z.infer<typeof StoredRecord>;

/** `GET /records/{id}/status` (scope records.read): no digest of the plaintext, which records does not keep. */
export const RecordStatus = StoredRecord.omit({ sha256: true }).extend({
  /** when it was entered in error, else null */
  withdrawnAt: z.iso.datetime().nullable(),
});
export type RecordStatus = z.infer<typeof RecordStatus>;

/** `POST /records/{id}/withdrawal` (scope records.write): a record was entered in error. `reason` is for the log, and names nobody. */
export const WithdrawRecord = z
  .object({ reason: anyText.trim().min(1).max(200), object: z.enum(['keep', 'erase']) })
  .strict();
export type WithdrawRecord = z.infer<typeof WithdrawRecord>;
export const WithdrawnRecord = z
  .object({ recordId: z.uuid(), withdrawnAt: z.iso.datetime(), object: z.enum(['kept', 'erased']) })
  .strict();
export type WithdrawnRecord = z.infer<typeof WithdrawnRecord>;

/** One deed as the wallet sees it: `GET /wallet/deeds`. */
export const WalletDeed = z
  .object({
    recordId: z.uuid(),
    /** R of ERC-5564 */
    ephemeralKey: PointHex,
    viewTag: hex(1),
    deedKey: PointHex,
    cohort: z.number().int().nonnegative(),
    /** the cohort's 16 x, ascending: the ring */
    xs: z.array(Bytes32).length(16),
    commitmentsHash: Bytes32,
    commitment: Bytes32,
    payloadHash: Bytes32,
    metadata: RecordMetadata,
    salt: Bytes32,
    /** age header, base64 */
    header: text(16384, 0),
    ringReal: z.number().int().positive(),
  })
  .strict();
export type WalletDeed = z.infer<typeof WalletDeed>;
export const WalletDeeds = z.object({ deeds: z.array(WalletDeed) }).strict();

/** request `records.deed`: by commitment or by x */
export const DeedQuery = z.union([z.object({ commitment: Bytes32 }).strict(), z.object({ x: Bytes32 }).strict()]);
export const DeedAnswer = z
  .object({
    patientId: z.uuid(),
    recordId: z.uuid(),
    category: anyText,
    x: Bytes32,
    cohort: z.number().int().nonnegative(),
    xs: z.array(Bytes32).length(16),
    ys: z.array(Bytes32).length(16),
    commitmentsHash: Bytes32,
    commitment: Bytes32,
    /** false once re-issued or re-encrypted */
    current: z.boolean(),
    /** 0 when no deed of the cohort is current any more */
    ringReal: z.number().int().nonnegative(),
  })
  .strict()
  .nullable();
export type DeedAnswer = z.infer<typeof DeedAnswer>;

/**
 * `POST /exchange/fetch`: authority is q's signature, no token. Without enough partials nothing is served; facts that
 * forbid are answered all the same, since they come first.
 */
export const FetchRequest = z
  .object({ fetch: Fetch, signature: SignatureHex, partials: z.array(SignedPartial).max(64) })
  .strict();
export type FetchRequest = z.infer<typeof FetchRequest>;

/** Answer of `POST /exchange/withdrawals`, whose body is a `Withdrawal`: what became of the copy; `none` if there was none. */
export const WithdrawalAnswer = z.object({ copy: z.enum(['kept', 'erased', 'none']) }).strict();
export type WithdrawalAnswer = z.infer<typeof WithdrawalAnswer>;

/** Headers of a fetch's answer, whose body is the age file or the range asked for. */
export const fetchHeaders = {
  /** RFC 8785 JSON of the record's metadata, base64url */
  metadata: 'cpds-metadata',
  /** 0x hex, 32 bytes: opens the deed's commitment */
  salt: 'cpds-salt',
} as const;

/** Answer of `POST /grants/{grantId}/home-answer` at B (scope records.read): what A's exchange endpoint answered, passed on unread. */
export const HomeAnswer = z
  .object({
    status: z.number().int(),
    /** A's problem document where it refused */
    problem: jsonObject.nullable(),
  })
  .strict();
export type HomeAnswer = z.infer<typeof HomeAnswer>;

/** Answer of `POST /scrubs` and `GET /scrubs/{scrubId}` (scope records.operate): every object compared with its row. */
export const ScrubView = z
  .object({
    scrubId: z.uuid(),
    begunAt: z.iso.datetime(),
    /** null: under way */
    endedAt: z.iso.datetime().nullable(),
    /** objects there were when it began */
    objects: z.number().int().nonnegative(),
    checked: z.number().int().nonnegative(),
    /** ciphertext that was read and is whole */
    bytes: z.number().int().nonnegative(),
    damaged: z.number().int().nonnegative(),
    /** objects that the store did not give, for another reason than their loss */
    unread: z.number().int().nonnegative(),
    /** the first hundred objects that are damaged now, whatever found it */
    found: z.array(
      z
        .object({
          objectKey: anyText,
          recordId: z.uuid().nullable(),
          part: z.enum(['object', 'length', 'header', 'payload']),
          foundBy: anyText,
          foundAt: z.iso.datetime(),
        })
        .strict(),
    ),
  })
  .strict();
export type ScrubView = z.infer<typeof ScrubView>;

const count = z.number().int().nonnegative();

/** Answer of `GET /age-identities` (scope records.operate): which keys open what is kept, and how far a rotation is. */
export const AgeIdentitiesView = z
  .object({
    /** `age1…` that everything is sealed for from now on */
    current: anyText,
    /** every other recipient that rows are sealed for, or whose identity is held */
    former: z.array(
      z
        .object({
          recipient: anyText,
          /** whether its identity is in the key file */
          isHeld: z.boolean(),
          /** rows sealed for it: records of this hospital, and fetched ones of others */
          rows: count,
          /** no row needs it: it may be taken out of the key file */
          mayBeRemoved: z.boolean(),
        })
        .strict(),
    ),
    /** rows of before recipients were kept, not looked at yet */
    unnamed: count,
    /** rows that were tried and stay as they are; the log says why, and each is tried again within the hour */
    failing: count,
    /** the newest one */
    rotation: z
      .object({
        rotationId: z.uuid(),
        recipient: anyText,
        begunAt: z.iso.datetime(),
        /** null: under way */
        endedAt: z.iso.datetime().nullable(),
        outcome: z.enum(['finished', 'superseded']).nullable(),
        /** to do when it began */
        rows: count,
        done: count,
      })
      .strict()
      .nullable(),
  })
  .strict();
export type AgeIdentitiesView = z.infer<typeof AgeIdentitiesView>;
