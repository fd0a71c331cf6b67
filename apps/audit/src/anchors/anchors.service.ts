import { Injectable } from '@nestjs/common';
import { to0x } from '@cpds/crypto/bytes';
import type { Hex } from '@cpds/contracts';
import type { Call, Sender, SendOutcome } from '@cpds/chain';
import { unavailable } from '@cpds/errors';
import type { AnchorView } from '@cpds/messages';
import { Loop, pause, type Tx, UnitOfWork } from '@cpds/store';
import { LogReader } from '../log/log.reader.js';
import { AuditLog } from '../log/log.service.js';
import { anchorKey, decideAnchor, sizeOfKey, type LastAnchor } from './anchor.js';

/** One chain that checkpoints go to. */
export interface AnchorTarget {
  /** nickname of the chain */
  readonly chain: string;
  readonly sender: Pick<Sender, 'enqueue'>;
  /** The call of `CheckpointAnchor.anchor`. */
  readonly callOf: (size: number, root: Uint8Array) => Call;
  /** Compares the log with what the chain holds of it now, and lets it stand still where they differ. */
  readonly compare: () => Promise<void>;
}

export abstract class AnchorsOptions {
  /** Nickname of the hub: its anchors are what other hospitals see. */
  abstract readonly hubChain: string;
  /** Nicknames of all chains that must hold the log. */
  abstract readonly chains: readonly string[];
  /** Least time between two anchors of one chain, milliseconds. */
  abstract readonly everyMs: number;
  abstract readonly now?: () => Date;
  abstract readonly onError: (error: unknown) => void;
}

/** Milliseconds between two looks at the rows. The rows' times keep the interval itself, also over restarts. */
const lookMs = 1_000;
/** Milliseconds between two looks for what the journal needs no more. */
const pruneEveryMs = 86_400_000;

/**
 * Puts checkpoints on chains, a row per anchor. A round looks at every chain in service.
 *
 * Crash story: the row and the enqueued call commit together; the sender stores bytes before they leave, and the
 * transaction that stores their end settles the row. So an anchor is sent once, whatever line the process dies at.
 */
