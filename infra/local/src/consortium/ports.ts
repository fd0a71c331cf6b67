import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isFree } from '../machine/port.js';

/**
 * The port of each server and process: free ones on first use, the same ones on every later start, since the addresses of
 * processes and chains are registered on the hub and pinned in wallets.
 */
export class Ports {
  private readonly file: string;
  private readonly ports: Record<string, number>;

  constructor(dir: string) {
    this.file = join(dir, 'ports.json');
    this.ports = existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, number>) : {};
  }

  /** The port of a server that is about to start and whose address is noted nowhere: another port if the kept one is taken meanwhile. */
  async free(name: string): Promise<number> {
    const kept = this.ports[name];
    if (kept !== undefined && !(await isFree(kept))) delete this.ports[name];
    return this.of(name);
  }

  /** The port of that name. */
  async of(name: string): Promise<number> {
    const kept = this.ports[name];
    if (kept !== undefined) return kept;
    let port = await freePort();
    while (Object.values(this.ports).includes(port)) port = await freePort();
    this.ports[name] = port;
    writeFileSync(`${this.file}.new`, JSON.stringify(this.ports, null, 2));
    renameSync(`${this.file}.new`, this.file);
    return port;
  }
}
