import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  administrator,
  hospitalServerConfig,
  hospitalUsers,
  hubServerConfig,
  hubUsers,
  leafName,
} from '@cpds/bus/servers';
import type { Child } from '../machine/child.js';
import { withProgress } from '../machine/progress.js';
import type { Report } from '../machine/progress.js';
import { startAnvil } from '../servers/anvil.js';
import { startNats } from '../servers/nats.js';
import { createDatabase, startPostgres } from '../servers/postgres.js';
import { chainIds, chainNames, hospitals, participants, storemen, vouchers } from './parties.js';
import type { ChainName, Hospital } from './parties.js';
import type { Ports } from './ports.js';
import type { Secrets } from './secrets.js';

/** The addresses of the servers that the processes of a consortium use. */
export interface Servers {
  /** RPC URL of each chain. */
  readonly chains: Record<ChainName, string>;
  /** `nats://host:port` of the hub's server and of each hospital's. */
  readonly nats: Record<ChainName, string>;
  /** Postgres URL with credentials, by process name. */
  readonly databases: Record<string, string>;
  /** The superuser's URL: for dumps and tests, never for a service. */
  readonly postgresAdminUrl: string;
}

/** Settings for starting the servers. `entered` is called with each process, so that it can be stopped later whatever happens. */
export interface ServersSpec {
  readonly dir: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly report: Report;
  readonly entered: (child: Child, group: number) => void;
}

/** Stop order: services (3) before NATS and MinIO (2) before Postgres and chains (1). */
export const groups = { database: 1, bus: 2, service: 3 } as const;

/** Starts Postgres, three NATS servers and three chains, in parallel, and makes what the processes need in them. */
export async function startServers(spec: ServersSpec): Promise<Servers> {
  // All settle before a failure is thrown, so that whoever then stops everything misses no server that was still
  // starting.
  const starts = [
    withProgress('starting Postgres', spec.report, () => databases(spec)),
    withProgress('starting three chains', spec.report, () => chainsOf(spec)),
    withProgress('starting NATS', spec.report, () => natsOf(spec)),
  ] as const;
  await Promise.allSettled(starts);
  const [postgres, chains, nats] = await Promise.all(starts);
  return { ...postgres, chains, nats };
}

async function databases({ dir, ports, secrets, report, entered }: ServersSpec) {
  const named = process.env['CPDS_POSTGRES_URL'];
  let postgresAdminUrl = named;
  if (postgresAdminUrl === undefined) {
    const server = await startPostgres(
      {
        dir: join(dir, 'postgres'),
        port: await ports.free('postgres'),
        durable: true,
        onStart: (child) => entered(child, groups.database),
      },
      report,
    );
    postgresAdminUrl = server.adminUrl;
  }
  const databases: Record<string, string> = {};
  for (const { name } of participants) {
    databases[name] = await createDatabase(postgresAdminUrl, databaseName(name), secrets.password(`database.${name}`));
  }
  return { databases, postgresAdminUrl };
}

/** `records.north` -> `cpds_records_north`. */
export function databaseName(participantName: string): string {
  return `cpds_${participantName.replace(/[.-]/g, '_')}`;
}

async function chainsOf({ dir, ports, entered }: ServersSpec): Promise<Record<ChainName, string>> {
  const urls = await Promise.all(
    chainNames.map(async (name) => {
      const chainDir = join(dir, 'chains', name);
      mkdirSync(chainDir, { recursive: true });
      const chain = await startAnvil({
        dir: chainDir,
        chainId: chainIds[name],
        blockTimeSec: 1,
        port: await ports.of(`chain ${name}`),
        keepState: true,
        name: `chain ${name}`,
        onStart: (child) => entered(child, groups.database),
      });
      return [name, chain.url] as const;
    }),
  );
  return Object.fromEntries(urls) as Record<ChainName, string>;
}

/** Name of the secret of a bus user: that of the process, where it is one's; so `identity.north`, `storeman-3`, `leaf.south`, `administrator.hub`. */
export function busUser(server: ChainName, user: string): string {
  const isOwnName = server === 'hub' && user !== 'audit' && user !== administrator;
  return isOwnName ? user : `${user}.${server}`;
}

async function natsOf({ dir, ports, secrets, report, entered }: ServersSpec): Promise<Record<ChainName, string>> {
  const leafPort = await ports.free('nats leaf');
  const start = async (name: ChainName, extra: string): Promise<[ChainName, string]> => {
    const server = await startNats(
      {
        name,
        dir: join(dir, 'nats', name),
        domain: name,
        port: await ports.free(`nats ${name}`),
        monitorPort: await ports.free(`nats ${name} monitor`),
        streamKey: secrets.password(`jetstream.${name}`),
        extra,
        onStart: (child) => entered(child, groups.bus),
      },
      report,
    );
    return [name, server.url];
  };
  const keyOn = (server: ChainName) => (user: string) => JSON.stringify(secrets.nkey(busUser(server, user)).publicKey);
  const leafAddress = `127.0.0.1:${leafPort}`;
  const operators = [...storemen, ...vouchers];
  const hub = await start(
    'hub',
    hubServerConfig(hubUsers(operators, hospitals), keyOn('hub'), { listen: `"${leafAddress}"` }),
  );
  const configOf = (hospital: Hospital) =>
    hospitalServerConfig(hospitalUsers(hospital), keyOn(hospital), {
      url: `"nats-leaf://${leafAddress}"`,
      seed: JSON.stringify(secrets.nkey(leafName(hospital)).seed),
    });
  const joined = await Promise.all(hospitals.map((hospital) => start(hospital, configOf(hospital))));
  return Object.fromEntries([hub, ...joined]) as Record<ChainName, string>;
}
