import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, processId } from './process-id.js';
import type { ProcessId } from './process-id.js';

/**
 * Runs `work` while no other process on this machine runs under the same lock file. A lock whose holder died is taken over.
 * Not re-entrant.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify(processId(process.pid)));
  try {
    while (!(await take(mine, path))) {
      await removeIfDead(path);
      await delay(100);
    }
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** A hard link appears with its content or not at all, so a reader never sees a lock without its holder. */
async function take(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

async function removeIfDead(path: string): Promise<void> {
  const seen = await read(path);
  if (seen === null || isRunning(JSON.parse(seen) as ProcessId)) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw cause;
  }
  // Between the look and the rename another waiter may have taken over: give a living holder its lock back.
  if ((await read(aside)) !== seen) await take(aside, path);
  await rm(aside, { force: true });
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
