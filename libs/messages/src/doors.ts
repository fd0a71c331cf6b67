/**
 * What each door of a hospital leaves in the audit log, and whoever is named there: one line for each route and each
 * subject that a controller answers. `tools/checks/doors.spec.ts` fails on a door without a line.
 */

import { assert } from '@cpds/errors';
import { z } from 'zod';
import { events, outboxAgreed } from './events.js';

/** Whoever acted, as the details of an event name them. */
export const Actor = z.object({
  /** the client whose token came with the call, or `service:<name>` for what a service does by itself */
  by: z.string().regex(/^(service:[a-z]+|[a-z0-9][a-z0-9.-]{0,63})$/, 'must name a client or a service'),
  /** the registered clinician on whose behalf the client called, if it said so */
  onBehalfOf: z.uuid().optional(),
});
export type Actor = z.infer<typeof Actor>;

/** What a door leaves. */
export type Trace =
  | {
      /** the events of which one is appended, before the answer leaves */
      readonly events: readonly string[];
      /**
       * `client`: `by` in the details names the caller. `body`: the caller has no token, and the event is about the
       * signature, code or assertion that the body carries. `service`: a service of the own hospital asks for what it tells
       * of itself, under the same correlation.
       */
      readonly actor: 'client' | 'body' | 'service';
      /**
       * `receipt`: the answer discloses, and leaves when the log's durable checkpoint covers the event. Else why it may leave
       * once the event is committed: the log gets it later, even if audit is away now.
       */
      readonly after: 'receipt' | { readonly commit: string };
    }
  | {
      /** why nothing is left */
      readonly none: string;
    };

type Told = Extract<Trace, { events: readonly string[] }>;

/** Enough for a door that changes something; a door that is only read, or is a request of a service, needs a reason of its own. */
export const ownDoing = { commit: 'answers with what the caller changed or asked for, and with nothing of a record' };

const client = (...names: string[]): Told => ({ events: names, actor: 'client', after: ownDoing });
const body = (...names: string[]): Told => ({ events: names, actor: 'body', after: ownDoing });
const service = (...names: string[]): Told => ({ events: names, actor: 'service', after: ownDoing });
const disclosing = (trace: Told): Told => ({ ...trace, after: 'receipt' });
const committed = (trace: Told, commit: string): Told => ({ ...trace, after: { commit } });
const none = (why: string): Trace => ({ none: why });

