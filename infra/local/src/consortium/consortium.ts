import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { administrator, inboxPrefixOf } from '@cpds/bus/servers';
import { answersOk, lastLines, startChild, waitUntilReady } from '../machine/child.js';
import type { Child } from '../machine/child.js';
import { withProgress } from '../machine/progress.js';
import type { Report } from '../machine/progress.js';
import { streamingMemory } from '../machine/streaming-memory.js';
import { participant } from './parties.js';
import type { ChainName, Hospital, Participant } from './parties.js';
import { Ports } from './ports.js';
import { openObjectStorage } from './object-storage.js';
import type { ObjectStorage } from './object-storage.js';
import { removeConsortium } from './remove.js';
import { enterProcess, runningProcesses, stopAll } from './running.js';
import { Secrets } from './secrets.js';
import { busUser, groups, startServers } from './servers.js';
import type { Servers } from './servers.js';

/** Where a consortium lives and how its launcher behaves. */
export interface ConsortiumSpec {
  /** Everything is below this folder: data, logs, secrets, the pid file. */
  readonly dir: string;
  readonly report: Report;
  /**
   * `launcher`: everything ends when this process ends, however it ends. `down`: everything goes on until `cpds down`
   * stops it by the pid file. `launcher-and-data`: as the first, and the folder is removed (tests).
   */
  readonly until: 'launcher' | 'down' | 'launcher-and-data';
}

/** Settings of a process beyond those that follow from its place in the consortium. */
export type ExtraEnvironment = (one: Participant) => Record<string, string>;

/** A process that runs and can be killed and started again. */
export interface ProcessHandle {
  readonly participant: Participant;
  readonly url: string;
  readonly child: Child;
}

/**
 * A local consortium: servers first, then any of its processes one by one or together, each with its own credentials, database, key file and log.
 */
export class Consortium {
  private readonly handles = new Map<string, ProcessHandle>();
  private isObjectStorageOpen = false;
  private readonly programs = new Map<string, string>();

  private constructor(
    private readonly spec: ConsortiumSpec,
    readonly ports: Ports,
    readonly secrets: Secrets,
    readonly servers: Servers,
    /** Where the hospitals keep their objects. Still pending while MinIO is being built; only records waits for it. */
    readonly objectStorage: Promise<ObjectStorage>,
    private readonly stopping = new AbortController(),
  ) {
    // The failure is thrown again to whoever starts a records process.
    objectStorage.then(
      () => (this.isObjectStorageOpen = true),
      () => undefined,
    );
  }

  /**
   * Stops what an earlier launcher of the same folder left running, then starts the servers. The object storage goes on
   * starting while the caller proceeds.
   *
   * @throws Error a server did not come up; what had started is stopped again
   */
  static async start(spec: ConsortiumSpec): Promise<Consortium> {
    const dir = resolve(spec.dir);
    mkdirSync(dir, { recursive: true });
    // As root, Postgres runs as another user, who has to pass through this folder; secrets are in a folder of their own.
    chmodSync(dir, 0o711);
    await stopAll(dir);
    if (spec.until !== 'down') startGuard(dir, spec.until === 'launcher-and-data');
    const ports = new Ports(dir);
    const secrets = new Secrets(join(dir, 'secrets'));
    const entered = (child: Child, group: number) => enter(dir, child, group);
    try {
      const serversSpec = { dir, ports, secrets, report: spec.report, entered };
      const servers = await startServers(serversSpec);
      const stopping = new AbortController();
      const objectStorage = openObjectStorage(serversSpec, stopping.signal);
      // For `attach`. It holds the superuser's password, which is in this folder anyway.
      writeFileSync(join(dir, 'servers.json'), JSON.stringify(servers), { mode: 0o600 });
      return new Consortium({ ...spec, dir }, ports, secrets, servers, objectStorage, stopping);
    } catch (cause) {
      await stopAll(dir);
      throw cause;
    }
  }

