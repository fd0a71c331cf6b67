import { lockKey } from '@cpds/store';
import pg from 'pg';
import { freePort } from '@cpds/local';
import { type Drawers, drawers, readinessAt, until } from './testing/drawers.js';

/** Two processes of one service that start at once on an empty database. */

let all: Drawers;
let database: pg.Client;

beforeAll(async () => {
  all = await drawers();
  database = new pg.Client({ connectionString: all.databaseUrl });
  await database.connect();
});

afterAll(async () => {
  await database.end();
  await all.close();
});

const count = async (sql: string): Promise<number> => Number((await database.query<{ n: string }>(sql)).rows[0]?.n);
/** Those who wait for the lock under which migrations run. */
const waiting = `SELECT count(*) AS n FROM pg_locks JOIN pg_database ON pg_database.oid = database
  WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`;
const tables = `SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public'`;

describe('two processes on an empty database', () => {
  it('migrate one after the other while they live and are not ready, and both come up', async () => {
    const key = lockKey('cpds/migrations');
    await database.query('SELECT pg_advisory_lock($1)', [key]);
    const ports = [await freePort(), await freePort()];
    const pair = await Promise.all(ports.map((port) => all.start({ METRICS_PORT: String(port) })));
    const watched = ports.map((port) => `http://127.0.0.1:${port}`);
    await until(async () => (await count(waiting)) === 2 || (await count(tables)) > 0);
    expect(await count(tables)).toBe(0);
    for (const url of watched) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect(await readinessAt(url)).toBe('starting');
    }
    await database.query('SELECT pg_advisory_unlock($1)', [key]);
    for (const url of watched) await until(async () => (await readinessAt(url)) === 'ready');
    expect(await count('SELECT count(*) - count(DISTINCT name) AS n FROM migrations')).toBe(0);
    expect(await count('SELECT count(*) AS n FROM migrations')).toBeGreaterThan(3);
    for (const { child, exited } of pair) {
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    }
  });
});
