/** A NATS user that proves itself with an nkey, and the subjects it may use. */
export interface NkeyUser {
  readonly publicKey: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** A NATS user with a password; may use every subject but those denied. */
export interface PasswordUser {
  readonly user: string;
  readonly password: string;
  readonly denyPublish: readonly string[];
  readonly denySubscribe: readonly string[];
}

/** Rights of an operator on the hub (wire.md, "Between hospitals"): receive what is addressed to it, send to anyone, log its own events. */
export function operatorOnHub(party: string, publicKey: string): NkeyUser {
  return {
    publicKey,
    publish: ['consortium.*.*.v1', `audit.events.${party}`],
    subscribe: [`consortium.${party}.>`, `_INBOX.${party}.>`],
  };
}

/**
 * Subjects that a hospital's leaf may carry: datagrams to that hospital inwards, datagrams to anyone outwards. No
 * JetStream, no inbox, no service's subject. Outwards it is `consortium.>` and not `consortium.*.*.v1`: interest in
 * `consortium.south.>` reaches a leaf only if the leaf may publish all of it.
 */
export function leafOnHub(hospital: string, publicKey: string): NkeyUser {
  return { publicKey, publish: ['consortium.>'], subscribe: [`consortium.${hospital}.>`] };
}

/** The hub's own audit service. */
export function auditOnHub(publicKey: string): NkeyUser {
  return {
    publicKey,
    publish: ['consortium.*.*.v1', 'audit.>', '$JS.>', '_INBOX.>'],
    subscribe: ['consortium.hub.>', 'audit.>', '_INBOX.>'],
  };
}

/** The hub server's accounts and the port on which leaves join. */
export function hubConfig(leafPort: number, users: readonly NkeyUser[], leaves: readonly NkeyUser[]): string {
  return `
accounts {
  HUB {
    jetstream: enabled
    users: [
${[...users, ...leaves].map((user) => `      ${nkeyUser(user)}`).join('\n')}
    ]
  }
  SYS { users: [] }
}
system_account: SYS
leafnodes {
  listen: "127.0.0.1:${leafPort}"
}`;
}

/** A hospital server's accounts and its leaf connection to the hub, which for its part also lets none of the hospital's own subjects out. */
export function hospitalConfig(leafUrl: string, leafSeed: string, users: readonly PasswordUser[]): string {
  const home = ['$JS.>', '_INBOX.>', 'identity.>', 'records.>', 'bridge.>', 'audit.>'];
  return `
accounts {
  HOSPITAL {
    jetstream: enabled
    users: [
${users.map((user) => `      ${passwordUser(user)}`).join('\n')}
    ]
  }
  SYS { users: [] }
}
system_account: SYS
leafnodes {
  remotes: [
    { url: ${quote(leafUrl)}, account: HOSPITAL, nkey: ${quote(leafSeed)}, deny_imports: ${list(home)}, deny_exports: ${list(home)} }
  ]
  reconnect: 1
}`;
}

function nkeyUser({ publicKey, publish, subscribe }: NkeyUser): string {
  return `{ nkey: ${publicKey}, permissions: { publish: { allow: ${list(publish)} }, subscribe: { allow: ${list(subscribe)} } } }`;
}

function passwordUser({ user, password, denyPublish, denySubscribe }: PasswordUser): string {
  const permissions = `{ publish: { deny: ${list(denyPublish)} }, subscribe: { deny: ${list(denySubscribe)} } }`;
  return `{ user: ${quote(user)}, password: ${quote(password)}, permissions: ${permissions} }`;
}

const quote = (text: string): string => JSON.stringify(text);
const list = (texts: readonly string[]): string => `[${texts.map(quote).join(', ')}]`;
