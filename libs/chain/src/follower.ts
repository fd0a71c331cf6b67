/**
 * Follows the logs of one chain at two levels: at a glance, as soon as any node shows them, and final, exactly once.
 *
 * Crash story: the cursor moves in the same transaction in which `onFinal` writes. A crash before the commit delivers the
 * same logs again; after it, never. Glances live in memory and are shown again after a restart.
 */

import { AppError } from '@cpds/errors';
import type { Tx, UnitOfWork } from '@cpds/store';
import { logId, type BlockRef, type ChainLog, type LogFilter } from './block.js';
import { ChainCursorRow } from './follower.row.js';
import type { ChainSnapshot } from './head-watch.js';
import type { ChainReader } from './reader.js';

export interface FinalBatch {
  readonly logs: readonly ChainLog[];
  /** The last block the batch covers. */
  readonly through: BlockRef;
}

export interface GlanceBatch {
  /** New logs in blocks that are not final yet. */
  readonly appeared: readonly ChainLog[];
  /** Logs that were shown earlier and whose block left the chain. */
  readonly vanished: readonly ChainLog[];
}

export interface DeepReorg {
  readonly chainUid: string;
  readonly follower: string;
  /** The final block that vanished. */
  readonly number: number;
  readonly expectedHash: string;
  readonly foundHash: string;
}

export interface FollowerOptions {
  readonly reader: ChainReader;
  readonly unitOfWork: UnitOfWork;
  /** Names the cursor; another filter needs another name, or its earlier logs are never delivered. */
  readonly name: string;
  readonly filter: LogFilter;
  /** First block of interest. Default 0. */
  readonly fromBlock?: number;
  /** Writes in the transaction that moves the cursor; no remote call. Called for batches with logs only. */
  readonly onFinal: (tx: Tx, batch: FinalBatch) => Promise<void>;
  /** Which logs to show before they are final, often fewer than `filter`: every look costs one more request to the node. */
  readonly glance?: { readonly filter: LogFilter; readonly onLogs: (batch: GlanceBatch) => Promise<void> | void };
  /** Writes in the transaction that halts this follower. */
  readonly onDeepReorg?: (tx: Tx, reorg: DeepReorg) => Promise<void>;
  /** Blocks delivered in one transaction at most. Default 2000. */
  readonly batchBlocks?: number;
}

interface Cursor {
  number: number;
  hash: string;
  halted: boolean;
}

/** Blocks between two writes of the cursor while no logs come: losing one costs a wider eth_getLogs, not a delivery. */
const quietBlocks = 64;

