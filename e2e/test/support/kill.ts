import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { openDatabase } from './database.js';
import type { Stage } from './stage.js';

/**
 * The moment at which a process is killed, told by a row that it committed itself.
 *
 * `entered`: its transfer row has just reached the state. `leaving`: it has done what the state asks for and is about to commit the next state, which
 * never happens. `stored`: a query over its database that begins to give rows.
 */
export type KillMoment =
  | { readonly kind: 'entered' | 'leaving'; readonly state: string }
  | { readonly kind: 'stored'; readonly what: string; readonly sql: string };

/** Names the process to kill and the moment of the kill. */
export interface KillPoint {
  readonly process: string;
  readonly moment: KillMoment;
  /** Storemen that are stopped all the while, so that this one is needed. */
  readonly without?: readonly string[];
}

/** Describes a kill point in words, for the name of a test. */
export function wordsOf({ process, moment }: KillPoint): string {
  if (moment.kind === 'stored') return `${process} once it has stored ${moment.what}`;
  return moment.kind === 'entered'
    ? `${process} as it reaches ${moment.state}`
    : `${process} about to leave ${moment.state}`;
}

/** A kill that is prepared and waits for its moment. */
export interface ArmedKill {
  /** Resolves when the process was killed in its moment and runs again. */
  readonly done: Promise<void>;
  /** Takes the latch away, whether or not the moment came. */
  disarm(): Promise<void>;
}

/** Any number; every latch of a database waits for this one lock. */
const latchKey = 7_113;

/**
 * Arms a kill before the share begins. Rows of the process that are in the state cannot leave it from here on: a trigger makes the transaction that
 * tries wait for a lock that this session holds. So the process is killed in that state and no other, however fast it is, and what it had not
 * committed is rolled back, as after any crash.
 */
export async function armKill(stage: Stage, point: KillPoint): Promise<ArmedKill> {
  const database = await openDatabase(stage.world, point.process);
  const since = new Date();
  const { moment } = point;
  if (moment.kind !== 'stored') await latch(database, moment.state);
  const earlier = moment.kind === 'stored' ? (await database.query(moment.sql)).rowCount : 0;
  const stopped = new AbortController();

  const hasCome = async (): Promise<boolean> => {
    switch (moment.kind) {
      case 'stored':
        return (await database.query(moment.sql)).rowCount !== earlier;
      case 'entered':
        return (await enteredRows(database, moment.state, since)).length > 0;
      case 'leaving':
        return (await waitingForLatch(database)).length > 0;
    }
  };

  const run = async (): Promise<void> => {
    while (!(await hasCome())) {
      if (stopped.signal.aborted) throw new Error(`the moment to kill ${wordsOf(point)} did not come`);
      await delay(2);
    }
    await stage.world.consortium.killProcess(point.process);
    if (moment.kind !== 'stored') {
      // End the dead process's session: it would go on with its statement once the lock is free.
      for (const pid of await waitingForLatch(database)) await database.query('SELECT pg_terminate_backend($1)', [pid]);
      const rows = await enteredRows(database, moment.state, since);
      if (rows.length === 0) throw new Error(`${point.process} was killed but no row of it is ${moment.state}`);
      await unlatch(database);
    }
    await stage.launched.restart([point.process]);
  };

  const done = run();
  // A failed kill rejects `done`; until somebody awaits that, it must not end the test run.
  const over = Promise.allSettled([done]);
  return {
    done,
    async disarm() {
      stopped.abort();
      await over;
      if (moment.kind !== 'stored') await unlatch(database);
      await database.end();
    },
  };
}

async function enteredRows(database: pg.Client, state: string, since: Date): Promise<unknown[]> {
  return (await database.query('SELECT id FROM transfer WHERE state = $1 AND entered_at >= $2', [state, since])).rows;
}

async function latch(database: pg.Client, state: string): Promise<void> {
  await database.query('SELECT pg_advisory_lock($1)', [latchKey]);
  await database.query(`
    CREATE OR REPLACE FUNCTION wait_for_latch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(${latchKey});
      RETURN NEW;
    END $$`);
  await database.query(`
    CREATE TRIGGER latch BEFORE UPDATE ON transfer FOR EACH ROW
    WHEN (OLD.state = ${literal(state)} AND NEW.state <> OLD.state AND OLD.entered_at >= ${literal(new Date().toISOString())})
    EXECUTE FUNCTION wait_for_latch()`);
}

/** Removes the latch; safe to repeat. Unlocks first: dropping the trigger waits for sessions that wait for the lock. */
async function unlatch(database: pg.Client): Promise<void> {
  await database.query('SELECT pg_advisory_unlock_all()');
  await database.query('DROP TRIGGER IF EXISTS latch ON transfer');
}

/** Backends that wait for the latch. */
async function waitingForLatch(database: pg.Client): Promise<number[]> {
  const { rows } = await database.query<{ pid: number }>(
    `SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE l.locktype = 'advisory' AND l.objid = $1 AND NOT l.granted AND d.datname = current_database()`,
    [latchKey],
  );
  return rows.map(({ pid }) => pid);
}

const literal = (text: string): string => `'${text.replace(/'/g, "''")}'`;
