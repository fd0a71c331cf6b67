import type { Leases } from './lease.js';
import { type AfterRound, Loop } from './loop.js';
import { isFullBatch, pruneStatement, type Retention } from './retention.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Milliseconds between two rounds. Rows are kept for days, so it need not be short. */
const everyMs = 3_600_000;

/**
 * Deletes rows whose time is over: hourly, by one process of the database at a time. A round goes through all tables in
 * batches; a crash in the middle leaves rows to the next round.
 */
export class Pruning {
  private readonly loop: Loop;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly leases: Leases,
    private readonly retention: readonly Retention[],
    onError: (error: unknown) => void,
  ) {
    this.loop = new Loop({ round: (stop) => this.round(stop), everyMs, onError });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Deletes all that is due now. */
  async prune(stop: AbortSignal): Promise<void> {
    for (const { table, prune } of this.retention)
      if (prune !== undefined) await this.pruneTable(pruneStatement(table, prune), stop);
  }

  private async round(stop: AbortSignal): Promise<AfterRound> {
    await this.leases.tryOnce('store/pruning', stop, (held) => this.prune(held));
  }

  private async pruneTable(statement: string, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const [, deleted] = (await this.unitOfWork.reader.query(statement)) as [unknown, number];
      if (!isFullBatch(deleted)) return;
    }
  }
}
