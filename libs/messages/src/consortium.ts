/** What hospitals, storemen and vouchers say to each other (wire.md "Between hospitals"). */

import { ascii, fromHex, to0x, utf8 } from '@cpds/crypto/bytes';
import { sha256 } from '@cpds/crypto/hash';
import { jsonObject, text } from '@cpds/errors';
import { z } from 'zod';
import { canonicalJson } from './envelope.js';
import { Capsule, Grant, GrantPackage, Purpose, SignedAnswer, SignedPartial, Statement } from './grant.js';
import {
  Bytes32,
  DleqProof,
  GrantId,
  hex,
  hexUpTo,
  MetaAddress,
  PartyName,
  PointHex,
  SignatureHex,
  UnixSeconds,
  type Hex,
} from './hex.js';

export const DatagramKind = z.enum(['request', 'grant', 'release', 'sign', 'revoke']);
export type DatagramKind = z.infer<typeof DatagramKind>;

/**
 * Signed by the sender's message key over `datagramDigest`; `from` is believed by that signature only. An answer is a
 * datagram of the same kind back to `from` with `re` = id.
 */
export const Datagram = z
  .object({
    id: z.uuid(),
    from: PartyName,
    to: PartyName,
    /** repeats the subject's kind, which no signature covers: a datagram cannot be taken for one of another kind */
    kind: DatagramKind,
    /** grantId, or the request's id while there is no grant */
    grantId: text(80, 0),
    sentAt: UnixSeconds,
    re: z.uuid().optional(),
    body: jsonObject,
    sig: SignatureHex,
  })
  .strict();
export type Datagram = z.infer<typeof Datagram>;

/** `consortium.<recipient>.<kind>.v1` */
export function datagramSubject(to: string, kind: DatagramKind): string {
  return `consortium.${to}.${kind}.v1`;
}

/** HPKE (protocol section 3's suite), encapsulation (65 bytes) ‖ ciphertext: for bodies that name a person. */
export const SealedBody = hexUpTo(1 << 20);

/** Context that a sealed body is bound to: it opens under no other kind, sender or recipient. */
export function sealedBodyInfo(kind: DatagramKind, from: string, to: string): string {
  return `cpds/v1/sealed-body/${kind}/${from}/${to}`;
}

/** FHIR Identifier that both hospitals know. */
export const PatientIdentifier = z.object({ system: text(256), value: text(256) }).strict();
export type PatientIdentifier = z.infer<typeof PatientIdentifier>;

/** What B asks A for; travels sealed to A's HPKE key. */
export const ShareRequest = z
  .object({
    requestId: z.uuid(),
    patient: PatientIdentifier,
    category: text(64),
    department: z.object({ id: z.uuid(), name: text(128) }).strict(),
    metaAddress: MetaAddress,
    purpose: Purpose,
    period: z.object({ start: UnixSeconds, end: UnixSeconds }).strict(),
    requestExpires: UnixSeconds,
    /** chain and contract the mapping shall stand on */
    destinationUid: Bytes32,
    mappedDeeds: hex(20),
  })
  .strict();
export type ShareRequest = z.infer<typeof ShareRequest>;

/** What a request's HPKE body holds: the salt keeps `requestHash`, which the bus sees, from being guessed. */
export const SealedRequest = z.object({ request: ShareRequest, salt: Bytes32 }).strict();
export type SealedRequest = z.infer<typeof SealedRequest>;

/**
 * kind `request`: the sealed request; the answer says only `received`, later `not-granted` at requestExpires.
 *
 * B signs the datagram, so the ciphertext, which the patient's wallet cannot open. `requestHash` puts what was asked
 * under the same signature: A refuses a body whose opened request hashes to something else, and shows the wallet
 * request, salt and datagram, so that A cannot show the patient another purpose or another end.
 */
export const RequestBody = z.object({ requestId: z.uuid(), requestHash: Bytes32, sealed: SealedBody }).strict();

/** sha256("cpds/v1/request" ‖ salt ‖ sha256(RFC 8785 of the request)). */
export function requestHash({ request, salt }: SealedRequest): Hex {
  return to0x(sha256(ascii('cpds/v1/request'), fromHex(salt, 'salt', 32), sha256(utf8(canonicalJson(request)))));
}

/** kind `request`, back from A at requestExpires: the same for denied, unknown patient and unknown record. */
export const NotGrantedBody = z.object({ requestId: z.uuid(), outcome: z.literal('not-granted') }).strict();
export const RequestAnswer = z.object({ outcome: z.enum(['received', 'not-granted']) }).strict();

/** kind `grant`: the sealed `GrantPackage`; B answers accepted or refused with the name of the check that failed. */
export const GrantBody = z.object({ requestId: z.uuid(), sealed: SealedBody }).strict();
export const GrantAnswer = z
  .object({ outcome: z.enum(['accepted', 'refused']), reason: text(256, 0).optional() })
  .strict();
export { GrantPackage };

/** kind `sign`, first round: open a session for an action. `capsule` goes with mint only. */
export const SignOpen = z
  .object({
    step: z.literal('commit'),
    session: z.uuid(),
    action: z.enum(['mint', 'not-mapped']),
    homeUid: Bytes32,
    grant: Grant,
    capsule: Capsule.optional(),
  })
  .strict();

/** A signer's nonce commitments, signed together with the hash of the block in which it sees the lock. */
export const SignCommitment = z
  .object({
    session: z.uuid(),
    index: z.number().int().min(1).max(0xffff),
    epoch: z.number().int().nonnegative(),
    nonceId: z.uuid(),
    hiding: PointHex,
    binding: PointHex,
    lockBlockHash: Bytes32,
    signature: SignatureHex,
  })
  .strict();
export type SignCommitment = z.infer<typeof SignCommitment>;

/** kind `sign`, second round: the package of all t commitments. */
export const SignPackage = z
  .object({
    step: z.literal('share'),
    session: z.uuid(),
    grantId: GrantId,
    action: z.enum(['mint', 'not-mapped']),
    commitments: z.array(SignCommitment).min(1).max(64),
  })
  .strict();

export const SignBody = z.discriminatedUnion('step', [SignOpen, SignPackage]);
export const SignAnswer = z.union([
  z.object({ outcome: z.literal('committed'), commitment: SignCommitment }).strict(),
  z.object({ outcome: z.literal('signed'), index: z.number().int().min(1), share: Bytes32 }).strict(),
  z.object({ outcome: z.literal('answer'), answer: SignedAnswer }).strict(),
  z.object({ outcome: z.literal('unavailable'), reason: text(256, 0) }).strict(),
]);
export type SignAnswer = z.infer<typeof SignAnswer>;

/** kind `release`: grant, capsule and the proof of q (protocol section 6). */
export const ReleaseBody = z
  .object({
    homeUid: Bytes32,
    grant: Grant,
    capsule: Capsule,
    qBar: PointHex,
    proof: DleqProof,
  })
  .strict();
export const ReleaseAnswer = z.union([
  z.object({ outcome: z.literal('partial'), partial: SignedPartial }).strict(),
  z.object({ outcome: z.literal('answer'), answer: SignedAnswer }).strict(),
  z.object({ outcome: z.literal('unavailable'), reason: text(256, 0) }).strict(),
]);
export type ReleaseAnswer = z.infer<typeof ReleaseAnswer>;

/** kind `revoke`: a statement passed on; the answer is the receiver's signed `revoked`. */
export const RevokeBody = z.object({ statement: Statement }).strict();
export const RevokeAnswer = z.object({ answer: SignedAnswer }).strict();
