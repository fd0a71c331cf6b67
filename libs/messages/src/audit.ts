/** What the audit service says and answers. */

import { z } from 'zod';
import { Producer } from './envelope.js';
import { Bytes32 } from './hex.js';

/** Everything of `producer` up to `throughSeq` is in the durable log of `treeSize` leaves. */
export const Receipted = z
  .object({ producer: Producer, throughSeq: z.number().int().nonnegative(), treeSize: z.number().int().nonnegative() })
  .strict();
export type Receipted = z.infer<typeof Receipted>;

/** core NATS subject in a hospital; role nodes hear it on `operatorReceiptSubject` */
export const receiptSubject = 'audit.receipted.v1';
export const operatorReceiptSubject = (operator: string): string => `consortium.${operator}.receipted.v1`;
/** JetStream subject of a role node's events on the hub */
export const operatorEventSubject = (operator: string): string => `audit.events.${operator}`;

/** request `audit.receipt` */
export const ReceiptQuery = z.object({ producer: Producer }).strict();

/** request `audit.inclusion`: null while the leaf is not under a checkpoint anchored on the hub, when `anchored` is asked */
export const InclusionQuery = z
  .object({ producer: Producer, seq: z.number().int().min(1), anchored: z.boolean() })
  .strict();
export const Inclusion = z
  .object({
    leaf: z.string(),
    leafIndex: z.number().int().nonnegative(),
    proof: z.array(Bytes32),
    checkpoint: z.string(),
  })
  .strict();
export type Inclusion = z.infer<typeof Inclusion>;
export const InclusionAnswer = Inclusion.nullable();
