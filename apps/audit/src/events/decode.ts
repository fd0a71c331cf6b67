/** Turns a message of the bus into an event that this log takes, or the reason why not, and decides which producer may write it. Pure. */

import { parseJson, toAppError } from '@cpds/errors';
import { EventEnvelope, eventLeaf, operatorEventSubject } from '@cpds/messages';

/** Entry bundles hold entries of at most this many bytes (c2sp.org/tlog-tiles). */
const maxLeafBytes = 65_535;

/** The parties whose events a log takes: a hospital's own services, or the hub's role nodes. */
export type LogOwner = { readonly kind: 'hospital'; readonly party: string } | { readonly kind: 'hub' };

export type Decoded =
  { readonly kind: 'event'; readonly event: EventEnvelope } | { readonly kind: 'refused'; readonly reason: string };

/** The event in `body`. A reason quotes no value of the body. */
export function decodeEvent(owner: LogOwner, subject: string, body: string): Decoded {
  try {
    const event = parseJson(EventEnvelope, body, 'event');
    const reason = foreignTo(owner, subject, event) ?? unfit(event);
    return reason === null ? { kind: 'event', event } : { kind: 'refused', reason };
  } catch (error) {
    return { kind: 'refused', reason: toAppError(error).message };
  }
}

/**
 * Why `event` must not enter the log when it came on `subject`, or null. The bus lets a service publish its
 * own events only (`libs/messages/src/rights.ts`); this keeps it from writing under another producer's name there.
 */
function foreignTo(owner: LogOwner, subject: string, event: EventEnvelope): string | null {
  const service = event.type.slice(0, event.type.indexOf('.'));
  if (owner.kind === 'hub') {
    if (subject !== operatorEventSubject(event.producer)) return `producer ${event.producer} wrote on ${subject}`;
    return service === 'bridge' ? null : `a role node wrote ${event.type}`;
  }
  if (subject !== event.type) return `${event.type} came on ${subject}`;
  return event.producer === `${service}.${owner.party}` ? null : `producer ${event.producer} wrote ${event.type}`;
}

function unfit(event: EventEnvelope): string | null {
  return Buffer.byteLength(eventLeaf(event)) > maxLeafBytes ? 'its leaf is over 65535 bytes' : null;
}
