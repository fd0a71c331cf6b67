import { type BusUser, hospitalServices } from '@cpds/messages';
import {
  administrator,
  administratorPermissions,
  leafPermissions,
  nameOf,
  type Permissions,
  permissionsOf,
} from './permissions.js';

/** A user of a server: its name, and what the server lets it do. */
export interface ServerUser extends Permissions {
  readonly name: string;
}

/** The public nkey of a user by its name, as the configuration holds it: a quoted key, or `$VARIABLE`, which the server looks up. */
export type KeyOf = (userName: string) => string;

/** Seconds within which a request is answered: longer than any caller waits. */
const answerWithinSec = 10;

/** The users of a hospital's server: its four services, and the administrator. */
export function hospitalUsers(party: string): ServerUser[] {
  return [...hospitalServices.map((service) => userOf({ kind: 'service', service, party })), administratorUser()];
}

/** The users of the hub's server: its audit, the operators, a leaf for each hospital (`leaf.<hospital>`), and the administrator. */
export function hubUsers(operators: readonly string[], hospitals: readonly string[]): ServerUser[] {
  return [
    userOf({ kind: 'hub-audit' }),
    ...operators.map((party) => userOf({ kind: 'operator', party })),
    ...hospitals.map((hospital) => ({ name: leafName(hospital), ...leafPermissions(hospital) })),
    administratorUser(),
  ];
}

/** Name of the user by which a hospital's server joins the hub's. */
export function leafName(hospital: string): string {
  return `leaf.${hospital}`;
}

/** Where hospitals' servers join the hub's, in the language of nats-server: `host:port`, and a map of TLS settings; without those only on one machine. */
export interface LeafPort {
  readonly listen: string;
  readonly tls?: string;
}

/**
 * Accounts and leaf port of the hub's server, in the language of nats-server: put it into a configuration with `listen` and
 * `jetstream { sync_interval: always, cipher: aes, key: $JETSTREAM_KEY }`.
 */
export function hubServerConfig(users: readonly ServerUser[], keyOf: KeyOf, { listen, tls }: LeafPort): string {
  return [
    accounts('HUB', users, keyOf),
    'leafnodes {',
    `  listen: ${listen}`,
    ...(tls === undefined ? [] : [`  tls: ${tls}`]),
    '}',
  ].join('\n');
}

/** Where a hospital's server joins the hub's: the hub's leaf port, and the seed of the hospital's leaf user. */
export interface Leaf {
  readonly url: string;
  readonly seed: string;
}

/** Accounts of a hospital's server and its leaf connection, which for its part also lets none of the hospital's own subjects out or in. */
export function hospitalServerConfig(users: readonly ServerUser[], keyOf: KeyOf, { url, seed }: Leaf): string {
  const home = list(['$JS.>', '_INBOX.>', 'identity.>', 'records.>', 'bridge.>', 'audit.>', 'outbox.>']);
  return [
    accounts('HOSPITAL', users, keyOf),
    'leafnodes {',
    '  remotes: [',
    `    { url: ${url}, account: HOSPITAL, nkey: ${seed}, deny_imports: ${home}, deny_exports: ${home} }`,
    '  ]',
    '  reconnect: "1s"',
    '}',
  ].join('\n');
}

function userOf(user: BusUser): ServerUser {
  return { name: nameOf(user), ...permissionsOf(user) };
}

function administratorUser(): ServerUser {
  return { name: administrator, ...administratorPermissions() };
}

/** One account with JetStream for all users, and a system account that nobody has a key to. */
function accounts(name: string, users: readonly ServerUser[], keyOf: KeyOf): string {
  return [
    'accounts {',
    `  ${name} {`,
    '    jetstream: enabled',
    '    users: [',
    ...users.map((user) => `      ${entryOf(user, keyOf(user.name))}`),
    '    ]',
    '  }',
    '  SYS { users: [] }',
    '}',
    'system_account: SYS',
  ].join('\n');
}

function entryOf({ publish, subscribe, mayRespond }: ServerUser, key: string): string {
  const responses = mayRespond ? `, allow_responses: { max: 1, expires: "${answerWithinSec}s" }` : '';
  return `{ nkey: ${key}, permissions: { publish: { allow: ${list(publish)} }, subscribe: { allow: ${list(subscribe)} }${responses} } }`;
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map((subject) => JSON.stringify(subject)).join(', ')}]`;
}
