/**
 * Who may say and hear what on a bus: one table for every subject, by the user that a process has there. `libs/bus` makes
 * a server's permissions from it, and `tools/checks/subjects.spec.ts` fails for a subject that has no line.
 */

import {
  anchoredSubject,
  operatorAnchoredSubject,
  operatorEventSubject,
  operatorReceiptSubject,
  receiptSubject,
} from './audit.js';
import { DatagramKind, datagramSubject } from './consortium.js';
import { events, lostOnBus, messageDeadLettered, outboxAgreed } from './events.js';
import { appendedSubject, operatorAppendedSubject, outboxRowsSubject } from './outbox.js';

/** The services of a hospital; each is one user of its bus. */
export const hospitalServices = ['identity', 'records', 'bridge', 'audit'] as const;
export type HospitalService = (typeof hospitalServices)[number];

/** A user of a bus: a hospital's service, the hub's audit, or an operator (storeman or voucher) on the hub. */
export type BusUser =
  | { readonly kind: 'service'; readonly service: HospitalService; readonly party: string }
  | { readonly kind: 'hub-audit' }
  | { readonly kind: 'operator'; readonly party: string };

/** Requests inside a hospital: the service that answers, and those that may ask. */
export const requests: Readonly<
  Record<string, { readonly answers: HospitalService; readonly asks: readonly HospitalService[] }>
> = {
  'identity.match': { answers: 'identity', asks: ['bridge'] },
  'identity.patient': { answers: 'identity', asks: ['records'] },
  'identity.whose': { answers: 'identity', asks: ['records'] },
  'identity.department': { answers: 'identity', asks: ['bridge', 'records'] },
  'identity.clinician': { answers: 'identity', asks: ['bridge', 'records'] },
  'identity.enrolment-evidence': { answers: 'identity', asks: ['bridge'] },
  'identity.scan': { answers: 'identity', asks: ['bridge'] },
  'identity.prove': { answers: 'identity', asks: ['bridge'] },
  'identity.sign': { answers: 'identity', asks: ['bridge', 'records'] },
  'identity.open': { answers: 'identity', asks: ['records'] },
  'records.deed': { answers: 'records', asks: ['bridge'] },
  'bridge.grant': { answers: 'bridge', asks: ['records'] },
  'bridge.deed-in-use': { answers: 'bridge', asks: ['records'] },
  'bridge.open-grants': { answers: 'bridge', asks: ['records'] },
  'bridge.sign-withdrawal': { answers: 'bridge', asks: ['records'] },
  'bridge.check-withdrawal': { answers: 'bridge', asks: ['records'] },
  'bridge.authorize-fetch': { answers: 'bridge', asks: ['records'] },
  'bridge.may-serve': { answers: 'bridge', asks: ['records'] },
  'bridge.released': { answers: 'bridge', asks: ['records'] },
  'bridge.opened': { answers: 'bridge', asks: ['records'] },
  'audit.receipt': { answers: 'audit', asks: ['identity', 'records', 'bridge'] },
  'audit.leaves': { answers: 'audit', asks: ['identity', 'records', 'bridge'] },
  'audit.inclusion': { answers: 'audit', asks: ['identity'] },
  [outboxRowsSubject('identity')]: { answers: 'identity', asks: ['audit'] },
  [outboxRowsSubject('records')]: { answers: 'records', asks: ['audit'] },
  [outboxRowsSubject('bridge')]: { answers: 'bridge', asks: ['audit'] },
};

/** Requests that an operator sends on the hub: it compares its own history with the log there, as a hospital's services do. */
const ofOperators = ['audit.receipt', 'audit.leaves'];

/** What a hospital's services say at most once, outside of the stream: whoever says it, and whoever hears it. */
export const announcements: Readonly<
  Record<string, { readonly says: HospitalService; readonly hears: readonly HospitalService[] }>
> = {
  [receiptSubject]: { says: 'audit', hears: ['identity', 'records', 'bridge'] },
  [anchoredSubject]: { says: 'audit', hears: ['identity', 'records', 'bridge'] },
  [appendedSubject('identity')]: { says: 'identity', hears: ['identity'] },
  [appendedSubject('records')]: { says: 'records', hears: ['records'] },
  [appendedSubject('bridge')]: { says: 'bridge', hears: ['bridge'] },
};

