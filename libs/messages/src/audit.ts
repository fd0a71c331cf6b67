/** What the audit service says and answers. */

import { anyText, text } from '@cpds/errors';
import { z } from 'zod';
import { EventType, Producer } from './envelope.js';
import { Bytes32 } from './hex.js';

const Seq = z.number().int().min(1);

/**
 * Says that every event of `producer` up to `throughSeq` is in the durable log of `treeSize` leaves. `leaf` is the leaf
 * hash (`eventLeafHash`) of the event `throughSeq`: a producer believes a receipt that names a leaf of its own, and no other.
 */
export const Receipted = z
  .object({ producer: Producer, throughSeq: Seq, leaf: Bytes32, treeSize: z.number().int().nonnegative() })
  .strict();
export type Receipted = z.infer<typeof Receipted>;

/** core NATS subject in a hospital, outside of the stream; role nodes hear it on `operatorReceiptSubject` */
export const receiptSubject = 'audit.receipted';
export const operatorReceiptSubject = (operator: string): string => `consortium.${operator}.receipted.v1`;
/** JetStream subject of a role node's events on the hub */
export const operatorEventSubject = (operator: string): string => `audit.events.${operator}`;

/**
 * Says that final anchors on every chain of this log cover the events of `producer` up to `throughSeq`, whose leaf hash is
 * `leaf`. A producer compares the leaf with its own before it lets rows go.
 */
export const Anchored = z.object({ producer: Producer, throughSeq: Seq, leaf: Bytes32 }).strict();
export type Anchored = z.infer<typeof Anchored>;

/** core NATS subject in a hospital, outside of the stream; role nodes hear it on `operatorAnchoredSubject` */
export const anchoredSubject = 'audit.anchored';
export const operatorAnchoredSubject = (operator: string): string => `consortium.${operator}.anchored.v1`;

/** request `audit.receipt`: is the event `seq` of this producer, whose leaf hash is `leaf`, in the durable log? */
export const receiptRequest = 'audit.receipt';
export const ReceiptQuery = z.object({ producer: Producer, seq: Seq, leaf: Bytes32 }).strict();
export type ReceiptQuery = z.infer<typeof ReceiptQuery>;

/**
 * Names the leaf that the log holds for (producer, seq): the one asked for means yes, null not yet, another one that the
 * producer and the log tell different histories. `throughSeq` is the producer's last event in the log, 0 without any.
 */
export const ReceiptAnswer = z
  .object({
    producer: Producer,
    seq: Seq,
    leaf: Bytes32.nullable(),
    throughSeq: z.number().int().nonnegative(),
    treeSize: z.number().int().nonnegative(),
  })
  .strict();
export type ReceiptAnswer = z.infer<typeof ReceiptAnswer>;

/** request `audit.leaves`: which leaves the log holds for these events of a producer, 500 at most */
export const leavesRequest = 'audit.leaves';
export const maxLeavesAsked = 500;
export const LeavesQuery = z.object({ producer: Producer, seqs: z.array(Seq).max(maxLeavesAsked) }).strict();
export type LeavesQuery = z.infer<typeof LeavesQuery>;

/** Leaf hashes in the order of `seqs`; null for an event that audit does not have. One that waits for earlier ones it has. */
export const LeavesAnswer = z
  .object({
    producer: Producer,
    throughSeq: z.number().int().nonnegative(),
    leaves: z.array(Bytes32.nullable()).max(maxLeavesAsked),
  })
  .strict();
export type LeavesAnswer = z.infer<typeof LeavesAnswer>;

/** request `audit.inclusion`: with `anchored`, null until a checkpoint that is anchored on the hub covers the leaf */
export const InclusionQuery = z
  .object({ producer: Producer, seq: z.number().int().min(1), anchored: z.boolean() })
  .strict();
export const Inclusion = z
  .object({
    leaf: anyText,
    leafIndex: z.number().int().nonnegative(),
    proof: z.array(Bytes32),
    checkpoint: anyText,
  })
  .strict();
export type Inclusion = z.infer<typeof Inclusion>;
export const InclusionAnswer = Inclusion.nullable();

/** Where a checkpoint of the log stands on a chain. */
export const AnchorView = z
  .object({
    /** nickname of the chain */
    chain: anyText,
    size: z.number().int().positive(),
    root: Bytes32,
    state: z.enum(['wanted', 'final', 'failed']),
    transaction: Bytes32.nullable(),
    blockNumber: z.number().int().nonnegative().nullable(),
  })
  .strict();
export type AnchorView = z.infer<typeof AnchorView>;

/** `GET /log` and the answer of `POST /anchor` (scope audit.operate): the log's name and key, its size, and its last anchor on each chain. */
export const LogView = z
  .object({
    origin: anyText,
    /** note verifier key: `name+hash+base64` */
    verifierKey: anyText,
    /** keys that sign beside it for a while, since readers may not know the new one yet; newest first */
    formerVerifierKeys: z.array(anyText).default([]),
    size: z.number().int().nonnegative(),
    root: Bytes32,
    checkpoint: anyText,
    anchors: z.array(AnchorView),
  })
  .strict();
export type LogView = z.infer<typeof LogView>;

/** `GET /proofs/inclusion?producer=&seq=` (scope audit.read) answers `Inclusion`. */
export const InclusionParameters = z.object({ producer: Producer, seq: z.coerce.number().int().min(1) }).strict();

/** `GET /proofs/consistency?from=&to=`: hashes of the RFC 6962 proof. */
export const ConsistencyParameters = z
  .object({ from: z.coerce.number().int().nonnegative(), to: z.coerce.number().int().nonnegative() })
  .strict();
export const Consistency = z
  .object({ from: z.number().int().nonnegative(), to: z.number().int().nonnegative(), proof: z.array(Bytes32) })
  .strict();
export type Consistency = z.infer<typeof Consistency>;

/** `GET /trail?correlation=` (scope audit.read): every entry of one grant or request, in the log's order. */
export const TrailParameters = z.object({ correlation: text(80) }).strict();
export const LogEntry = z.object({ leafIndex: z.number().int().nonnegative(), leaf: anyText }).strict();
export type LogEntry = z.infer<typeof LogEntry>;
export const Trail = z.object({ correlation: anyText, checkpoint: anyText, entries: z.array(LogEntry) }).strict();
export type Trail = z.infer<typeof Trail>;

/** `DELETE /persons/{person}/details-key?reason=&reference=` (scope audit.erase). No free text: it would hold names. */
export const ErasureParameters = z
  .object({
    reason: z.enum(['patient-asked', 'retention-over', 'court-order', 'entered-in-error']),
    /** number of the case at the hospital */
    reference: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9./-]{0,63}$/, 'must be a case number')
      .optional(),
  })
  .strict();
export type ErasureParameters = z.infer<typeof ErasureParameters>;

/** The text of an entry (RFC 8785), read back: see `eventLeaf`. */
export const Leaf = z
  .object({
    type: EventType,
    producer: Producer,
    seq: z.number().int().min(1),
    correlation: anyText,
    commitment: Bytes32,
  })
  .strict();
export type Leaf = z.infer<typeof Leaf>;
