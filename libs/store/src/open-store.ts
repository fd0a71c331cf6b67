import { createHash } from 'node:crypto';
import pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { sayWhenAway, storeUnreachable } from './away.js';
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
  limits?: StoreLimits;
}

/** How long the database may take, milliseconds. */
export interface StoreLimits {
  /** to connect, or until a connection of the pool is free */
  connectMs: number;
  /** a statement; the server ends it */
  statementMs: number;
  /** between two statements of a transaction; the server ends the connection */
  idleInTransactionMs: number;
  /** an answer, from a server that may be gone; longer than `statementMs` */
  answerMs: number;
}

const defaultLimits: StoreLimits = {
  connectMs: 5_000,
  statementMs: 30_000,
  idleInTransactionMs: 30_000,
  answerMs: 35_000,
};

/**
 * A connected database whose schema is current. Migrations run under an advisory lock, so several processes may start at
 * once; a failed migration leaves the schema as it was. Queries fail with `store-unreachable` while it is away, also for
 * want of a free connection or of an answer in time, and with `commit-unsure` if it went away while it committed.
 *
 * @throws AppError `store-unreachable` (unavailable)
 */
export async function openStore(options: StoreOptions): Promise<DataSource> {
  await migrate(options);
  const limits = options.limits ?? defaultLimits;
  return connected(options, {
    poolSize: options.poolSize ?? 10,
    extra: {
      connectionTimeoutMillis: limits.connectMs,
      keepAlive: true,
      statement_timeout: limits.statementMs,
      idle_in_transaction_session_timeout: limits.idleInTransactionMs,
      query_timeout: limits.answerMs,
    },
  });
}

/** Over connections of their own: a migration of a large table may take longer than any statement that serves. */
async function migrate(options: StoreOptions): Promise<void> {
  const { connectMs } = options.limits ?? defaultLimits;
  const dataSource = await connected(options, {
    poolSize: 2,
    extra: { connectionTimeoutMillis: connectMs, keepAlive: true },
  });
  try {
    const guard = dataSource.createQueryRunner();
    try {
      await guard.query('SELECT pg_advisory_lock($1)', [lockKey('cpds/migrations')]);
      await dataSource.runMigrations();
      await guard.query('SELECT pg_advisory_unlock($1)', [lockKey('cpds/migrations')]);
    } finally {
      await guard.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

async function connected(options: StoreOptions, pool: { poolSize: number; extra: object }): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    // Given, since typeorm would look for it by a name that no bundler sees.
    driver: pg,
    url: options.url,
    entities: options.entities ?? [],
    migrations: [...storeMigrations, ...(options.migrations ?? [])],
    migrationsTransactionMode: 'each',
    synchronize: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    ...pool,
  });
  sayWhenAway(dataSource);
  try {
    return await dataSource.initialize();
  } catch (cause) {
    throw storeUnreachable(cause);
  }
}

/** The 64-bit advisory lock key of a name, as the decimal text Postgres takes for a bigint. */
export function lockKey(name: string): string {
  return createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
}
