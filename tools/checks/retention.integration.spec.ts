import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testPostgres } from '@cpds/local';
import { openStore, pruneStatement, Pruning, Leases, type Retention, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { retentionOf, retentionPage, tablesOf } from '../docs/retention.js';
import { root } from '../docs/sources.js';
import { retentionMadeAnew } from '../docs/tables.js';

/** Every table of a migrated database has one line that says how long its rows are kept, and what says so is true. */

const never = new AbortController().signal;

async function tablesIn(store: DataSource): Promise<string[]> {
  const rows = (await store.query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  )) as { name: string }[];
  return rows.map(({ name }) => name).filter((name) => name !== 'migrations');
}

/** Tables without a line, and lines without a table or beside another of the same table. */
function unmatched(tables: readonly string[], lines: readonly Retention[]): string[] {
  const named = lines.map(({ table }) => table);
  return [
    ...tables.filter((table) => !named.includes(table)),
    ...named.filter((table, i) => !tables.includes(table) || named.indexOf(table) !== i),
  ];
}

describe.each(Object.keys(tablesOf))('the rows of %s', (service) => {
  let database: Awaited<ReturnType<typeof testPostgres>>;
  let store: DataSource;

  beforeAll(async () => {
    database = await testPostgres();
    store = await openStore({ url: database.url, ...tablesOf[service]! });
  });
  afterAll(async () => {
    await store.destroy();
    await database.close();
  });

  it('have a line for each table', async () => {
    expect(unmatched(await tablesIn(store), retentionOf(service))).toEqual([]);
  });

  it('would be missed without one', async () => {
    const tables = await tablesIn(store);
    expect(unmatched([...tables, 'new_table'], retentionOf(service))).toEqual(['new_table']);
    expect(unmatched(tables, retentionOf(service).slice(1))).toEqual([retentionOf(service)[0]!.table]);
  });

  const pruned = retentionOf(service).flatMap(({ table, prune }) => (prune === undefined ? [] : [{ table, prune }]));

  it.each(pruned)('of $table say as many days as they are kept', ({ table, prune }) => {
    const { kept } = retentionOf(service).find((line) => line.table === table)!;
    expect(kept).toMatch(new RegExp(`^${prune.days} days?\\b`));
  });

  it.each(pruned)('of $table are deleted by a statement that the database takes', async ({ table, prune }) => {
    await expect(store.query(pruneStatement(table, prune))).resolves.toEqual([[], 0]);
  });
});

describe('rows whose time is over', () => {
  it('go, in more than one batch; those whose time is not, and those that something else holds, stay', async () => {
    const database = await testPostgres();
    const store = await openStore({ url: database.url });
    const lines: Retention[] = [
      { table: 'note', kept: '', prune: { age: 'written', days: 3, only: 'NOT old.is_open' } },
      { table: 'stone', kept: 'for ever' },
    ];
    await store.query('CREATE TABLE note (n int, written timestamptz, is_open boolean)');
    await store.query('CREATE TABLE stone (n int)');
    await store.query('INSERT INTO stone VALUES (1)');
    await store.query(`INSERT INTO note SELECT i, now() - interval '4 days', false FROM generate_series(1, 2500) AS i`);
    await store.query(`INSERT INTO note VALUES (-1, now() - interval '2 days', false), (-2, now() - interval '9 days', true),
                       (-3, NULL, false)`);
    const pruning = new Pruning(new UnitOfWork(store), new Leases(store), lines, (error) => {
      throw error;
    });
    await pruning.prune(never);
    const left = (await store.query('SELECT n FROM note ORDER BY n DESC')) as { n: number }[];
    expect(left.map(({ n }) => n)).toEqual([-1, -2, -3]);
    expect(await store.query('SELECT n FROM stone')).toHaveLength(1);
    await store.destroy();
    await database.close();
  });
});

describe(retentionPage, () => {
  it('is fresh', async () => {
    const text = readFileSync(join(root, retentionPage), 'utf8');
    expect(text).toBe(await retentionMadeAnew(text));
  });
});