  /** The servers of a consortium that another launcher keeps running in this folder, or null when none does. */
  static async attach(dir: string, report: Report): Promise<Consortium | null> {
    const root = resolve(dir);
    if (!existsSync(join(root, 'servers.json')) || runningProcesses(root).length === 0) return null;
    const servers = JSON.parse(readFileSync(join(root, 'servers.json'), 'utf8')) as Servers;
    return new Consortium(
      { dir: root, report, until: 'down' },
      new Ports(root),
      new Secrets(join(root, 'secrets')),
      servers,
      Promise.reject(new Error('only who launched a consortium starts processes in it')),
    );
  }

  get dir(): string {
    return this.spec.dir;
  }

  /** The address of a process, running or not. */
  async urlOf(name: string): Promise<string> {
    return `http://127.0.0.1:${await this.ports.of(participant(name).name)}`;
  }

  /** The processes that were started here and not stopped. */
  get processes(): readonly ProcessHandle[] {
    return [...this.handles.values()];
  }

  /** The handle of a started process. @throws Error it was not started */
  process(name: string): ProcessHandle {
    const handle = this.handles.get(name);
    if (handle === undefined) throw new Error(`${name} was not started`);
    return handle;
  }

  /** Starts the named processes together and waits until each says it is ready, reporting who it still waits for. */
  async startProcesses(names: readonly string[], extra: ExtraEnvironment, timeoutMs = 90_000): Promise<void> {
    const waiting = new Set(names);
    const slots = new Slots(Math.max(2, Math.ceil(cpus().length * 1.5)));
    const label = () =>
      `waiting for ${[...waiting].join(', ')}` +
      (this.isObjectStorageOpen || !names.some((name) => participant(name).app === 'records')
        ? ''
        : ' (records for MinIO, which is built from source once; CPDS_S3_ENDPOINT names a server instead)');
    const timer = setInterval(() => this.spec.report(label()), 5_000);
    try {
      await Promise.all(
        names.map(async (name) => {
          await this.startProcess(name, extra, timeoutMs, slots);
          waiting.delete(name);
        }),
      );
    } finally {
      clearInterval(timer);
    }
  }

  /** Starts one process (again) and waits for its `/readyz`. @throws Error with the end of its log */
  async startProcess(
    name: string,
    extra: ExtraEnvironment,
    timeoutMs = 90_000,
    slots = new Slots(1),
  ): Promise<ProcessHandle> {
    const one = participant(name);
    const url = await this.urlOf(name);
    const env = { ...(await this.environmentOf(one)), ...extra(one) };
    // Loading keeps a core busy: seventeen at once on two cores would take so long that each runs into its own time
    // limit.
    const release = await slots.take();
    const child = await startChild({
      name,
      command: process.execPath,
      args: [this.programOf(one.app)],
      env,
      cwd: this.dir,
      logFile: join(this.dir, 'logs', `${name}.log`),
      onStart: (started) => enter(this.dir, started, groups.service),
    });
    const handle = { participant: one, url, child };
    this.handles.set(name, handle);
    void child.exited.then(async ({ code, signal }) => {
      if (this.handles.get(name) !== handle || this.stopping.signal.aborted) return;
      this.spec.report(`${name} ended with ${code ?? signal}: ${await lastLines(child.logFile, 5)}`);
    });
    await waitUntilReady(child, () => answersOk(`${url}/healthz`), timeoutMs).finally(release);
    await waitUntilReady(child, () => answersOk(`${url}/readyz`), timeoutMs);
    return handle;
  }

  /**
   * The joined file of a service, copied into this consortium once: whatever is built beside it changes nothing that runs.
   * Where no `node_modules` is above the folder, the copy also shows that a service needs nothing else.
   */
  private programOf(app: string): string {
    const known = this.programs.get(app);
    if (known !== undefined) return known;
    const folder = join(this.dir, 'programs', app);
    mkdirSync(folder, { recursive: true });
    for (const file of ['service.mjs', 'secp256k1.wasm']) {
      const built = fileURLToPath(new URL(`../../../../apps/${app}/dist/${file}`, import.meta.url));
      if (existsSync(built)) copyFileSync(built, join(folder, file));
    }
    const program = join(folder, 'service.mjs');
    this.programs.set(app, program);
    return program;
  }

  /** kill -9. Starting it again is `startProcess`. */
  async killProcess(name: string): Promise<void> {
    const { child } = this.process(name);
    this.handles.delete(name);
    await child.kill();
  }

