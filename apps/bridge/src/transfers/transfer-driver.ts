import { toAppError } from '@cpds/errors';
import { Loop, type AfterRound } from '@cpds/store';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { nextLook } from './look-times.js';
import { dutiesOf, DutyExecutors, DutyTimes, type Duty, type DutyResult } from './duties.js';
import { factsQuery, FactsReader, noFacts, sawAllChains, sentNothing, type Facts, type SentFacts } from './facts.js';
import { decide, type TransferEvent } from './transfer.js';
import { holdsGrant, snapshotOf, type TransferReceipt, type TransferRow } from './transfer.row.js';
import type { DutyOutcome } from './transfer-figures.js';
import { chainsOf, TransfersService, type DueRow } from './transfers.service.js';

/** Outcomes of the transactions that this process sent for a row. */
export abstract class OwnTransactions {
  abstract sent(row: TransferRow): Promise<SentFacts>;
  /** Hash and gas of those that are final. */
  abstract receipts(
    row: TransferRow,
  ): Promise<{ lock?: TransferReceipt; mint?: TransferReceipt; refund?: TransferReceipt }>;
}

/** For vouchers and storemen, whose rows decide nothing by their own transactions. */
export class NoTransactions extends OwnTransactions {
  async sent(): Promise<SentFacts> {
    return sentNothing;
  }

  async receipts(): Promise<Record<string, never>> {
    return {};
  }
}

export abstract class DriverOptions {
  /** a row in work is looked at again after this long without any wake-up, milliseconds; a resting one more rarely */
  abstract readonly recheckMs: number;
  /** rows in work at once of those that read the same hospitals' chains: a chain that hangs takes no slot of another */
  abstract readonly concurrency: number;
  /** told of every try of a duty, for figures; default nobody */
  abstract readonly onTried?: (duty: Duty, outcome: DutyOutcome) => void;
  abstract readonly onError: (error: unknown, row: { id: string; grantId: string | null; duty?: string }) => void;
}

const look = { type: 'facts' } as const;

/** Milliseconds before the next round if the rows that are due could not be read. */
const retryMs = 1_000;

/** Rows that are due, read at once. */
const perRound = 100;

/** Facts that a row was moved by, and when it was due then, milliseconds. */
interface Fresh {
  readonly checkAt: number | undefined;
  readonly facts: Facts;
}

/** The duties of a look that are not done yet, and those of them that threw. */
interface Tried {
  readonly pending: number;
  readonly failed: number;
}

/** A look that is under way. */
interface Look {
  readonly chains: string;
  readonly work: Promise<void>;
}

/**
 * Moves rows: gathers facts, asks the table until it has no more to say, then tries the duties of the state reached.
 *
 * `check_at` in the row is the only timer that matters: a killed process finds every row that is due. Whatever wants a
 * look (a log on a chain, a datagram, an own step) makes the row due; a wake-up in memory only makes the round come
 * sooner. Work on one row never overlaps itself. A round begins work on every row that is due and has a slot, and does
 * not wait for its end.
 */