@Injectable()
export class Anchors {
  private readonly targets = new Map<string, AnchorTarget>();
  private readonly loop: Loop;
  private turn: Promise<void> = Promise.resolve();
  private prunedAtMs = 0;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: LogReader,
    private readonly log: AuditLog,
    private readonly options: AnchorsOptions,
  ) {
    this.loop = new Loop({ round: () => this.round(), everyMs: lookMs, onError: options.onError });
  }

  /** Takes a chain into service, once its contracts are known. */
  serve(target: AnchorTarget): void {
    this.targets.set(target.chain, target);
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await this.turn;
  }

  /** Anchors wherever a leaf was added since; `isForced` does not wait for the interval. */
  anchorDue(isForced: boolean): Promise<void> {
    // One at a time: two looks at the same rows would enqueue twice.
    this.turn = this.turn.then(async () => {
      for (const target of this.targets.values())
        await this.anchorOn(target, isForced).catch((error: unknown) => this.options.onError(error));
    });
    return this.turn;
  }

  /**
   * Returns once every chain holds, at finality, at least what the log holds now.
   *
   * @throws AppError `anchor-late` (unavailable) after `timeoutMs`; the fault of a log that stands still
   */
  async anchorAll(timeoutMs = 60_000): Promise<AnchorView[]> {
    this.log.standing.assertNotStopped();
    const { size } = await this.reader.tree();
    const until = Date.now() + timeoutMs;
    for (;;) {
      await this.anchorDue(true);
      const views = await this.views();
      const behind = this.options.chains.filter(
        (chain) => !views.some((view) => view.chain === chain && view.state === 'final' && view.size >= size),
      );
      if (behind.length === 0 || size === 0) return views;
      if (Date.now() > until || this.loop.stopping.aborted)
        throw unavailable('anchor-late', `no final anchor of ${size} leaves yet on ${behind.join(', ')}`);
      await pause(lookMs / 4, this.loop.stopping);
    }
  }

  /** For the sender: writes the end of a transaction into its row. */
  async settle(tx: Tx, chain: string, key: string, outcome: SendOutcome): Promise<void> {
    const isFinal = outcome.state === 'final';
    const revert = outcome.state === 'reverted' || outcome.state === 'refused' ? outcome.revert : null;
    await tx.manager.query(
      `UPDATE anchor SET state = $3, transaction_hash = $4, block_number = $5, reason = $6, settled_at = $7
       WHERE chain = $1 AND size = $2 AND state = 'wanted'`,
      [
        chain,
        sizeOfKey(key),
        isFinal ? 'final' : 'failed',
        'hash' in outcome ? outcome.hash : null,
        isFinal ? outcome.blockNumber : null,
        isFinal ? null : (revert?.name ?? outcome.state),
        this.now(),
      ],
    );
    // RootChanges or SizeShrinks: this log forked or was restored from a backup.
    if (revert?.name === 'RootChanges' || revert?.name === 'SizeShrinks') tx.afterCommit(() => this.doubt(chain));
    if (!isFinal)
      this.options.onError(
        unavailable('anchor-failed', `the anchor on ${chain} ended ${revert?.name ?? outcome.state}`),
      );
  }

  /** The first checkpoint final on the hub with more than `leafIndex` leaves, as signed; null until there is one. */
  async firstCovering(leafIndex: number): Promise<string | null> {
    const [row] = (await this.unitOfWork.reader.query(
      `SELECT checkpoint FROM anchor WHERE chain = $1 AND state = 'final' AND size > $2 ORDER BY size LIMIT 1`,
      [this.options.hubChain, leafIndex],
    )) as { checkpoint: string }[];
    return row?.checkpoint ?? null;
  }

  /** The leaves that a final anchor covers on every chain of this log; 0 while a chain has none. */
  async coveredSize(): Promise<number> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT (SELECT max(size) FROM anchor WHERE anchor.chain = wanted.chain AND state = 'final') AS size
       FROM unnest($1::text[]) AS wanted (chain)`,
      [this.options.chains],
    )) as { size: string | null }[];
    return Math.min(...rows.map((row) => Number(row.size ?? 0)));
  }

  /**
   * Looks on each chain for the first entry that no final anchor covers. It counts from the last anchor if that is later:
   * an entry may come long after it was made.
   *
   * @throws AppError `anchor-late` (unavailable) names the chains where it waits for longer than `mostMs`
   */
  async assertNotLate(mostMs: number): Promise<void> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT wanted.chain FROM unnest($1::text[]) AS wanted (chain)
       LEFT JOIN LATERAL (
         SELECT size, settled_at FROM anchor
         WHERE anchor.chain = wanted.chain AND state = 'final' ORDER BY size DESC LIMIT 1) AS last ON true
       JOIN event ON event.leaf_index = coalesce(last.size, 0)
       WHERE greatest(event.at, last.settled_at) < $2 ORDER BY wanted.chain`,
      [this.options.chains, new Date(this.now().getTime() - mostMs)],
    )) as { chain: string }[];
    if (rows.length === 0) return;
    const chains = rows.map(({ chain }) => chain).join(', ');
    throw unavailable('anchor-late', `entries wait for a final anchor for over ${mostMs / 1_000} s on ${chains}`);
  }

  /** The last anchor per chain of this log: the last final one if there is one, else the newest. It looks at an index only. */
  async views(): Promise<AnchorView[]> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT last.* FROM unnest($1::text[]) AS wanted (chain) CROSS JOIN LATERAL (
         SELECT * FROM (
           (SELECT chain, size, root, state, transaction_hash, block_number FROM anchor
            WHERE chain = wanted.chain AND state = 'final' ORDER BY size DESC LIMIT 1)
           UNION ALL
           (SELECT chain, size, root, state, transaction_hash, block_number FROM anchor
            WHERE chain = wanted.chain ORDER BY size DESC LIMIT 1)) AS newest
         ORDER BY (state = 'final') DESC LIMIT 1) AS last ORDER BY wanted.chain`,
      [this.options.chains],
    )) as {
      chain: string;
      size: string;
      root: Buffer;
      state: AnchorView['state'];
      transaction_hash: Hex | null;
      block_number: string | null;
    }[];
    return rows.map((row) => ({
      chain: row.chain,
      size: Number(row.size),
      root: to0x(row.root),
      state: row.state,
      transaction: row.transaction_hash,
      blockNumber: row.block_number === null ? null : Number(row.block_number),
    }));
  }

  private async round(): Promise<void> {
    await this.anchorDue(false);
    const now = this.now();
    if (now.getTime() - this.prunedAtMs < pruneEveryMs) return;
    await this.log.pruneJournal(await this.coveredSize());
    this.prunedAtMs = now.getTime();
  }

  private doubt(chain: string): void {
    this.targets.get(chain)?.compare().catch(this.options.onError);
  }

  private async anchorOn(target: AnchorTarget, isForced: boolean): Promise<void> {
    this.log.standing.assertNotStopped();
    const tree = await this.reader.tree();
    const decision = decideAnchor(tree.size, await this.lastOn(target.chain), {
      nowMs: this.now().getTime(),
      everyMs: this.options.everyMs,
      isForced,
    });
    if (decision.kind !== 'anchor') return;
    await this.unitOfWork.run(async (tx) => {
      await tx.manager.query(
        `INSERT INTO anchor (chain, size, root, checkpoint, state, attempt, wanted_at) VALUES ($1, $2, $3, $4, 'wanted', $5, $6)
         ON CONFLICT (chain, size) DO UPDATE SET state = 'wanted', attempt = excluded.attempt, wanted_at = excluded.wanted_at`,
        [target.chain, tree.size, tree.root, tree.checkpoint, decision.attempt, this.now()],
      );
      await target.sender.enqueue(tx, anchorKey(tree.size, decision.attempt), target.callOf(tree.size, tree.root));
    });
  }

  private async lastOn(chain: string): Promise<LastAnchor | null> {
    const [row] = (await this.unitOfWork.reader.query(
      'SELECT size, state, wanted_at, attempt FROM anchor WHERE chain = $1 ORDER BY size DESC LIMIT 1',
      [chain],
    )) as { size: string; state: LastAnchor['state']; wanted_at: Date; attempt: number }[];
    if (row === undefined) return null;
    return { size: Number(row.size), state: row.state, wantedAtMs: row.wanted_at.getTime(), attempt: row.attempt };
  }

  private now(): Date {
    return this.options.now?.() ?? new Date();
  }
}
