import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, missing } from '@cpds/errors';
import { participants, removeConsortium, reportToStderr, runningProcesses, stopConsortium } from '@cpds/local';
import { z } from 'zod';
import { launch } from '../consortium/launch.js';

/** A running process as `cpds status` shows it. */
export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  /** Null for servers, which do not answer `/readyz`. */
  readonly url: string | null;
  readonly isReady: boolean | null;
  /** What it says is down, such as `hub-history` once a final block of the hub has vanished. */
  readonly down: readonly string[];
}

/** Starts the consortium and leaves it running. */
export async function up(dir: string): Promise<ProcessStatus[]> {
  if (runningProcesses(resolve(dir)).length > 0)
    throw new AppError('running', 'conflict', 'the consortium runs already');
  await launch({ dir: resolve(dir), report: reportToStderr, until: 'down' });
  return status(dir);
}

/** Stops it; with `reset` its data goes too. Returns how many processes were stopped. */
export async function down(dir: string, reset: boolean): Promise<number> {
  const count = await stopConsortium(dir);
  if (reset) await removeConsortium(dir);
  return count;
}

/** The running processes, and whether each says it is ready. @throws AppError `not-running` */
export async function status(dir: string): Promise<ProcessStatus[]> {
  const running = runningProcesses(resolve(dir));
  if (running.length === 0) throw new AppError('not-running', 'conflict', 'no consortium runs in this folder');
  const ports = JSON.parse(await readText(join(resolve(dir), 'ports.json'))) as Record<string, number>;
  return Promise.all(
    running.map(async ({ name, pid }) => {
      const port = participants.some((one) => one.name === name) ? ports[name] : undefined;
      if (port === undefined) return { name, pid, url: null, isReady: null, down: [] };
      const url = `http://127.0.0.1:${port}`;
      return { name, pid, url, ...(await readinessOf(url)) };
    }),
  );
}

const Readiness = z.object({ checks: z.record(z.string(), z.enum(['up', 'down', 'alarm'])) });

/** What a process says at `/readyz`; not ready, without a reason, if it does not answer within 3 s. */
export async function readinessOf(url: string): Promise<Pick<ProcessStatus, 'isReady' | 'down'>> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) });
    const { checks } = Readiness.parse(await response.json());
    return { isReady: response.ok, down: Object.keys(checks).filter((name) => checks[name] === 'down') };
  } catch {
    return { isReady: false, down: [] };
  }
}

/** A line a process, as people read it. */
export function statusWords(processes: readonly ProcessStatus[]): string {
  return processes
    .map(({ name, pid, url, isReady, down }) => {
      const state = isReady === false ? `NOT READY${down.length > 0 ? `: ${down.join(', ')}` : ''}  ` : '';
      return `${name.padEnd(16)} ${String(pid).padStart(7)}  ${state}${url ?? ''}`.trimEnd();
    })
    .join('\n');
}

/** Prints the log of one process, or of all, one after another; with `follow` also every line that is added later. @throws AppError `unknown-log` */
export async function logs(dir: string, name: string | undefined, follow: boolean): Promise<void> {
  const folder = join(resolve(dir), 'logs');
  const known = (await readdir(folder).catch(() => []))
    .filter((file) => file.endsWith('.log'))
    .map((file) => file.slice(0, -4));
  const names = name === undefined ? known : known.filter((one) => one === name);
  if (names.length === 0)
    throw missing('unknown-log', `there is no such log; there are: ${known.join(', ') || 'none'}`);
  const ends = await Promise.all(names.map((one) => copy(join(folder, `${one}.log`), 0)));
  while (follow) {
    await delay(250);
    for (const [at, one] of names.entries()) ends[at] = await copy(join(folder, `${one}.log`), ends[at] as number);
  }
}

/** Copies a file from the offset `from` to standard output, and returns the offset of its end. */
async function copy(path: string, from: number): Promise<number> {
  const handle = await open(path);
  const { size } = await handle.stat();
  await handle.close();
  if (size <= from) return size;
  for await (const part of createReadStream(path, { start: from, end: size - 1 })) process.stdout.write(part as Buffer);
  return size;
}

async function readText(path: string): Promise<string> {
  const handle = await open(path);
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