/** Events that a service takes from its hospital's stream and acts on. Audit takes every event, and is not listed. */
export const eventReaders: Readonly<Record<string, readonly HospitalService[]>> = {
  [events.transferClosed]: ['records'],
};

/** What a user may do, in subjects. `*` is one token: any party, or any operator. */
export interface Rights {
  /** events that it puts into the stream */
  readonly tells: readonly string[];
  /** plain messages that it sends: announcements and datagrams */
  readonly says: readonly string[];
  /** plain messages that it receives */
  readonly hears: readonly string[];
  /** requests that it answers */
  readonly answers: readonly string[];
  /** requests that it sends */
  readonly asks: readonly string[];
  /** events that it takes from the stream, by a durable consumer of its own name */
  readonly takes: readonly string[];
  /** services whose place in the stream it looks up, since they act on what it tells */
  readonly waitsFor: readonly HospitalService[];
  /** what it may do with the stream itself: `keep` also adds subjects to it, `make` only puts up a missing one, `none` does not see it */
  readonly stream: 'keep' | 'make' | 'none';
}

/** The rights of a user: the lines of the table that name it. */
export function rightsOf(user: BusUser): Rights {
  switch (user.kind) {
    case 'service':
      return serviceRights(user.service, user.party);
    case 'hub-audit':
      return {
        ...nothing,
        says: [operatorReceiptSubject('*'), operatorAnchoredSubject('*')],
        answers: answeredBy('audit'),
        takes: [operatorEventSubject('*')],
        stream: 'keep',
      };
    case 'operator':
      return {
        ...nothing,
        tells: [operatorEventSubject(user.party)],
        says: [...datagramsTo('*'), operatorAppendedSubject(user.party)],
        asks: ofOperators,
        hears: [
          ...datagramsTo(user.party),
          operatorReceiptSubject(user.party),
          operatorAnchoredSubject(user.party),
          operatorAppendedSubject(user.party),
        ],
      };
  }
}

/** Every kind of datagram to a party, `*` for any. Whoever sends it, `from` is believed by its signature only. */
export function datagramsTo(party: string): string[] {
  return DatagramKind.options.map((kind) => datagramSubject(party, kind));
}

/**
 * The events that a service puts into its hospital's stream. Those of audit are entries that it writes into its log itself; a
 * service that takes events may give one up, or lose its place in the stream; whoever has an outbox may be brought into
 * agreement with the log.
 */
export function eventsOf(service: HospitalService): string[] {
  if (service === 'audit') return [];
  const own = Object.values(events).filter((type) => type.startsWith(`${service}.`));
  const told = [...own, outboxAgreed(service)];
  if (!isReader(service)) return told;
  return [...told, messageDeadLettered(service), lostOnBus(service, 'stream'), lostOnBus(service, 'consumer')];
}

function serviceRights(service: HospitalService, party: string): Rights {
  const isBridge = service === 'bridge';
  const isAudit = service === 'audit';
  const told = eventsOf(service);
  return {
    tells: told,
    says: [...namesOf(announcements, ({ says }) => says === service), ...(isBridge ? datagramsTo('*') : [])],
    hears: [...namesOf(announcements, ({ hears }) => hears.includes(service)), ...(isBridge ? datagramsTo(party) : [])],
    answers: answeredBy(service),
    asks: namesOf(requests, ({ asks }) => asks.includes(service)),
    takes: isAudit ? hospitalServices.flatMap(eventsOf) : namesOf(eventReaders, (readers) => readers.includes(service)),
    waitsFor: hospitalServices.filter((other) => told.some((type) => eventReaders[type]?.includes(other))),
    stream: isAudit ? 'keep' : 'make',
  };
}

const nothing: Rights = {
  tells: [],
  says: [],
  hears: [],
  answers: [],
  asks: [],
  takes: [],
  waitsFor: [],
  stream: 'none',
};

function answeredBy(service: HospitalService): string[] {
  return namesOf(requests, ({ answers }) => answers === service);
}

function isReader(service: HospitalService): boolean {
  return Object.values(eventReaders).some((readers) => readers.includes(service));
}

function namesOf<Line>(table: Readonly<Record<string, Line>>, holds: (line: Line) => boolean): string[] {
  return Object.keys(table).filter((name) => holds(table[name] as Line));
}
