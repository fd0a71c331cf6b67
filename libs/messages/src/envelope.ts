/** The one shape of every event, from a service's outbox to the audit log. */

import { ascii, concat, fromHex, to0x, utf8 } from '@cpds/crypto/bytes';
import { canonicalText } from '@cpds/crypto/canonical-json';
import { keccak256, sha256 } from '@cpds/crypto/hash';
import { leafHash } from '@cpds/crypto/tlog';
import { jsonObject } from '@cpds/errors';
import { z } from 'zod';
import { Bytes32, type Hex } from './hex.js';

/** `<service>.<party>` in a hospital, the operator's name for a role node. */
export const Producer = z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?$/, 'must name a producer');

/** `<owner>.<event-in-past-tense>.v<n>` */
export const EventType = z.string().regex(/^[a-z]+\.[a-z-]+\.v[0-9]+$/, 'must be <owner>.<event>.v<n>');

/** No control character, which no reader of a log needs, and no half of a surrogate pair, which UTF-8 cannot say. */
const Correlation = z
  .string()
  .regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'must hold no control character and no half of a surrogate pair')
  .min(1)
  .max(80);

/**
 * An event. `seq` is gapless per producer and starts at 1. `details` never reach a log leaf in clear: the leaf holds
 * `eventCommitment`, the details stay in the audit database, encrypted under the key of `person` where one is named.
 */
export const EventEnvelope = z
  .object({
    id: z.uuid(),
    type: EventType,
    producer: Producer,
    seq: z.number().int().min(1),
    at: z.iso.datetime(),
    /** grantId, or the request's random id while there is no grant; never a person */
    correlation: Correlation,
    salt: Bytes32,
    details: jsonObject,
    person: z.uuid().optional(),
  })
  .strict();
export type EventEnvelope = z.infer<typeof EventEnvelope>;

/** The value as RFC 8785 text. @throws CryptoError `not-json` for what JSON cannot say (undefined, NaN, a lone surrogate) */
export const canonicalJson: (value: unknown) => string = canonicalText;

/** Salted commitment to an event's details: sha256("cpds/v1/event" ‖ salt ‖ sha256(RFC 8785(details))). */
export function eventCommitment(salt: string, details: Record<string, unknown>): Hex {
  return to0x(sha256(ascii('cpds/v1/event'), fromHex(salt, 'salt', 32), sha256(utf8(canonicalJson(details)))));
}

/** Leaf of the audit log: the part of an event that everybody with the log may read. */
export function eventLeaf(event: EventEnvelope): string {
  return canonicalJson({
    type: event.type,
    producer: event.producer,
    seq: event.seq,
    correlation: event.correlation,
    commitment: eventCommitment(event.salt, event.details),
  });
}

/** RFC 6962 leaf hash of `eventLeaf`: the name of this very event, as the log's tiles hold it. */
export function eventLeafHash(event: EventEnvelope): Hex {
  return to0x(leafHash(utf8(eventLeaf(event))));
}

/** Digest that a datagram's sender signs: keccak256("cpds/v1/datagram" ‖ sha256(RFC 8785 without sig)). */
export function datagramDigest(datagram: object): Uint8Array {
  const unsigned = Object.fromEntries(Object.entries(datagram).filter(([key]) => key !== 'sig'));
  return keccak256(concat(ascii('cpds/v1/datagram'), sha256(utf8(canonicalJson(unsigned)))));
}
