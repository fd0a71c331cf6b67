/** An event as its row holds it: whatever could tell of a person lies sealed under the service's own key ring. */

import { fromHex } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import { EventEnvelope } from '@cpds/messages';
import { z } from 'zod';

/** What is sealed: with the salt, details could be guessed from the leaf that auditors read. */
const Hidden = EventEnvelope.pick({ salt: true, details: true, person: true });

/** The jsonb of a row. */
export const StoredEnvelope = EventEnvelope.omit({ salt: true, details: true, person: true })
  .extend({ sealed: z.string() })
  .strict();
export type StoredEnvelope = z.infer<typeof StoredEnvelope>;

/** The name that a row's `sealed` is sealed for; a row in another's place does not open. */
export function outboxPlaceOf(producer: string, seq: number | string): string {
  return `outbox/${producer}/${seq}`;
}

/** `event` as its row holds it. */
export function sealEnvelope(ring: KeyRing, event: EventEnvelope): StoredEnvelope {
  const { salt, details, person, ...open } = event;
  return { ...open, sealed: ring.sealJson(outboxPlaceOf(event.producer, event.seq), { salt, details, person }) };
}

/**
 * The event in a row, also in one of before, which was not sealed.
 *
 * @throws CryptoError `wrong-kek`, `broken-seal`
 */
export function openEnvelope(ring: KeyRing, stored: unknown): EventEnvelope {
  const row = StoredEnvelope.safeParse(stored);
  if (!row.success) return EventEnvelope.parse(stored);
  const { sealed, ...open } = row.data;
  return { ...open, ...Hidden.parse(ring.openJson(outboxPlaceOf(open.producer, open.seq), sealed)) };
}

/** The bytes of a 0x hash, as a bytea column takes them. */
export function bytesOf(hash: string): Buffer {
  return Buffer.from(fromHex(hash, 'hash', 32));
}
