/** From a message of the bus to an event this log takes, or the reason why not: pure. */

import { parseJson, toAppError } from '@cpds/errors';
import { EventEnvelope, eventLeaf } from '@cpds/messages';
import { foreignTo, type LogOwner } from './authority.js';

/** Entry bundles hold entries of at most this many bytes (c2sp.org/tlog-tiles). */
const MAX_LEAF_BYTES = 65_535;

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

function unfit(event: EventEnvelope): string | null {
  // Postgres text holds no NUL, and nobody reads the others; better refused aloud than failing at the durable line.
  // eslint-disable-next-line no-control-regex -- the range is meant
  if (/[\u0000-\u001f]/.test(event.correlation)) return 'its correlation has a control character';
  return Buffer.byteLength(eventLeaf(event)) > MAX_LEAF_BYTES ? 'its leaf is over 65535 bytes' : null;
}