@Injectable()
export class TransferDriver implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** facts that rows were moved by just now, so that the next round need not read them again */
  private readonly fresh = new Map<string, Fresh>();
  private readonly inWork = new Map<string, Look>();
  private readonly lastWait = new Map<string, string>();
  /** rows that their own look is moving just now: that look goes on with them without a wake-up */
  private readonly moving = new Set<string>();
  private readonly loop: Loop;

  constructor(
    private readonly transfers: TransfersService,
    private readonly facts: FactsReader,
    private readonly duties: DutyExecutors,
    private readonly own: OwnTransactions,
    private readonly times: DutyTimes,
    private readonly options: DriverOptions,
  ) {
    this.loop = new Loop({
      round: () => this.round(),
      everyMs: options.recheckMs / 2,
      retryMs,
      onError: (error) => options.onError(error, { id: '', grantId: null }),
    });
    transfers.onChange((row, facts) => {
      if (this.moving.has(row.id) || !isDue(row.checkAt)) return;
      this.fresh.set(row.id, { checkAt: row.checkAt?.getTime(), facts });
      this.wake();
    });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    await Promise.all([...this.inWork.values()].map(({ work }) => work));
  }

  /** Looks for rows that are due now. */
  wake(): void {
    this.loop.wake();
  }

  /** Why a row does not move, in the words of the last duty that could not finish. */
  waitsFor(row: TransferRow): string {
    return this.lastWait.get(row.id) ?? waitOf[row.state];
  }

  private async round(): Promise<AfterRound> {
    const fresh = new Map(this.fresh);
    this.fresh.clear();
    const due = await this.transfers.due(perRound, { ids: [...this.inWork.keys()], chains: this.fullChains() });
    for (const row of due)
      if (this.looksAt(chainsOf(row)) < this.options.concurrency) this.start(row, fresh.get(row.id));
    // The first of them was begun for certain, so this ends.
    return due.length === perRound ? 'again' : undefined;
  }

  private looksAt(chains: string): number {
    return [...this.inWork.values()].filter((look) => look.chains === chains).length;
  }

  private fullChains(): string[] {
    const all = new Set([...this.inWork.values()].map((look) => look.chains));
    return [...all].filter((chains) => this.looksAt(chains) >= this.options.concurrency);
  }

  private start(row: DueRow, known: Fresh | undefined): void {
    const { id } = row;
    const chains = chainsOf(row);
    const work = this.advance(id, known)
      .catch((error: unknown) => this.failed(id, error))
      .then((isDueAgain) => {
        const wasFull = this.looksAt(chains) >= this.options.concurrency;
        this.inWork.delete(id);
        if (wasFull || isDueAgain) this.loop.wake();
      });
    this.inWork.set(id, { chains, work });
  }

  /** A look that failed is made again, behind the other rows that are due. */
  private async failed(id: string, error: unknown): Promise<boolean> {
    this.options.onError(error, { id, grantId: null });
    const at = new Date(Date.now() + this.options.recheckMs);
    // If the database is away, the row stays due.
    await this.transfers.postpone(id, at).catch((later: unknown) => this.options.onError(later, { id, grantId: null }));
    return false;
  }

  /** Looks at a row and does what is to be done; says whether it was made due meanwhile. */
  private async advance(id: string, known: Fresh | undefined): Promise<boolean> {
    let row = await this.transfers.findById(id);
    if (!row || row.checkAt === null) return false;
    // Made due again since it was moved: the chains show something that these facts do not.
    const isFresh = known?.checkAt === row.checkAt.getTime() && sawAllChains(row.role, known.facts);
    const facts = isFresh ? known.facts : await this.gather(row);
    let tried: Tried;
    let before: TransferRow['state'];
    do {
      // most looks find nothing new, so the row is locked only to be moved
      while (decide(snapshotOf(row), look, facts) !== null) row = await this.move(id, look, facts);
      this.lastWait.delete(id);
      before = row.state;
      ({ row, ...tried } = await this.carryOut(row, facts));
      // a duty's result is acted on at once, from the same facts
    } while (row.state !== before);
    return this.rest(row, facts, tried);
  }

  /** Tries the duties of the row's state, until one brings what the table waits for. */
  private async carryOut(row: TransferRow, facts: Facts): Promise<{ row: TransferRow } & Tried> {
    let pending = 0;
    let failed = 0;
    for (const duty of dutiesOf(snapshotOf(row), facts, this.times.of(row))) {
      const result = await this.attempt(row, facts, duty);
      if (!result.done) pending++;
      if (result.hasFailed) failed++;
      if (result.waitsFor) this.lastWait.set(row.id, result.waitsFor);
      await this.transfers.blame(row.id, result.culprits ?? []);
      if (result.event) return { row: await this.move(row.id, result.event, facts, result.patch), pending, failed };
    }
    return { row, pending, failed };
  }

  /** Takes one step. If another event comes at the same moment, `check_at` brings the row up again. */
  private async move(
    id: string,
    event: TransferEvent,
    facts: Facts,
    patch?: Partial<TransferRow>,
  ): Promise<TransferRow> {
    this.moving.add(id);
    try {
      return (await this.transfers.raise(id, event, facts, patch)).row;
    } finally {
      this.moving.delete(id);
    }
  }

  private async attempt(row: TransferRow, facts: Facts, duty: Duty): Promise<DutyResult & { hasFailed?: true }> {
    try {
      const result = await this.duties.get(duty)(row, facts);
      this.options.onTried?.(duty, result.done ? 'done' : 'waits');
      return result;
    } catch (error) {
      this.options.onTried?.(duty, 'failed');
      this.options.onError(error, { id: row.id, grantId: row.grantId, duty });
      return { done: false, hasFailed: true, waitsFor: `${duty}: ${toAppError(error).message}` };
    }
  }

  /**
   * Sets when to look again, never once the row is closed and has no open duties. True if it was made due meanwhile, for
   * something that this look did not see.
   */
  private async rest(row: TransferRow, facts: Facts, { pending, failed }: Tried): Promise<boolean> {
    const over = row.state === 'closed' && pending === 0;
    if (over) this.lastWait.delete(row.id);
    const isWhole = failed === 0 && (!holdsGrant(row) || sawAllChains(row.role, facts));
    const steps = this.times.of(row);
    const next = over ? null : nextLook(snapshotOf(row), isWhole, Date.now(), this.options.recheckMs, steps);
    return !(await this.transfers.lookAgain(row, next));
  }

  private async gather(row: TransferRow): Promise<Facts> {
    if (!holdsGrant(row)) return noFacts();
    const chains = await this.facts.gather(factsQuery(row));
    return { ...chains, ...(await this.own.sent(row)) };
  }
}

function isDue(at: Date | null): boolean {
  return at !== null && at.getTime() <= Date.now();
}

/** The reason to wait in each state, unless a duty gives a better one. */
const waitOf: Record<TransferRow['state'], string> = {
  requested: "the patient's answer",
  consented: 'the requesting hospital to accept the grant',
  'lock-sent': 'the lock to be final on the home chain',
  locked: 'vouches to be final on the hub',
  vouched: 'the storemen to sign the mint',
  'mint-sent': 'the mapping to be final on the destination chain',
  mapped: 'the requesting hospital to open it',
  released: 'the record to be fetched and checked',
  opened: 'its end',
  refunding: 'the refund to be final on the home chain',
  closing: 'the closing to be final on the chains',
  closed: 'nothing',
  halted: 'an operator to accept the new history',
};
