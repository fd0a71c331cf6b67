import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reachableDataDir, serverUser } from '../binaries/postgres.js';
import { runningProcesses } from './running.js';

/** Removes a stopped consortium's data, also the part that lies outside its folder. @throws Error a process of it still runs */
export async function removeConsortium(dir: string): Promise<void> {
  const running = runningProcesses(resolve(dir));
  if (running.length > 0) throw new Error(`still running: ${running.map(({ name }) => name).join(', ')}`);
  rmSync(await reachableDataDir(join(resolve(dir), 'postgres', 'postgres'), serverUser()), {
    recursive: true,
    force: true,
  });
  rmSync(resolve(dir), { recursive: true, force: true });
}
