import { unavailable } from '@cpds/errors';
import {
  type DataSource,
  type EntityManager,
  QueryFailedError,
  QueryRunnerProviderAlreadyReleasedError,
} from 'typeorm';
import { storeUnreachable } from './away.js';

/** One database transaction, as use-cases see it. */
export interface Tx {
  readonly manager: EntityManager;
  /** Runs `hook` once this transaction has committed, never if it did not. For wake-ups only: a crash after the commit loses it. */
  afterCommit(hook: () => void): void;
}

/** How often a transaction is tried that Postgres aborts for a conflict with another. */
const maxAttempts = 8;

/**
 * The only place that begins, retries and commits. `work` may run more than once, so it holds no remote call and changes
 * nothing but the database.
 */
export class UnitOfWork {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in a READ COMMITTED transaction; serialization failures (40001) and deadlocks (40P01) start it again.
   * What `work` throws rolls back and is thrown on.
   */
  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const hooks: (() => void)[] = [];
      try {
        const value = await this.dataSource.transaction((manager) =>
          work({ manager, afterCommit: (hook) => hooks.push(hook) }),
        );
        for (const hook of hooks) hook();
        return value;
      } catch (error) {
        if (isConnectionLost(error)) throw storeUnreachable(error);
        if (!isRetryable(error)) throw error;
        if (attempt >= maxAttempts)
          throw unavailable('store-busy', 'too many transactions change the same rows', {
            cause: error,
            retryAfterSec: 1,
          });
        await new Promise((resolve) => setTimeout(resolve, 2 ** attempt + Math.random() * 10));
      }
    }
  }

  /** Reads outside any transaction. */
  get reader(): EntityManager {
    return this.dataSource.manager;
  }
}

/** TypeORM takes a broken connection from a transaction that is under way, and says no more than that it is gone. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof QueryRunnerProviderAlreadyReleasedError;
}

function isRetryable(error: unknown): boolean {
  return hasSqlState(error, '40001') || hasSqlState(error, '40P01');
}

/** True for a failed statement with this SQLSTATE, e.g. `23505` for a broken unique constraint. */
export function hasSqlState(error: unknown, sqlState: string): boolean {
  return error instanceof QueryFailedError && (error.driverError as { code?: unknown }).code === sqlState;
}
