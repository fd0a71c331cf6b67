import { Injectable } from '@nestjs/common';
import { toAppError, unavailable } from '@cpds/errors';
import { type Tx, UnitOfWork } from '@cpds/store';
import { ObjectStore } from './object-store.js';

export abstract class PendingObjectsOptions {
  /** Told of an object that could not be removed at once. */
  abstract readonly onError: (error: unknown) => void;
}

/**
 * Keeps an intent for each object whose row is not written yet. The intent commits before the first byte, and is
 * deleted in the transaction that names the object; so objects that a crash leaves behind are found here and removed.
 */
@Injectable()
export class PendingObjects {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly store: ObjectStore,
    private readonly options: PendingObjectsOptions,
  ) {}

  /**
   * Runs `work`, which writes `key` and must `keep` it in its own transaction. When it throws, the object is removed at
   * once, or at the next sweep if that fails too.
   */
  async guard<T>(key: string, work: () => Promise<T>): Promise<T> {
    await this.unitOfWork.reader.query('INSERT INTO pending_object (key) VALUES ($1)', [key]);
    try {
      return await work();
    } catch (error) {
      await this.undo(key, toAppError(error).code === sweptCode);
      throw error;
    }
  }

  /**
   * Keeps the object: the row that names `key` commits with `tx`.
   *
   * @throws AppError `object-swept` (unavailable) when writing it took longer than a sweep waits
   */
  async keep(tx: Tx, key: string): Promise<void> {
    const kept = (await tx.manager.query(
      'DELETE FROM pending_object WHERE key = $1 AND swept_at IS NULL RETURNING key',
      [key],
    )) as [unknown[]];
    if (kept[0].length === 0) throw unavailable(sweptCode, 'writing the object took too long', { retryAfterSec: 1 });
  }

  /** Gives up an object that was kept: removes it after `tx` commits, or at the next sweep if that fails. */
  async release(tx: Tx, key: string): Promise<void> {
    await tx.manager.query(`INSERT INTO pending_object (key, begun_at) VALUES ($1, 'epoch')`, [key]);
    tx.afterCommit(() => void this.undo(key, false));
  }

  /**
   * Removes objects begun longer than `olderThanMs` ago and never kept. Returns how many.
   *
   * An intent is marked before its object goes, and a marked one is kept no more: so whichever commits first, sweep or
   * `keep`, no row names an object that a sweep takes. The intent stays for as long again, since a slow writer may finish
   * after the first removal and then die.
   */
  async sweep(olderThanMs: number): Promise<number> {
    let removed = 0;
    for (let last = ''; ;) {
      const due = (await this.unitOfWork.reader.query(
        `SELECT key, begun_at < now() - 2 * $1 * interval '1 millisecond' AS "isLast" FROM pending_object
         WHERE begun_at < now() - $1 * interval '1 millisecond' AND key > $2
           AND (swept_at IS NULL OR begun_at < now() - 2 * $1 * interval '1 millisecond')
         ORDER BY key LIMIT 100`,
        [olderThanMs, last],
      )) as { key: string; isLast: boolean }[];
      if (due.length === 0) return removed;
      for (const { key, isLast } of due) if (await this.sweepOne(key, isLast)) removed++;
      last = due.at(-1)!.key;
    }
  }

  /** One that cannot be removed is reported, and holds up no other. */
  private async sweepOne(key: string, isLast: boolean): Promise<boolean> {
    try {
      // An intent that a commit is just taking away is locked: it is not waited for, for it will be gone.
      const [marked] = (await this.unitOfWork.reader.query(
        `UPDATE pending_object SET swept_at = now()
         WHERE key = (SELECT key FROM pending_object WHERE key = $1 FOR UPDATE SKIP LOCKED) RETURNING key`,
        [key],
      )) as [unknown[]];
      if (marked.length === 0) return false;
      if (isLast) await this.remove(key);
      else await this.store.delete(key);
      return true;
    } catch (error) {
      this.options.onError(error);
      return false;
    }
  }

  private async undo(key: string, wasSwept: boolean): Promise<void> {
    try {
      // A commit whose answer was lost may have kept the object: if its intent is gone a row names it, and it stays.
      const [pending] = (await this.unitOfWork.reader.query('SELECT key FROM pending_object WHERE key = $1', [
        key,
      ])) as unknown[];
      if (pending !== undefined || wasSwept) await this.remove(key);
    } catch (error) {
      this.options.onError(error);
    }
  }

  /** Object first, intent second: a crash between them sweeps again. */
  private async remove(key: string): Promise<void> {
    await this.store.delete(key);
    await this.unitOfWork.reader.query('DELETE FROM pending_object WHERE key = $1', [key]);
  }
}

const sweptCode = 'object-swept';
