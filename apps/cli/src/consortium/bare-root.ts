import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  bubblewrapBinary,
  Consortium,
  participant,
  type ExtraEnvironment,
  type Participant,
  type Report,
} from '@cpds/local';
import { ConsortiumContracts } from './contracts.js';
import { environmentOf } from './environment.js';

/** A service that runs in a root of its own. */
export interface BareService {
  /** From its start until `/readyz` said yes, milliseconds. */
  readonly readyMs: number;
  readonly url: string;
  /** Kills it. */
  stop(): Promise<void>;
}

const layOut = fileURLToPath(new URL('../../../../infra/images/lay-out.mjs', import.meta.url));

/** Uids that no machine gives out and that containers are run under: OpenShift draws one for a namespace from such a range. */
const uids = [1_000_000_000, 2_000_000_000] as const;

/**
 * The servers and contracts of hospital `north` and the hub, and beside them any of its services as their images have
 * them: in a root file system that holds the image's files and nothing else, read-only, under a uid drawn at random.
 * `dir` is removed at the end.
 *
 * bubblewrap makes the root, for root and for others; where neither may, it says so and the start fails.
 */
export class BareRoots {
  private readonly roots = new Map<string, string>();
  /** Stays: what a process wrote, it must be able to read after its next start. */
  private readonly uid = randomInt(...uids);

  private constructor(
    private readonly consortium: Consortium,
    private readonly extra: ExtraEnvironment,
    private readonly bubblewrap: string,
  ) {}

  static async open(dir: string, report: Report): Promise<BareRoots> {
    const bubblewrap = await bubblewrapBinary(report);
    const consortium = await Consortium.start({ dir, report, until: 'launcher-and-data' });
    try {
      const contracts = new ConsortiumContracts(consortium, report);
      const hub = await contracts.hub();
      await contracts.hospital('north', hub.chainRegistry);
      return new BareRoots(consortium, await environmentOf(consortium, hub), bubblewrap);
    } catch (cause) {
      await consortium.stop();
      throw cause;
    }
  }

  /** The folder that is the root of an app's image, laid out at the first call. */
  rootOf(app: Participant['app']): string {
    const known = this.roots.get(app);
    if (known !== undefined) return known;
    const root = join(this.consortium.dir, 'roots', app);
    mkdirSync(root, { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, [layOut, app, root], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the image of ${app} cannot be laid out: ${stderr}`);
    this.roots.set(app, root);
    return root;
  }

  /** Starts a process of the consortium and waits until it is ready. @throws Error with the end of its output */
  async start(name: string, timeoutMs = 60_000): Promise<BareService> {
    const one = participant(name);
    const url = await this.consortium.urlOf(name);
    const { uid } = this;
    const given = await this.environmentOf(one);
    const begun = Date.now();
    const child = spawn(
      this.bubblewrap,
      [...this.arguments(one), '/usr/local/bin/node', '/app/service.mjs'],
      // Only root may become another user; for others the namespace shows that uid.
      { env: given, stdio: ['ignore', 'pipe', 'pipe'], ...(isRoot ? { uid, gid: uid } : {}) },
    );
    let said = '';
    const hear = (part: Buffer) => (said = (said + part.toString()).slice(-4_000));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (cause) => resolve(cause.message));
      child.once('close', (code, signal) => resolve(`ended with ${code ?? signal}`));
    });
    const stop = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    const over = AbortSignal.timeout(timeoutMs);
    const gaveUp = new AbortController();
    const ready = untilReady(url, AbortSignal.any([over, gaveUp.signal]));
    const outcome = await Promise.race([ended, ready]);
    if (typeof outcome === 'number') return { readyMs: outcome - begun, url, stop };
    gaveUp.abort();
    await Promise.all([stop(), ready]);
    throw new Error(`${name} in its bare root: ${outcome}\n${said}`);
  }

  /** Stops the servers and removes the folder. */
  async close(): Promise<void> {
    await this.consortium.stop();
    rmSync(this.consortium.dir, { recursive: true, force: true });
  }

  /** The namespaces of a container: its own users, processes and files; the network is this machine's, where the servers are. */
  private arguments(one: Participant): string[] {
    const mounts = this.mountsOf(one);
    return [
      ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--new-session'],
      ...['--uid', String(this.uid), '--gid', String(this.uid)],
      ...['--ro-bind', this.rootOf(one.app), '/', '--proc', '/proc', '--dev', '/dev'],
      ...['--tmpfs', '/run', '--ro-bind', mounts.secrets, '/run/secrets', '--bind', mounts.state, '/run/state'],
      ...['--remount-ro', '/run', '--chdir', '/'],
    ];
  }

  /** The environment that the process has outside, with paths as they are inside. */
  private async environmentOf(one: Participant): Promise<Record<string, string>> {
    const outside = { ...(await this.consortium.environmentOf(one)), ...this.extra(one) };
    const { secrets, state } = this.mountsOf(one);
    for (const dir of [secrets, state]) mkdirSync(dir, { recursive: true });
    const inside: Record<string, string> = { ...outside, PATH: '/usr/local/bin', TMPDIR: '/tmp' };
    for (const key of ['KEY_FILE', 'NATS_NKEY_FILE']) {
      const path = join(secrets, key);
      rmSync(path, { force: true });
      copyFileSync(outside[key] as string, path);
      chmodSync(path, 0o400);
      own(path, this.uid);
      inside[key] = `/run/secrets/${key}`;
    }
    own(state, this.uid);
    if (one.app === 'audit') inside['JOURNAL_DIR'] = '/run/state/journal';
    return inside;
  }

  private mountsOf({ name }: Participant): { secrets: string; state: string } {
    const mounts = join(this.consortium.dir, 'mounts', name);
    return { secrets: join(mounts, 'secrets'), state: join(mounts, 'state') };
  }
}

const isRoot = process.getuid?.() === 0;

function own(path: string, uid: number): void {
  if (isRoot && existsSync(path)) chownSync(path, uid, uid);
}

/** The time at which `/readyz` said yes, or a text when `over` came first. */
async function untilReady(url: string, over: AbortSignal): Promise<number | string> {
  let last = 'it answered nothing';
  while (!over.aborted) {
    const signal = AbortSignal.any([over, AbortSignal.timeout(2_500)]);
    const answer = await fetch(`${url}/readyz`, { signal }).catch(() => null);
    if (answer?.ok) return Date.now();
    if (answer !== null) last = await answer.text();
    await delay(50);
  }
  return `it was not ready in time: ${last}`;
}
