import { toAppError } from '@cpds/errors';
import { Loop } from '@cpds/store';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { lookAfter, nextLook, type GrantLog } from './look-times.js';
import { dutiesOf, DutyExecutors, DutyTimes, type DutyResult } from './duties.js';
import { factsQuery, FactsReader, noFacts, sawAllChains, sentNothing, type Facts, type SentFacts } from './facts.js';
import { decide, type TransferEvent } from './transfer.js';
import { holdsGrant, snapshotOf, type TransferReceipt, type TransferRow } from './transfer.row.js';
import { TransfersService } from './transfers.service.js';

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
  /** rows in work at once */
  abstract readonly concurrency: number;
  abstract readonly onError: (error: unknown, row: { id: string; grantId: string | null; duty?: string }) => void;
}

const look = { type: 'facts' } as const;

/** Milliseconds before the next round if the rows that are due could not be read. */
const retryMs = 1_000;

/**
 * Moves rows: gathers facts, asks the table until it has no more to say, then tries the duties of the state reached.
 *
 * `check_at` in the row is the only timer that matters: a killed process finds every row that is due. Wake-ups (a new
 * log on a chain, a datagram, an own step) only make a look happen sooner. Work on one row never overlaps itself. A round
 * begins work on every row that is due or woken, and does not wait for its end.
 */
@Injectable()
export class TransferDriver implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** rows to look at, with the facts of this moment if somebody has read them already */
  private readonly woken = new Map<string, Facts>();
  private readonly inWork = new Map<string, Promise<void>>();
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
      if (!this.moving.has(row.id) && isDue(row.checkAt)) this.wake(row.id, facts);
    });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    await Promise.all(this.inWork.values());
  }

  /** Looks at row `id` now, or once more after the look that is under way. */
  wake(id: string, facts: Facts = noFacts()): void {
    this.woken.set(id, this.woken.has(id) ? noFacts() : facts);
    this.loop.wake();
  }

  /** Looks at the row of a grant that a log concerns, if there is one; later if the row only follows. */
  async wakeGrant(grantId: string, log: GrantLog): Promise<void> {
    const row = await this.transfers.findByGrant(grantId);
    if (!row || row.checkAt === null) return;
    const at = lookAfter(row.role, log, Date.now());
    if (isDue(at)) this.wake(row.id);
    else await this.transfers.lookBy(row, at);
  }

  /** Why a row does not move, in the words of the last duty that could not finish. */
  waitsFor(row: TransferRow): string {
    return this.lastWait.get(row.id) ?? waitOf[row.state];
  }

  private async round(): Promise<void> {
    for (const id of await this.transfers.due(100)) if (!this.woken.has(id)) this.woken.set(id, noFacts());
    for (const id of [...this.woken.keys()]) await this.start(id);
  }

  /** Begins work on a row unless it is in work: then it stays woken and is begun when that ends. */
  private async start(id: string): Promise<void> {
    if (this.inWork.has(id)) return;
    while (this.inWork.size >= this.options.concurrency) await Promise.race(this.inWork.values());
    const known = this.woken.get(id) ?? noFacts();
    this.woken.delete(id);
    const work = this.advance(id, known)
      .catch((error: unknown) => this.options.onError(error, { id, grantId: null }))
      .finally(() => {
        this.inWork.delete(id);
        if (this.woken.has(id)) this.loop.wake();
      });
    this.inWork.set(id, work);
  }

  private async advance(id: string, known: Facts): Promise<void> {
    let row = await this.transfers.findById(id);
    if (!row || row.checkAt === null) return;
    const facts = sawAllChains(row.role, known) ? known : await this.gather(row);
    let pending: number;
    let before: TransferRow['state'];
    do {
      // most looks find nothing new, so the row is locked only to be moved
      while (decide(snapshotOf(row), look, facts) !== null) row = await this.move(id, look, facts);
      this.lastWait.delete(id);
      before = row.state;
      ({ row, pending } = await this.carryOut(row, facts));
      // a duty's result is acted on at once, from the same facts
    } while (row.state !== before);
    await this.rest(row, facts, pending);
  }

  /** Tries the duties of the row's state, until one brings what the table waits for. */
  private async carryOut(row: TransferRow, facts: Facts): Promise<{ row: TransferRow; pending: number }> {
    let pending = 0;
    for (const duty of dutiesOf(snapshotOf(row), facts, this.times.of(row))) {
      const result = await this.attempt(row, facts, duty);
      if (!result.done) pending++;
      if (result.waitsFor) this.lastWait.set(row.id, result.waitsFor);
      await this.transfers.blame(row.id, result.culprits ?? []);
      if (result.event) return { row: await this.move(row.id, result.event, facts, result.patch), pending };
    }
    return { row, pending };
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

  private async attempt(
    row: TransferRow,
    facts: Facts,
    duty: Parameters<DutyExecutors['get']>[0],
  ): Promise<DutyResult> {
    try {
      return await this.duties.get(duty)(row, facts);
    } catch (error) {
      this.options.onError(error, { id: row.id, grantId: row.grantId, duty });
      return { done: false, waitsFor: `${duty}: ${toAppError(error).message}` };
    }
  }

  /** When to look again; never once the row is closed and has no open duties. */
  private async rest(row: TransferRow, facts: Facts, pending: number): Promise<void> {
    const over = row.state === 'closed' && pending === 0;
    if (over) this.lastWait.delete(row.id);
    const sawAll = !holdsGrant(row) || sawAllChains(row.role, facts);
    const next = over ? null : nextLook(snapshotOf(row), sawAll, Date.now(), this.options.recheckMs);
    await this.transfers.lookAgain(row, next);
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
