import { type AppError, unavailable } from '@cpds/errors';
import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';

/**
 * SQLSTATEs, or their beginnings, of a database that cannot serve now, whatever it is asked (Postgres manual, appendix A):
 * connection lost, refused or not allowed, resources used up, shut down, statement or transaction over its time, a replica.
 */
const awayStates = ['08', '28', '3D', '53', '58', '57P', '57014', '55P03', '25P0', '25006'];

/** How `pg` and its pool begin to say the same; they give no code. */
const awayWords = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error',
  'Client was closed',
  'Cannot use a pool after calling end',
];

/** What a statement ends with that the server left without an answer. */
const silence = 'Query read timeout';

/**
 * Makes every query of `dataSource` fail with `store-unreachable` where the database is away, and with `commit-unsure`
 * where it went away while it committed. All access goes through query runners: entity managers, builders, transactions.
 */
export function sayWhenAway(dataSource: DataSource): void {
  const create = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (mode) => watched(create(mode));
}

function watched(runner: QueryRunner): QueryRunner {
  const query = runner.query.bind(runner) as (sql: string, ...rest: unknown[]) => Promise<unknown>;
  const release = runner.release.bind(runner);
  let isGivenBack = false;
  runner.release = () => {
    isGivenBack = true;
    return release();
  };
  runner.query = async (sql: string, ...rest: unknown[]): Promise<never> => {
    // TypeORM gives a connection back by itself when it breaks, and would then speak of a runner used too late.
    if (runner.isReleased && !isGivenBack) throw storeUnreachable();
    try {
      return (await query(sql, ...rest)) as never;
    } catch (cause) {
      if (!isAway(cause)) throw cause;
      // Whoever gets this connection next would wait for the same answer.
      if (isSilent(cause)) await ((await runner.connect()) as { end(): Promise<void> }).end();
      throw sql === 'COMMIT' ? commitUnsure(cause) : storeUnreachable(cause);
    }
  };
  return runner;
}

function isAway(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error)) return false;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (syscall !== undefined || isSilent(cause)) return true;
  if (code !== undefined) return awayStates.some((state) => code.startsWith(state));
  return awayWords.some((words) => cause.message.startsWith(words));
}

function isSilent(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return cause instanceof Error && cause.message === silence;
}

/** The database is away; nothing was changed. */
export const storeUnreachable = (cause?: unknown): AppError =>
  unavailable('store-unreachable', 'the database does not answer', { cause, retryAfterSec: 1 });

/** 504 and not 503: a client repeats 503, and what was done may stand. */
const commitUnsure = (cause: unknown): AppError =>
  unavailable('commit-unsure', 'the database went away while it committed: the change may stand', {
    cause,
    status: 504,
  });
