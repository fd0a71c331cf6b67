/** Starts `drawer.ts` as processes, on servers of their own, and says how they are. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, testNats, testPostgres } from '@cpds/local';
import pg from 'pg';

const program = fileURLToPath(new URL('drawer.ts', import.meta.url));
const loader = new URL('../../../../tools/jest/register.mjs', import.meta.url).href;

/** A process that may still be starting. */
export interface Drawer {
  child: ChildProcess;
  /** its code and signal */
  exited: Promise<unknown[]>;
  url: string;
}

/** A database, a bus and the processes on them; `close` kills what still runs. */
export interface Drawers {
  databaseUrl: string;
  natsUrl: string;
  /** Asks the database for one number, named `n`. */
  count(sql: string, parameters?: unknown[]): Promise<number>;
  /** Starts a process with this more in its environment. */
  start(more?: Record<string, string>): Promise<Drawer>;
  close(): Promise<void>;
}

export async function drawers(): Promise<Drawers> {
  const [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
  const folder = mkdtempSync(join(tmpdir(), 'drawers-'));
  writeFileSync(join(folder, 'keys'), JSON.stringify({ kek: '11'.repeat(32) }), { mode: 0o600 });
  const children: ChildProcess[] = [];
  return {
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    count: async (sql, parameters = []) => {
      const database = new pg.Client({ connectionString: postgres.url });
      await database.connect();
      try {
        const { rows } = await database.query<{ n: string }>(sql, parameters);
        return Number(rows[0]?.n);
      } finally {
        await database.end();
      }
    },
    start: async (more = {}) => {
      const port = await freePort();
      const env = {
        PATH: process.env['PATH'],
        PARTY: 'north',
        PORT: String(port),
        LOG_LEVEL: 'warn',
        KEY_FILE: join(folder, 'keys'),
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        ...more,
      };
      const arguments_ = ['--import', loader, program];
      const child = spawn(process.execPath, arguments_, { env, stdio: ['ignore', 'inherit', 'inherit'] });
      children.push(child);
      return { child, exited: once(child, 'exit'), url: `http://127.0.0.1:${port}` };
    },
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
      await Promise.all([postgres.close(), nats.close()]);
    },
  };
}

/** What a process says of itself at `url`, or null if nobody is there. */
export async function readinessAt(url: string): Promise<unknown> {
  try {
    return ((await (await fetch(`${url}/readyz`)).json()) as { status: unknown }).status;
  } catch {
    return null;
  }
}

/** Looks until `fact` is so, for half a minute. */
export async function until(fact: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await fact());) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
