import { createHash } from 'node:crypto';
import { unavailable } from '@cpds/errors';
import { DataSource, type MigrationInterface } from 'typeorm';
import { storeMigrations } from './migrations.js';

/** Where a service keeps its rows, and the code that owns their shape. */
export interface StoreOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  /** Row classes. */
  entities?: (new () => object)[];
  /** Migration classes; names end in a 13-digit timestamp. Those of the store itself are added. */
  migrations?: (new () => MigrationInterface)[];
  /** Connections at most; leases hold one each. Default 10. */
  poolSize?: number;
}

/**
 * A connected database whose schema is current. Migrations run under an advisory lock, so several processes may start at
 * once; a failed migration leaves the schema as it was.
 *
 * @throws AppError `store-unreachable` (unavailable)
 */
export async function openStore(options: StoreOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    entities: options.entities ?? [],
    migrations: [...storeMigrations, ...(options.migrations ?? [])],
    migrationsTransactionMode: 'each',
    synchronize: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    poolSize: options.poolSize ?? 10,
    extra: { connectionTimeoutMillis: 10_000, keepAlive: true },
  });
  try {
    await dataSource.initialize();
  } catch (cause) {
    throw unavailable('store-unreachable', 'the database does not answer', { cause });
  }
  try {
    await migrate(dataSource);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

async function migrate(dataSource: DataSource): Promise<void> {
  const guard = dataSource.createQueryRunner();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [lockKey('cpds/migrations')]);
    await dataSource.runMigrations();
    await guard.query('SELECT pg_advisory_unlock($1)', [lockKey('cpds/migrations')]);
  } finally {
    await guard.release();
  }
}

/** The 64-bit advisory lock key of a name, as the decimal text Postgres takes for a bigint. */
export function lockKey(name: string): string {
  return createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
}
