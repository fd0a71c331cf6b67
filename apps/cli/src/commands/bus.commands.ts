import {
  hospitalServerConfig,
  hospitalUsers,
  hubServerConfig,
  hubUsers,
  inboxPrefixOf,
  type ServerUser,
} from '@cpds/bus/servers';
import { parse } from '@cpds/errors';
import { PartyName } from '@cpds/messages';
import { z } from 'zod';

/** A user of a bus as `cpds bus permissions` shows it; `publicKey` is the variable that nats-server looks its public nkey up in. */
export interface BusUserView extends ServerUser {
  readonly publicKey: string;
  /** prefix of the inboxes that its client must use */
  readonly inboxPrefix: string;
}

/** The users of one server, and the same as configuration of nats-server. */
export interface BusPermissions {
  readonly users: readonly BusUserView[];
  readonly config: string;
}

/**
 * The permissions of a hospital's server. Its configuration needs the variables of all users' public keys (`$NKEY_IDENTITY`),
 * `$LEAF_URL` of the hub's leaf port, and `$LEAF_SEED`, the seed of `leaf.<hospital>`, which is secret.
 */
export function hospitalPermissions(hospital: string): BusPermissions {
  const users = hospitalUsers(parse(PartyName, hospital, 'hospital'));
  return {
    users: users.map(viewOf),
    config: hospitalServerConfig(users, variableOf, { url: '$LEAF_URL', seed: '$LEAF_SEED' }),
  };
}

/**
 * The permissions of the hub's server: `$LEAF_LISTEN` is the `host:port` where hospitals' servers join, `$LEAF_TLS` the map
 * `{ cert_file: …, key_file: … }` of its certificate.
 */
export function hubPermissions(operators: readonly string[], hospitals: readonly string[]): BusPermissions {
  const Names = z.array(PartyName).min(1);
  const users = hubUsers(parse(Names, operators, 'operators'), parse(Names, hospitals, 'hospitals'));
  return {
    users: users.map(viewOf),
    config: hubServerConfig(users, variableOf, { listen: '$LEAF_LISTEN', tls: '$LEAF_TLS' }),
  };
}

function viewOf(user: ServerUser): BusUserView {
  return { ...user, publicKey: variableOf(user.name), inboxPrefix: inboxPrefixOf(user.name) };
}

/** `storeman-1` -> `$NKEY_STOREMAN_1` */
function variableOf(userName: string): string {
  return `$NKEY_${userName.replace(/[.-]/g, '_').toUpperCase()}`;
}
