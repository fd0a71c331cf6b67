/** Doors of identity: HTTP bodies and bus requests. */

import { anyText, text } from '@cpds/errors';
import { z } from 'zod';
import { Enrolment, EnrolmentEvidence, Fetch, Grant, Capsule } from './grant.js';
import { Bytes32, DleqProof, hex, MetaAddress, PointHex, SignatureHex } from './hex.js';
import { PatientIdentifier } from './consortium.js';

/** `POST /patients` (scope identity.admin): the answer's code is used once by the wallet. */
export const RegisterPatient = z.object({ identifier: PatientIdentifier }).strict();
export const RegisteredPatient = z.object({ patientId: z.uuid(), enrolmentCode: text(128, 16) }).strict();

/** `POST /patients/match` (scope identity.admin): a body, since an identifier has no place in a URL. */
export const PatientMatch = z.object({ patientId: z.uuid(), enrolled: z.boolean() }).strict();

/** `POST /enrolments` (no token: the code is the authority). */
export const EnrolPatient = z.object({ code: text(128, 16), enrolment: Enrolment, signature: SignatureHex }).strict();
export const EnrolledPatient = z.object({ patientId: z.uuid(), clientId: anyText }).strict();

/** `POST /departments` (scope identity.admin). */
export const RegisterDepartment = z.object({ name: text(128) }).strict();
export const Department = z
  .object({
    departmentId: z.uuid(),
    name: anyText,
    metaAddress: MetaAddress,
    /** true: nothing is asked, opened or read for it, and its keys only end grants */
    isDisabled: z.boolean(),
  })
  .strict();
export type Department = z.infer<typeof Department>;

/** `GET /departments?after=` (scope identity.admin): a hundred at most, by name, from behind `after`. */
export const DepartmentParameters = z.object({ after: text(128, 0).default('') }).strict();
export const DepartmentList = z
  .object({
    departments: z.array(Department),
    /** `after` of the next hundred; null if these are the last */
    next: anyText.nullable(),
  })
  .strict();
export type DepartmentList = z.infer<typeof DepartmentList>;

/** `POST /clinicians` (scope identity.admin). */
export const RegisterClinician = z.object({ departmentId: z.uuid(), registration: text(128) }).strict();
export const Clinician = z.object({ clinicianId: z.uuid(), departmentId: z.uuid() }).strict();

/** A clinician as administrators see one: without the registration, of which only a keyed hash is kept. */
export const ClinicianView = z
  .object({
    ...Clinician.shape,
    /** null for one on whose behalf calls are made */
    disabledAt: z.iso.datetime().nullable(),
  })
  .strict();
export type ClinicianView = z.infer<typeof ClinicianView>;

/** `POST /clinicians/match` (scope identity.admin): the clinician of a registration; a body, since it has no place in a URL. */
export const ClinicianMatch = z.object({ registration: text(128) }).strict();

/** `GET /clinicians?departmentId=&after=` (scope identity.admin): a hundred at most, by id, from behind `after`. */
export const ClinicianParameters = z.object({ departmentId: z.uuid().optional(), after: z.uuid().optional() }).strict();
export const ClinicianList = z
  .object({
    clinicians: z.array(ClinicianView),
    /** `after` of the next hundred; null if these are the last */
    next: z.uuid().nullable(),
  })
  .strict();
export type ClinicianList = z.infer<typeof ClinicianList>;

/** request `identity.match` */
export const MatchQuery = PatientIdentifier;
export const MatchAnswer = z.object({ patientId: z.uuid().nullable() }).strict();

/** request `identity.patient` */
export const PatientQuery = z.object({ patientId: z.uuid() }).strict();
export const PatientAnswer = z
  .object({ patientId: z.uuid(), enrolment: Enrolment, signature: SignatureHex, metaAddress: MetaAddress })
  .strict()
  .nullable();

/** A patient as the body of a record names one: an identifier, with its system if it says one, or this hospital's pseudonym. */
export const NamedPatient = z.union([
  z.object({ system: text(256, 0).optional(), value: text(256) }).strict(),
  z.object({ patientId: z.uuid() }).strict(),
]);
export type NamedPatient = z.infer<typeof NamedPatient>;

/** request `identity.whose`: the patients of this hospital, enrolled or not, whom these name; none for names that nobody here has */
export const WhoseQuery = z.object({ named: z.array(NamedPatient).max(256) }).strict();
export const WhoseAnswer = z.object({ patientIds: z.array(z.uuid()) }).strict();

