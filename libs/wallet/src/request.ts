/** Checks what a hospital asks for by that hospital's own signature: the home hospital only carries the request. */

import {
  datagramDigest,
  Datagram,
  requestHash,
  RequestBody,
  type PatientIdentifier,
  type ShareRequest,
  type WalletRequest,
} from '@cpds/messages';
import { invalid, parse } from '@cpds/errors';
import { to0x } from '@cpds/crypto/bytes';
import { signerOf } from '@cpds/contracts';
import { clockSkewSeconds } from './clock.js';
import { hospitalNamed, type HospitalFacts, type HubFacts } from './hub-facts.js';

/** A request whose author's signature was checked. */
export interface CheckedRequest {
  requestId: string;
  request: ShareRequest;
  /** The hospital that asks. */
  from: HospitalFacts;
}

/** The patient and home hospital of this wallet, pinned at enrolment: nothing that the home hospital says later changes them. */
export interface OwnPins {
  /** Operator's name of the home hospital. */
  home: string;
  /** The identifier by which hospitals know this patient. */
  identifiers: readonly PatientIdentifier[];
}

/**
 * Checks that the named hospital signed exactly this request, to this home hospital and about this patient, that it
 * names a chain and contract of its own, and that the request is open now.
 *
 * @param now own clock, seconds
 * @throws AppError `request-refused`, naming the field
 */
export function checkRequest(received: WalletRequest, own: OwnPins, hub: HubFacts, now: number): CheckedRequest {
  const { request, salt } = received;
  const datagram = parse(Datagram, received.datagram, 'datagram');
  const body = parse(RequestBody, datagram.body, 'datagram.body');
  const from = hospitalNamed(hub, received.from);
  if (datagram.from !== received.from) throw refused('datagram.from', 'is not the hospital that is said to ask');
  if (datagram.to !== own.home) throw refused('datagram.to', 'is not the own home hospital');
  if (signerOf(to0x(datagramDigest(datagram)), datagram.sig) !== from.messageKey)
    throw refused('datagram.sig', `is not ${from.name}'s`);
  if (body.requestHash !== requestHash({ request, salt })) throw refused('request', 'is not what was signed');
  if (body.requestId !== received.requestId || request.requestId !== received.requestId)
    throw refused('requestId', 'is not the one that was signed');
  // The home hospital chooses what to show to whom: a request about another patient must not become this one's consent.
  if (
    !own.identifiers.some(({ system, value }) => system === request.patient.system && value === request.patient.value)
  )
    throw refused('request.patient', 'is not the patient of this wallet');
  if (request.destinationUid !== from.chainUid) throw refused('request.destinationUid', `is not ${from.name}'s chain`);
  if (request.mappedDeeds !== from.mappedDeeds)
    throw refused('request.mappedDeeds', `is not ${from.name}'s current contract`);
  if (request.requestExpires <= now) throw refused('request.requestExpires', 'is past');
  // A consent permits from now on, so a request that begins later would be granted more than it asks.
  if (request.period.start > now + clockSkewSeconds) throw refused('request.period.start', 'is later than now');
  if (request.period.end <= now) throw refused('request.period.end', 'is past');
  return { requestId: received.requestId, request, from };
}

function refused(field: string, reason: string) {
  return invalid('request-refused', field, `${field} ${reason}`);
}