export class ChainFollower {
  private cursor: Cursor | undefined;
  /** Block number that the row holds: it lags behind `cursor` by blocks without logs. */
  private stored = -1;
  private glanced = new Map<string, ChainLog>();
  private unwatch: (() => void) | undefined;
  private busy: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: FollowerOptions) {}

  /** Starts delivering; logs that are final already are delivered before this resolves. */
  async start(): Promise<void> {
    this.stopped = false;
    await this.advance(await this.options.reader.snapshot());
    if (this.stopped) return; // stopped while the backlog was delivered: a watch that begins now would never end
    this.unwatch = this.options.reader.watch((snapshot) => this.advance(snapshot));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.unwatch?.();
    this.unwatch = undefined;
    await this.busy?.catch(() => undefined);
  }

  get isHalted(): boolean {
    return this.cursor?.halted ?? false;
  }

  /** The operator accepts the chain as it is now: everything is delivered again from `fromBlock`. */
  async acceptNewHistory(): Promise<void> {
    await this.options.unitOfWork.run(async (tx) => {
      await tx.manager.update(ChainCursorRow, this.key, {
        blockNumber: this.firstBlock - 1,
        blockHash: '',
        halted: false,
      });
    });
    this.cursor = undefined;
    this.glanced.clear();
  }

  /** Takes one step, never two at once: a snapshot that arrives meanwhile waits for the next. */
  private async advance(snapshot: ChainSnapshot): Promise<void> {
    while (this.busy) await this.busy.catch(() => undefined);
    this.busy = this.step(snapshot).finally(() => (this.busy = undefined));
    return this.busy;
  }

  private async step(snapshot: ChainSnapshot): Promise<void> {
    let cursor = (this.cursor ??= await this.load());
    // Its operator may have accepted the new history at another process of this name.
    if (cursor.halted) cursor = this.cursor = await this.load();
    if (cursor.halted) return;
    if (!(await this.standsOn(cursor, snapshot))) return;
    await this.deliverFinal(cursor, snapshot.final);
    await this.showGlance(snapshot.final.number + 1);
  }

  private async deliverFinal(cursor: Cursor, final: BlockRef): Promise<void> {
    const { reader, filter, batchBlocks = 2000 } = this.options;
    while (cursor.number < final.number) {
      const from = cursor.number + 1;
      const to = Math.min(final.number, cursor.number + batchBlocks);
      const [logs, through] = await Promise.all([
        reader.logs(filter, from, to),
        to === final.number ? final : reader.blockAt(to),
      ]);
      if (through === null) throw new ChainBehind(reader.name, to);
      if (logs.length > 0 || to - this.stored >= quietBlocks) await this.commit(cursor, logs, through);
      cursor.number = to;
      cursor.hash = through.hash;
      for (const log of logs) this.glanced.delete(logId(log));
    }
  }

  private async commit(cursor: Cursor, logs: ChainLog[], through: BlockRef): Promise<void> {
    await this.options.unitOfWork
      .run(async (tx) => {
        const row = await tx.manager.findOne(ChainCursorRow, { where: this.key, lock: { mode: 'pessimistic_write' } });
        // Another process with the same name moved the cursor: it has delivered these logs, ours would be a second
        // delivery.
        if (row === null || row.halted || row.blockNumber !== this.stored) throw new CursorMoved(this.options.name);
        if (logs.length > 0) await this.options.onFinal(tx, { logs, through });
        await tx.manager.update(ChainCursorRow, this.key, { blockNumber: through.number, blockHash: through.hash });
      })
      .catch((error: unknown) => {
        if (error instanceof CursorMoved) this.cursor = undefined;
        throw error;
      });
    this.stored = through.number;
  }

  private async showGlance(from: number): Promise<void> {
    const { glance, reader } = this.options;
    if (!glance) return;
    const logs = await reader.glanceLogs(glance.filter, from);
    const present = new Map(logs.map((log) => [logId(log), log]));
    const appeared = logs.filter((log) => !this.glanced.has(logId(log)));
    const vanished = [...this.glanced].filter(([id]) => !present.has(id)).map(([, log]) => log);
    if (appeared.length + vanished.length > 0) await glance.onLogs({ appeared, vanished });
    this.glanced = present;
  }

  /** True when the last delivered block is still there; halts when another stands in its place. */
  private async standsOn(cursor: Cursor, snapshot: ChainSnapshot): Promise<boolean> {
    if (cursor.hash === '') return true;
    const { reader } = this.options;
    const found = cursor.number === snapshot.final.number ? snapshot.final : await reader.blockAt(cursor.number);
    // A node that restarted or lags shows fewer blocks; whether the old ones vanished is not known yet.
    if (found === null) throw new ChainBehind(reader.name, cursor.number);
    if (found.hash === cursor.hash) return true;
    await this.halt({
      chainUid: reader.chainUid,
      follower: this.options.name,
      number: cursor.number,
      expectedHash: cursor.hash,
      foundHash: found.hash,
    });
    return false;
  }

  private async halt(reorg: DeepReorg): Promise<void> {
    await this.options.unitOfWork.run(async (tx) => {
      const { affected } = await tx.manager.update(ChainCursorRow, { ...this.key, halted: false }, { halted: true });
      // Another process of this name saw it first, and told of it.
      if (affected === 1) await this.options.onDeepReorg?.(tx, reorg);
    });
    this.cursor!.halted = true;
  }

  private async load(): Promise<Cursor> {
    const row = await this.options.unitOfWork.run(async (tx) => {
      const fresh = { ...this.key, blockNumber: this.firstBlock - 1, blockHash: '', halted: false };
      await tx.manager.createQueryBuilder().insert().into(ChainCursorRow).values(fresh).orIgnore().execute();
      return tx.manager.findOneByOrFail(ChainCursorRow, this.key);
    });
    this.stored = row.blockNumber;
    return { number: row.blockNumber, hash: row.blockHash, halted: row.halted };
  }

  private get key(): { chainUid: string; name: string } {
    return { chainUid: this.options.reader.chainUid, name: this.options.name };
  }

  private get firstBlock(): number {
    return this.options.fromBlock ?? 0;
  }
}

/** The node shows fewer blocks than were delivered: it lags or has lost some. */
export class ChainBehind extends AppError {
  constructor(chain: string, number: number) {
    super('chain-behind', 'unavailable', `chain ${chain} does not show block ${number} any more, or not yet`);
  }
}

/** Another process delivers under the same cursor name. */
export class CursorMoved extends AppError {
  constructor(name: string) {
    super('chain-cursor-moved', 'conflict', `the cursor ${name} was moved by another process`);
  }
}