  /** Asks one process to stop and waits until it has. */
  async stopProcess(name: string): Promise<void> {
    const { child } = this.process(name);
    this.handles.delete(name);
    await child.stop();
  }

  /** Stops processes, then servers. Data stays for the next start. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the consortium is being stopped'));
    // A MinIO that is just starting has to be there to be stopped; one that is still being built is waited for no longer.
    await Promise.allSettled([this.objectStorage]);
    await withProgress('stopping', this.spec.report, () => stopAll(this.dir));
    this.handles.clear();
  }

  /** Whoever repairs the streams of a server: the seed of its nkey, and the prefix of the inboxes that it may hear. */
  busAdministrator(server: ChainName): { seed: string; inboxPrefix: string } {
    const { seed } = this.secrets.nkey(busUser(server, administrator));
    return { seed, inboxPrefix: inboxPrefixOf(administrator) };
  }

  /** What libs/service reads: the same keys for each process, filled from its place in the consortium. */
  async environmentOf(one: Participant): Promise<Record<string, string>> {
    const { servers, secrets } = this;
    const isRoleNode = one.role === 'storeman' || one.role === 'voucher';
    const isOnHub = isRoleNode || one.party === 'hub';
    const bus = isOnHub ? 'hub' : one.ownChain;
    const database = servers.databases[one.name];
    if (database === undefined) throw new Error(`${one.name} has no database`);
    const bucket = one.app === 'records' ? ((await this.objectStorage)?.[one.party as Hospital] ?? null) : null;
    return {
      NODE_ENV: 'production',
      PATH: process.env['PATH'] ?? '',
      PARTY: one.party,
      PORT: String(await this.ports.of(one.name)),
      KEY_FILE: (await secrets.keyFile(one)).path,
      DATABASE_URL: database,
      NATS_URL: servers.nats[bus],
      NATS_NKEY_FILE: secrets.nkey(one.name).path,
      CHAINS: JSON.stringify(
        Object.fromEntries(one.reads.map((name) => [name, [servers.chains[name], announcing(servers.chains[name])]])),
      ),
      OWN_CHAIN: one.ownChain,
      ...(one.role === null ? {} : { ROLE: one.role }),
      ...(one.app === 'records' ? streamingMemory : {}),
      ...(isOnHub ? {} : { IDENTITY_URL: await this.urlOf(`identity.${one.party}`) }),
      ...(bucket !== null
        ? {
            S3_ENDPOINT: bucket.endpoint,
            S3_ACCESS_KEY: bucket.accessKey,
            S3_SECRET_KEY: bucket.secretKey,
            S3_BUCKET: bucket.bucket,
          }
        : one.app === 'records'
          ? { OBJECT_STORE_DIR: join(this.dir, 'objects', one.party) }
          : {}),
    };
  }
}

/** Where anvil announces its heads: WebSocket at the same port. */
function announcing(rpcUrl: string): string {
  return rpcUrl.replace(/^http:/, 'ws:');
}

/** Stops whatever the pid file in `dir` lists: for `cpds down`, which did not start it. */
export async function stopConsortium(dir: string): Promise<number> {
  const count = runningProcesses(resolve(dir)).length;
  await stopAll(resolve(dir));
  return count;
}

export { removeConsortium, runningProcesses };

/** Lets at most so many run at a time, first come, first served. */
class Slots {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  /** Waits for a slot; the returned function gives it back. */
  async take(): Promise<() => void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    return () => {
      const next = this.queue.shift();
      if (next === undefined) this.free += 1;
      else next();
    };
  }
}

function enter(dir: string, child: Child, group: number): void {
  enterProcess(dir, { ...child.id, name: child.name, group, stopSignals: child.stopSignals, logFile: child.logFile });
}

/** Starts the guard, which outlives this process until it has stopped all that this process started. */
function startGuard(dir: string, removesData: boolean): void {
  const guard = spawn(
    process.execPath,
    // Always the built file, also when a test runs this module from its source.
    [
      fileURLToPath(new URL('../../dist/consortium/guard.js', import.meta.url)),
      dir,
      ...(removesData ? ['remove'] : []),
    ],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
}