/** Every door by service: `GET /path/{parameter}` over HTTP, a subject on the bus. */
export const doors: Readonly<Record<string, Readonly<Record<string, Trace>>>> = {
  /** doors that every process has */
  service: {
    'GET /healthz': none('says that a process runs'),
    'GET /readyz': none('says what answers'),
    'GET /metrics': none('counts, and names nobody'),
    'POST /outbox/agreement': client(outboxAgreed('service')),
    'outbox.<service>.rows': none('events on their way to the log, for the log of the own hospital'),
  },
  identity: {
    'POST /clients': client(events.clientRegistered),
    'GET /clients': none('names of clients and pseudonyms of wallets, without the person that they stand for'),
    'POST /clients/{clientId}/disablement': client(events.clientDisabled),
    'DELETE /clients/{clientId}/disablement': client(events.clientEnabled),
    'POST /clinicians': client(events.clinicianRegistered),
    'POST /clinicians/match': none(
      'finds the id of a clinician whose registration the caller has already, and changes nothing',
    ),
    'GET /clinicians': none('ids of clinicians and their departments, without name or registration'),
    'POST /clinicians/{clinicianId}/disablement': client(events.clinicianDisabled),
    'DELETE /clinicians/{clinicianId}/disablement': client(events.clinicianEnabled),
    'POST /departments': client(events.departmentRegistered),
    'GET /departments': none('departments are public: their addresses stand on the chain'),
    'POST /departments/{departmentId}/disablement': client(events.departmentDisabled),
    'DELETE /departments/{departmentId}/disablement': client(events.departmentEnabled),
    'POST /patients': client(events.patientRegistered, events.enrolmentCodeIssued),
    'POST /patients/match': committed(
      client(events.patientMatched),
      'says which pseudonym an identifier of the own hospital has; nothing of a record is in it',
    ),
    'POST /enrolments': body(events.patientEnrolled),
    'POST /token': committed(body(events.tokenIssued), 'a token is no datum: each door that it opens tells of itself'),
    'GET /.well-known/jwks.json': none('public keys'),
    'identity.match': none('the bridge asks it of a request that came in, which request-received tells of'),
    'identity.patient': none('public keys of a wallet; records tells of what it does with them'),
    'identity.whose': none('records asks it of an upload, which it tells of, also where it refuses'),
    'identity.enrolment-evidence': none('goes to the other hospital with a consent, which the bridge tells of'),
    'identity.department': none('departments are public: their addresses stand on the chain'),
    'identity.clinician': none('whether a clinician is registered; whoever asks tells of the call'),
    'identity.scan': disclosing(service(events.custodyUsed)),
    'identity.prove': disclosing(service(events.custodyUsed)),
    'identity.sign': disclosing(service(events.custodyUsed)),
    'identity.open': disclosing(service(events.custodyUsed)),
  },
  records: {
    'POST /records': client(events.objectStored, events.patientMismatched),
    'POST /records/{id}/withdrawal': client(events.recordWithdrawn),
    'GET /records/{id}': disclosing(client(events.objectRead)),
    'GET /records/{id}/status': disclosing(client(events.statusRead)),
    'GET /records/{id}/object': disclosing(client(events.objectRead)),
    'GET /wallet/deeds': disclosing(client(events.deedsRead)),
    'GET /grants/{grantId}/record': disclosing(client(events.opened)),
    'POST /grants/{grantId}/home-answer': committed(
      client(events.homeAsked),
      'answers with the refusal of another hospital: no byte of a record moves',
    ),
    'POST /scrubs': client(events.scrubAsked),
    'GET /scrubs/{id}': none('counts, and ids of records: no person is in it'),
    'GET /age-identities': none('public keys and counts: no person and no record is in it'),
    'POST /exchange/fetch': disclosing(body(events.disclosed)),
    'POST /exchange/withdrawals': body(events.withdrawnByHome),
    'records.deed': none('the bridge asks it of a consent, which it tells of; no byte of a record is in it'),
    [events.transferClosed]: committed(
      service(events.objectStored, events.objectRemoved),
      'is an event, and has no answer',
    ),
  },
  bridge: {
    'POST /requests': client(events.requestSent),
    'GET /requests/{id}': none('the state of a request that its own hospital sent: no person and no record is in it'),
    'GET /grants/{grantId}': none('the state of a transfer: no person and no record is in it'),
    'POST /grants/{grantId}/open': client(events.releaseAsked),
    'POST /grants/{grantId}/give-back': client(events.giveBackAsked),
    'POST /chains/{chainUid}/acceptance': client(events.historyAccepted),
    'POST /revocations': body(events.revokeReceived, events.giveBackReceived),
    'GET /wallet/requests': none('a patient looks at what others ask of them; request-received told of each'),
    'GET /wallet/parameters': none('public facts of chains and windows'),
    'POST /requests/{id}/consent': body(events.consented),
    'POST /requests/{id}/denial': none('a denial looks like a patient who does not exist, to every reader of the log'),
    'bridge.deed-in-use': none('yes or no, for records to tell whether an earlier sealing may go'),
    'bridge.open-grants': none('ids of grants, for a withdrawal that records tells of'),
    'bridge.sign-withdrawal': none('signs what records tells of: that it withdrew the record of a grant'),
    'bridge.check-withdrawal': none('whether another hospital signed a withdrawal, which records tells of'),
    'bridge.may-serve': none('yes or no, for a reading that records tells of'),
    'bridge.authorize-fetch': none('yes or no, for a fetch that records tells of'),
    'bridge.grant': none('public fields of a grant, for a fetch that records tells of'),
    'bridge.released': none('what a reading needs that records tells of'),
    'bridge.opened': committed(service(events.bridgeOpened), 'answers with the state of a transfer'),
  },
  audit: {
    'GET /log': none('public'),
    'GET /checkpoint': none('public'),
    'GET /tile/*': none('public hashes'),
    'GET /proofs/consistency': none('public hashes'),
    'GET /tile/entries/*': none('leaves hold no person and no detail; the token that opened this door is in the log'),
    'GET /proofs/inclusion': none('leaves hold no person and no detail; the token that opened this door is in the log'),
    'GET /trail': none('leaves hold no person and no detail; the token that opened this door is in the log'),
    'GET /stream': none('leaves hold no person and no detail; the token that opened this door is in the log'),
    'POST /anchor': none('puts on the chains sooner what stands in the log already; each anchor is public'),
    'DELETE /persons/{person}/details-key': client(events.personErased),
    'audit.receipt': none('which leaf the log holds for an event of whoever asks'),
    'audit.leaves': none('which leaves the log holds for events of whoever asks'),
    'audit.inclusion': none('a proof for a service of the own hospital'),
  },
};

const eventsOf = (isMeant: (trace: Told) => boolean): ReadonlySet<string> =>
  new Set(
    Object.values(doors)
      .flatMap((lines) => Object.values(lines))
      .flatMap((trace) => ('events' in trace && isMeant(trace) ? trace.events : [])),
  );
const ofClients = eventsOf(({ actor }) => actor === 'client');
const ofDisclosures = eventsOf(({ after }) => after === 'receipt');

/** Stops an event of a client's door whose details name nobody. @throws AssertionError: the use-case forgot to say */
export function assertActor(type: string, details: Record<string, unknown>): void {
  assert(!ofClients.has(type) || Actor.safeParse(details).success, `${type} names whoever acted`);
}

/**
 * Stops an event of a door that discloses where nobody would wait for the log.
 *
 * @throws AssertionError: the use-case has to tell it through `Disclosure`
 */
export function assertNotDisclosing(type: string): void {
  assert(!ofDisclosures.has(type), `${type} is of a door that waits for the log's receipt: tell it by Disclosure`);
}
