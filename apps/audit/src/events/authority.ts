/** Who may write what into a log: pure. */

import { operatorEventSubject, type EventEnvelope } from '@cpds/messages';

/** The parties whose events a log takes: a hospital's own services, or the hub's role nodes. */
export type LogOwner = { readonly kind: 'hospital'; readonly party: string } | { readonly kind: 'hub' };

/**
 * Why `event` must not enter the log when it came on `subject`, or null. The bus lets a service publish under its own
 * subject only; this keeps it from writing under another's name there.
 */
export function foreignTo(owner: LogOwner, subject: string, event: EventEnvelope): string | null {
  const service = event.type.slice(0, event.type.indexOf('.'));
  if (owner.kind === 'hub') {
    if (subject !== operatorEventSubject(event.producer)) return `producer ${event.producer} wrote on ${subject}`;
    return service === 'bridge' ? null : `a role node wrote ${event.type}`;
  }
  if (subject !== event.type) return `${event.type} came on ${subject}`;
  return event.producer === `${service}.${owner.party}` ? null : `producer ${event.producer} wrote ${event.type}`;
}
