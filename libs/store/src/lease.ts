import type { DataSource, QueryRunner } from 'typeorm';
import { Loop } from './loop.js';
import { lockKey } from './open-store.js';

/** How often a holder proves its connection alive and a waiter asks again, in milliseconds. */
const defaultBeatMs = 1_000;

/**
 * Leases: at most one holder per name among all processes on this database. A lease is a session advisory lock, so it
 * ends with its holder's connection: a killed process frees it without a timeout.
 */
export class Leases {
  constructor(
    private readonly dataSource: DataSource,
    private readonly beatMs: number = defaultBeatMs,
  ) {}

  /**
   * A loop, not started yet, that holds `name` again and again and runs `work` each time it is held. `work`'s signal aborts
   * when the lease is lost or the loop stopped, and `work` must then return soon. A throwing `work` gives the lease back
   * and is reported to `onError` before the next try.
   */
  hold(name: string, work: (held: AbortSignal) => Promise<void>, onError: (error: unknown) => void): Loop {
    const round = async (stop: AbortSignal): Promise<void> => {
      try {
        await this.tryOnce(name, stop, work);
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    };
    return new Loop({ round, everyMs: this.beatMs, onError });
  }

  /** Runs `work` if `name` is free now; returns false when another process holds it. */
  async tryOnce(name: string, stop: AbortSignal, work: (held: AbortSignal) => Promise<void>): Promise<boolean> {
    const session = this.dataSource.createQueryRunner();
    try {
      const [row] = (await session.query('SELECT pg_try_advisory_lock($1) AS held', [lockKey(name)])) as [
        { held: boolean },
      ];
      if (!row.held) return false;
      await this.whileAlive(session, stop, work);
      return true;
    } finally {
      // A pooled connection must not carry the lock into its next use; a dead one has lost it already.
      if (!session.isReleased) await session.query('SELECT pg_advisory_unlock_all()');
      await session.release();
    }
  }

  private async whileAlive(
    session: QueryRunner,
    stop: AbortSignal,
    work: (held: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const lost = new AbortController();
    let beating: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      beating = beating.then(async () => {
        if (!lost.signal.aborted) await session.query('SELECT 1');
      });
      beating.catch((error: unknown) => lost.abort(error));
    }, this.beatMs);
    try {
      await work(AbortSignal.any([stop, lost.signal]));
      await beating;
    } finally {
      clearInterval(timer);
    }
  }
}
