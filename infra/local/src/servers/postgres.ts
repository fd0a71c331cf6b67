import { randomBytes } from 'node:crypto';
import { chown, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { postgresBinDir, reachableDataDir, serverUser } from '../binaries/postgres.js';
import { runCommand } from '../machine/command.js';
import { startChild, waitUntilReady } from '../machine/child.js';
import type { Child } from '../machine/child.js';
import { freePort } from '../machine/port.js';
import type { Report } from '../machine/progress.js';

/** A Postgres server to start. */
export interface PostgresSpec {
  readonly dir: string;
  readonly port?: number;
  /** False only for throw-away test data: a crash of the machine may then lose it. */
  readonly durable: boolean;
  readonly onStart?: (child: Child) => void;
}

/** A running Postgres and the URL of its superuser. */
export interface PostgresServer {
  readonly adminUrl: string;
  readonly port: number;
  readonly dataDir: string;
  readonly child: Child | null;
}

const admin = 'cpds_admin';

/** Starts Postgres on loopback, creating the cluster on first use. The superuser's password is in `dir/postgres.password` (0600). */
export async function startPostgres(spec: PostgresSpec, report: Report): Promise<PostgresServer> {
  const bin = await postgresBinDir(report);
  const user = serverUser();
  const as = user === null ? {} : { uid: user.uid, gid: user.gid };
  const dataDir = await reachableDataDir(join(spec.dir, 'postgres'), user);
  const passwordFile = join(spec.dir, 'postgres.password');
  if (!(await exists(join(dataDir, 'cluster', 'PG_VERSION')))) {
    await initCluster(bin, dataDir, passwordFile, as);
  }
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const port = spec.port ?? (await freePort());
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=400',
    'shared_buffers=64MB',
    ...(spec.durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const child = await startChild({
    name: 'postgres',
    command: join(bin, 'postgres'),
    args: ['-D', join(dataDir, 'cluster'), '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    cwd: dataDir,
    logFile: join(spec.dir, 'postgres.log'),
    onStart: spec.onStart,
    // SIGINT is "fast": checkpoint and end. SIGQUIT is "immediate": for data that nobody needs again, and where the checkpoint takes too long.
    // SIGKILL would leave its children, whose memory keeps the next start from its data.
    stopSignals: spec.durable ? ['SIGINT', 'SIGQUIT'] : ['SIGQUIT'],
    ...as,
  });
  const adminUrl = `postgres://${admin}:${password}@127.0.0.1:${port}/postgres`;
  await waitUntilReady(child, () => accepts(adminUrl)).catch(async (cause: unknown) => {
    await child.kill();
    throw cause;
  });
  return { adminUrl, port, dataDir, child };
}

/** Creates a role and a database of the same name that only this role may enter; does nothing if they exist. Returns its URL. */
export async function createDatabase(adminUrl: string, name: string, password: string): Promise<string> {
  await withAdmin(adminUrl, async (client) => {
    const role = pg.escapeIdentifier(name);
    const known = await client.query('select 1 from pg_roles where rolname = $1', [name]);
    await client.query(
      `${known.rowCount === 0 ? 'create' : 'alter'} role ${role} login password ${pg.escapeLiteral(password)}`,
    );
    const there = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (there.rowCount === 0) await client.query(`create database ${role} owner ${role}`);
    await client.query(`revoke connect on database ${role} from public`);
  });
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.toString();
}

/** Drops a database and its role, also while somebody is connected. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withAdmin(adminUrl, async (client) => {
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    await client.query(`drop role if exists ${pg.escapeIdentifier(name)}`);
  });
}

async function withAdmin<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function initCluster(bin: string, dataDir: string, passwordFile: string, as: { uid?: number; gid?: number }) {
  const cluster = join(dataDir, 'cluster');
  // A cluster without PG_VERSION was left by an interrupted initdb, which refuses a folder that is not empty.
  await rm(cluster, { recursive: true, force: true });
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  const readable = join(dataDir, 'initdb.password');
  await writeFile(readable, `${password}\n`, { mode: 0o600 });
  if (as.uid !== undefined && as.gid !== undefined) await chown(readable, as.uid, as.gid);
  await runCommand(
    join(bin, 'initdb'),
    [
      ...['-D', cluster, '-U', admin, '--pwfile', readable],
      ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'],
    ],
    { cwd: dataDir, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, ...as },
  );
  await rm(readable);
}

/** False while it refuses connections or says that it is starting up. */
async function accepts(adminUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
  const isAccepted = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => undefined);
  return isAccepted;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
