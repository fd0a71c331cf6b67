import { randomBytes } from 'node:crypto';
import { u256 } from '@cpds/crypto/bytes';
import { canonicalJson } from '@cpds/crypto/canonical-json';
import { compressed } from '@cpds/crypto/curve';
import { recordCommitment } from '@cpds/crypto/deed';
import { newDeedKey, parseMetaAddress } from '@cpds/crypto/stealth';
import { anyText, invalid, missing, text } from '@cpds/errors';
import { RecordMetadata } from '@cpds/messages';
import { z } from 'zod';
import type { SealedObject } from '../objects/vault.js';

/** A patient of this hospital as far as records needs to know. */
export interface Owner {
  patientId: string;
  /** `age1…` of the patient's wallet */
  ageRecipient: string;
  /** `st:eth:0x…`, never published */
  metaAddress: string;
}

/** The claims of an upload in its query and headers, before the first byte is read. */
export interface UploadClaim {
  patientId: string;
  metadata: RecordMetadata;
  /** why a body that names other patients is this patient's all the same; without it such a body is refused */
  allowMismatch?: string | undefined;
}

/** A deed not yet in a cohort: P by its coordinates, and the data by which the patient's wallet finds it. */
export interface NewDeed {
  x: Uint8Array;
  y: Uint8Array;
  ephemeralKey: Uint8Array;
  viewTag: number;
}

/** One sealing of a record: its row, its deed, and the values that the deed commits to. */
export interface NewObject {
  sealed: SealedObject;
  salt: Uint8Array;
  commitment: Uint8Array;
  deed: NewDeed;
}

/** The query of an upload: patient and category of the record, and why it may name other patients than this one. */
export const UploadQuery = z
  .object({
    patient: z.uuid(),
    category: text(64).default('record'),
    allowMismatch: anyText.trim().min(1).max(200).optional(),
  })
  .strict();
export type UploadQuery = z.infer<typeof UploadQuery>;

/**
 * The claim of an upload, by its query and headers.
 *
 * @throws AppError `content-type-unknown`, `length-required`, `body-empty`, `body-too-large`
 */
export function parseUpload(
  { patient, category, allowMismatch }: UploadQuery,
  headers: { 'content-type'?: string; 'content-length'?: string },
  maxBytes: number,
): UploadClaim {
  const contentType = RecordMetadata.shape.contentType.safeParse(mediaType(headers['content-type']));
  if (!contentType.success)
    throw invalid(
      'content-type-unknown',
      'content-type',
      `the content type must be one of ${RecordMetadata.shape.contentType.options.join(', ')}`,
      { status: 415 },
    );
  if (headers['content-length'] === undefined)
    throw invalid('length-required', 'content-length', 'an upload announces its length', { status: 411 });
  const sizeBytes = Number(headers['content-length']);
  if (sizeBytes === 0) throw invalid('body-empty', 'body', 'the body is empty');
  if (!(sizeBytes <= maxBytes))
    throw invalid('body-too-large', 'content-length', `a record has at most ${maxBytes} bytes`, { status: 413 });
  return { patientId: patient, metadata: { contentType: contentType.data, sizeBytes, category }, allowMismatch };
}

/**
 * Draws salt and one-time account for a sealed object: a new sealing takes a fresh P and a fresh salt, so that nothing
 * public joins it to an earlier one (protocol section 5).
 */
export function newObject(sealed: SealedObject, metadata: RecordMetadata, owner: Owner): NewObject {
  const salt = new Uint8Array(randomBytes(32));
  const { payloadSha256, keyCommit } = sealed;
  const commitment = recordCommitment({ payloadSha256, keyCommit, metadata, salt });
  const oneTime = newDeedKey(parseMetaAddress(owner.metaAddress), (length) => new Uint8Array(randomBytes(length)));
  const { x, y } = oneTime.key.toAffine();
  return {
    sealed,
    salt,
    commitment,
    deed: { x: u256(x), y: u256(y), ephemeralKey: compressed(oneTime.ephemeralKey), viewTag: oneTime.viewTag },
  };
}

/**
 * Whether a body names another patient of this hospital, also beside the claimed one: a report on two people is in neither
 * one's record by mistake. `meant` holds for each name the patients whom it may stand for; a name that nobody here has says
 * nothing, and one that several have is the claimed patient's if it is among them.
 */
export function isOfAnother(claimed: string, meant: readonly (readonly string[])[]): boolean {
  return meant.some((patients) => patients.length > 0 && !patients.includes(claimed));
}

/** Metadata in the one form that is hashed and sent. */
export function metadataText(metadata: RecordMetadata): string {
  return Buffer.from(canonicalJson(metadata)).toString();
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]!.trim().toLowerCase();
}

export const patientMismatch = () =>
  invalid('patient-mismatch', 'patient', 'the body names another patient of this hospital: nothing was stored', {
    status: 422,
  });
export const recordWithdrawn = () =>
  missing('record-withdrawn', 'this record was withdrawn, and its object was erased', { status: 410 });
export const unknownRecord = () => missing('unknown-record', 'there is no such record');
export const unknownPatient = () =>
  missing('unknown-patient', 'there is no such enrolled patient', { field: 'patient' });
