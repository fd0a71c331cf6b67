import { assert } from '@cpds/errors';
import { type BusUser, datagramsTo, rightsOf } from '@cpds/messages';
import { eventStream } from './event-stream.js';

/** What a NATS server lets one user do: allow-lists of subjects, and nothing beside them. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** may answer a request once, to the inbox that came with it; so nobody needs a right to write to inboxes */
  readonly mayRespond: boolean;
}

/** The administrator of a server: looks at streams and mends them, and is no service. */
export const administrator = 'administrator';

/** Name of a user on its server: the service, `audit` on the hub, or the operator. */
export function nameOf(user: BusUser): string {
  if (user.kind === 'service') return user.service;
  return user.kind === 'operator' ? user.party : 'audit';
}

/** Prefix of the reply inboxes of a user. No other user of its server may listen there. */
export function inboxPrefixOf(userName: string): string {
  return `_INBOX.${userName}`;
}

/**
 * The permissions of a user, made from the lines of `libs/messages/src/rights.ts` that name it. Of JetStream's
 * administration it gets the calls that its process makes, by the names of the one stream and of its own consumer.
 */
export function permissionsOf(user: BusUser): Permissions {
  const { tells, says, hears, answers, asks, takes, waitsFor, stream } = rightsOf(user);
  const name = nameOf(user);
  return {
    publish: [
      ...tells,
      ...says,
      ...asks,
      ...streamCalls(stream),
      ...(takes.length === 0 ? [] : consumerCalls(name, takes, stream)),
      ...waitsFor.map(consumerInfo),
    ],
    subscribe: [...hears, ...answers, `${inboxPrefixOf(name)}.>`],
    mayRespond: answers.length > 0,
  };
}

/** The administrator may call all of JetStream's administration: it repairs streams. It publishes no event and hears no message but what it asks for. */
export function administratorPermissions(): Permissions {
  return { publish: ['$JS.API.>'], subscribe: [`${inboxPrefixOf(administrator)}.>`], mayRespond: false };
}

/**
 * What a hospital's leaf may carry: datagrams to that hospital inwards, datagrams to anyone outwards. No receipt (only the
 * hub's audit says those), no JetStream, no inbox, no service's subject. A hospital listens to each kind of datagram by its
 * full subject, so the interest of one hospital reaches another without a wider right.
 */
export function leafPermissions(hospital: string): Permissions {
  return { publish: datagramsTo('*'), subscribe: datagramsTo(hospital), mayRespond: false };
}

function streamCalls(right: 'keep' | 'make' | 'none'): string[] {
  const make = [`$JS.API.STREAM.CREATE.${eventStream}`, `$JS.API.STREAM.INFO.${eventStream}`];
  if (right === 'none') return [];
  return right === 'make' ? make : [...make, `$JS.API.STREAM.UPDATE.${eventStream}`];
}

/**
 * The calls for a consumer of the service's own. Whoever takes one event names it in the subject of the call, and the server
 * compares: it cannot read another. Only whoever keeps the stream may make a consumer without that, and forget its place.
 */
function consumerCalls(name: string, takes: readonly string[], stream: 'keep' | 'make' | 'none'): string[] {
  const [only, ...others] = takes;
  const isKeeper = stream === 'keep';
  assert(
    isKeeper || others.length === 0,
    `${name} takes several events: give it a consumer for each, so that the server can compare`,
  );
  return [
    others.length > 0
      ? `$JS.API.CONSUMER.DURABLE.CREATE.${eventStream}.${name}`
      : `$JS.API.CONSUMER.CREATE.${eventStream}.${name}.${only}`,
    consumerInfo(name),
    // To read all of the stream again.
    ...(isKeeper ? [`$JS.API.CONSUMER.DELETE.${eventStream}.${name}`] : []),
    `$JS.API.CONSUMER.MSG.NEXT.${eventStream}.${name}`,
    `$JS.ACK.${eventStream}.${name}.>`,
  ];
}

function consumerInfo(name: string): string {
  return `$JS.API.CONSUMER.INFO.${eventStream}.${name}`;
}
