import type { World } from '@cpds/cli';
import pg from 'pg';

/** A process's own database as its superuser sees it. Close it with `end`. */
export async function openDatabase({ consortium }: World, processName: string): Promise<pg.Client> {
  const own = consortium.servers.databases[processName];
  if (own === undefined) throw new Error(`${processName} has no database`);
  const url = new URL(consortium.servers.postgresAdminUrl);
  url.pathname = new URL(own).pathname;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  return client;
}

/** The rows of one query in the database of one process. */
export async function rowsOf<Row extends object>(
  world: World,
  processName: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = await openDatabase(world, processName);
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** How many rows a table of a process has. */
export async function countOf(world: World, processName: string, table: string): Promise<number> {
  const [row] = await rowsOf<{ count: string }>(
    world,
    processName,
    `SELECT count(*) FROM ${pg.escapeIdentifier(table)}`,
  );
  return Number(row?.count);
}