/** request `identity.enrolment-evidence`: null until the enrolment's leaf is under a checkpoint anchored on the hub */
export const EvidenceQuery = PatientQuery;
export const EvidenceAnswer = EnrolmentEvidence.nullable();

/** request `identity.department` */
export const DepartmentQuery = z.object({ departmentId: z.uuid() }).strict();
export const DepartmentAnswer = Department.nullable();

/** request `identity.clinician`: null for an unknown one, a disabled one, and one of a disabled department */
export const ClinicianQuery = z.object({ clinicianId: z.uuid() }).strict();
export const ClinicianAnswer = Clinician.nullable();
export type ClinicianAnswer = z.infer<typeof ClinicianAnswer>;

/** request `identity.scan`: is this one-time key one of ours? */
export const ScanQuery = z.object({ ephemeralKey: PointHex, viewTag: hex(1), recipientKey: PointHex }).strict();
export const ScanAnswer = z.object({ departmentId: z.uuid().nullable() }).strict();

/** request `identity.prove`: the proof of q that a release asks for */
export const ProveQuery = z
  .object({ grantId: Bytes32, recipientKey: PointHex, ephemeralKey: PointHex, viewTag: hex(1) })
  .strict();
export const ProveAnswer = z.object({ qBar: PointHex, proof: DleqProof }).strict();

/** request `identity.sign`: q's signature over a Fetch or a GiveBack under the home chain's uid */
export const SignQuery = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fetch'), homeUid: Bytes32, grant: Grant, fetch: Fetch }).strict(),
  z.object({ kind: z.literal('give-back'), homeUid: Bytes32, grant: Grant }).strict(),
]);
export const SignQueryAnswer = z.object({ signature: SignatureHex }).strict();

/** request `identity.open`: the file key as an age X25519 stanza to the records service's identity */
export const OpenQuery = z
  .object({
    homeUid: Bytes32,
    grant: Grant,
    capsule: Capsule,
    keyId: Bytes32,
    ySeal: PointHex,
    /** combined W = Σ λ_i·W_i */
    w: PointHex,
  })
  .strict();
export const OpenAnswer = z.object({ stanza: text(1024, 0) }).strict();

/** The departments that a client may act for: those named, or all of the hospital, said so. A token carries them all, so 64 at most. */
export const ClientDepartments = z.union([z.literal('whole-hospital'), z.array(z.uuid()).max(64)]);
export type ClientDepartments = z.infer<typeof ClientDepartments>;

/**
 * `POST /clients` (scope identity.admin): a public JWK, EC P-384, what its holder may ask tokens for, and for which
 * departments it may act.
 */
export const RegisterClient = z
  .object({
    clientId: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'must be a client name'),
    jwk: z.object({ kty: z.literal('EC'), crv: z.literal('P-384'), x: text(96, 0), y: text(96, 0) }).strict(),
    scopes: z
      .array(z.string().regex(/^[a-z]+\.[a-z]+$/, 'must be a scope'))
      .min(1)
      .max(32),
    departments: ClientDepartments,
  })
  .strict();
export type RegisterClient = z.infer<typeof RegisterClient>;
export const RegisteredClient = z
  .object({ clientId: anyText, scopes: z.array(anyText), departments: ClientDepartments })
  .strict();

/** A client as administrators see one. */
export const ClientView = z
  .object({
    clientId: anyText,
    scopes: z.array(anyText),
    departments: ClientDepartments,
    /** RFC 7638, of its public key */
    keyThumbprint: anyText,
    disabledAt: z.iso.datetime().nullable(),
  })
  .strict();
export type ClientView = z.infer<typeof ClientView>;

/** `GET /clients?kind=&after=` (scope identity.admin): a hundred at most, by name, from behind `after`. */
export const ClientParameters = z
  .object({ kind: z.enum(['backend', 'wallet']).default('backend'), after: text(64, 0).default('') })
  .strict();
export const ClientList = z
  .object({
    clients: z.array(ClientView),
    /** `after` of the next hundred; null if these are the last */
    next: anyText.nullable(),
  })
  .strict();
export type ClientList = z.infer<typeof ClientList>;

/** `POST /token`, form encoded (RFC 7523 §2.2). */
export const TokenRequest = z.object({
  grant_type: z.literal('client_credentials'),
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
  client_assertion: text(4096),
  scope: text(512),
});
export const TokenAnswer = z
  .object({
    access_token: anyText,
    token_type: z.literal('bearer'),
    expires_in: z.number().int(),
    scope: anyText,
  })
  .strict();
export type TokenAnswer = z.infer<typeof TokenAnswer>;
