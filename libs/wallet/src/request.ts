/** What a hospital asks for, believed by its own signature only: the home hospital merely carries it. */

import {
  datagramDigest,
  Datagram,
  requestHash,
  RequestBody,
  type ShareRequest,
  type WalletRequest,
} from '@cpds/messages';
import { invalid, parse } from '@cpds/errors';
import { to0x } from '@cpds/crypto';
import { hospitalNamed, type HospitalFacts, type HubFacts } from './hub-facts.js';
import { signerOf } from './signature.js';

/** A request whose author is proven. */
export interface CheckedRequest {
  requestId: string;
  request: ShareRequest;
  /** The hospital that asks. */
  from: HospitalFacts;
}

/**
 * Checks that the named hospital signed exactly this request, that it asks to a chain and contract of its own, and that
 * the request still stands.
 *
 * @param now own clock, seconds
 * @throws AppError `request-refused`, naming the field
 */
export function checkRequest(received: WalletRequest, hub: HubFacts, now: number): CheckedRequest {
  const { request, salt } = received;
  const datagram = parse(Datagram, received.datagram, 'datagram');
  const body = parse(RequestBody, datagram.body, 'datagram.body');
  const from = hospitalNamed(hub, received.from);
  if (datagram.from !== received.from) throw refused('datagram.from', 'is not the hospital that is said to ask');
  if (signerOf(to0x(datagramDigest(datagram)), datagram.sig) !== from.messageKey)
    throw refused('datagram.sig', `is not ${from.name}'s`);
  if (body.requestHash !== requestHash({ request, salt })) throw refused('request', 'is not what was signed');
  if (body.requestId !== received.requestId || request.requestId !== received.requestId)
    throw refused('requestId', 'is not the one that was signed');
  if (request.destinationUid !== from.chainUid) throw refused('request.destinationUid', `is not ${from.name}'s chain`);
  if (request.mappedDeeds !== from.mappedDeeds)
    throw refused('request.mappedDeeds', `is not ${from.name}'s current contract`);
  if (request.requestExpires <= now) throw refused('request.requestExpires', 'is past');
  if (request.period.end <= now) throw refused('request.period.end', 'is past');
  return { requestId: received.requestId, request, from };
}

function refused(field: string, reason: string) {
  return invalid('request-refused', field, `${field} ${reason}`);
}
