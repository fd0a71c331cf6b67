/** Rules of a request for a record (protocol section 7, first lines of the transfer table). Pure. */

import { invalid } from '@cpds/errors';
import type { ShareRequest } from '@cpds/messages';

/** A request lives at most this long, seconds. */
export const maxRequestSeconds = 7 * 86_400;

/** The hub's entry of the hospital that asks. */
export interface Asker {
  chainUid: string;
  mappedDeeds: string | undefined;
}

/**
 * Refuses a request that A must not store: wrong chain or contract for the asker, over already, or valid too long.
 *
 * @param now seconds
 * @throws AppError `bad-request` names the field
 */
export function checkRequest(request: ShareRequest, asker: Asker, now: number): void {
  if (request.destinationUid !== asker.chainUid) throw bad('destinationUid', "is not the asking hospital's chain");
  if (request.mappedDeeds !== asker.mappedDeeds) throw bad('mappedDeeds', 'is not the registered contract');
  if (request.requestExpires <= now) throw bad('requestExpires', 'has passed');
  if (request.requestExpires > now + maxRequestSeconds) throw bad('requestExpires', 'is more than 7 days away');
  if (request.period.end <= request.period.start) throw bad('period.end', 'is not after period.start');
  if (request.period.end <= now) throw bad('period.end', 'has passed');
}

function bad(field: string, reason: string) {
  return invalid('bad-request', field, `${field} ${reason}`);
}
