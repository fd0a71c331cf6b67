/** Doors of every service's outbox: what the audit service asks its producers. */

import { z } from 'zod';
import { EventEnvelope, Producer } from './envelope.js';

const Seq = z.number().int().min(1);

/** Says to the other replicas of `service` that an event was committed: the one that relays does so at once. Carries nothing. */
export const appendedSubject = (service: string): string => `outbox.${service}.appended`;
export const operatorAppendedSubject = (operator: string): string => `consortium.${operator}.appended.v1`;

/** Bus request that `service` answers with events it still holds, `outbox.<service>.rows`; audit asks it where its log has a gap. */
export const outboxRowsSubject = (service: string): string => `outbox.${service}.rows`;

/** request `outbox.<service>.rows`: events `fromSeq` to `toSeq`, both included */
export const OutboxRowsQuery = z
  .object({ fromSeq: Seq, toSeq: Seq })
  .strict()
  .refine(({ fromSeq, toSeq }) => fromSeq <= toSeq, { message: 'fromSeq exceeds toSeq', path: ['toSeq'] });
export type OutboxRowsQuery = z.infer<typeof OutboxRowsQuery>;

/** Events of one answer at most; fewer where they are long, since an answer stays under 512 KiB. */
export const maxOutboxRows = 500;

/**
 * Events of the range as they were sent, in seq order. An answer may end early: ask again from the last seq on. It begins
 * late, or holds nothing, where a final anchor covered the earlier ones and their rows are gone.
 */
export const OutboxRows = z
  .object({
    producer: Producer,
    events: z.array(EventEnvelope).max(maxOutboxRows),
    /** the newest event that this producer numbered; 0 before the first */
    lastSeq: z.number().int().nonnegative(),
  })
  .strict();
export type OutboxRows = z.infer<typeof OutboxRows>;

/** What bringing a producer into agreement with the audit log did: answer of `POST /outbox/agreement` (scope outbox.agree). */
export const OutboxAgreement = z
  .object({
    producer: Producer,
    /** the newest event that this database had numbered */
    lastSeq: z.number().int().nonnegative(),
    /** the newest event of this producer in the log */
    logSeq: z.number().int().nonnegative(),
    /** events that the log did not have under their numbers, and that got new ones */
    renumbered: z.number().int().nonnegative(),
    /** false when both agreed already: nothing was changed */
    changed: z.boolean(),
  })
  .strict();
export type OutboxAgreement = z.infer<typeof OutboxAgreement>;
