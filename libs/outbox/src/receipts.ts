import type { Bus, BusRequests } from '@cpds/bus';
import { type AppError, parse, toAppError, unavailable } from '@cpds/errors';
import {
  Anchored,
  type EventEnvelope,
  eventLeafHash,
  ReceiptAnswer,
  ReceiptQuery,
  receiptRequest,
  Receipted,
} from '@cpds/messages';
import type { UnitOfWork } from '@cpds/store';
import type { Agreement } from './agreement.js';
import type { Numbered, OwnLeaf } from './numbered.js';

export interface ReceiptOptions {
  /** where receipts are announced: `audit.receipted` in a hospital, `consortium.<operator>.receipted.v1` for a role node */
  receipts: string;
  /** where final anchors are announced: `audit.anchored`, or `consortium.<operator>.anchored.v1` */
  anchors: string;
  onError: (error: unknown) => void;
}

/** While somebody waits, audit is asked every so many milliseconds: an announcement may have been lost. */
const askEveryMs = 500;

/** Proof that one event is in the durable log: its number, its leaf hash, and the log's size when audit said so. */
export interface Receipt extends OwnLeaf {
  readonly treeSize: number;
}

/** How a wait for a receipt ends: `withheld` when the log was late or tells another history. */
export type WaitOutcome = 'receipted' | 'withheld';

interface Waiter extends OwnLeaf {
  /** a question about it is under way */
  isAsking: boolean;
  resolve: (receipt: Receipt) => void;
  reject: (error: AppError) => void;
}

/**
 * Knows which events of this producer the audit log has made durable, and which of them are anchored. A receipt is for
 * one event: it names the event's leaf hash, and lets go whoever waits for that very leaf. A number alone frees nobody,
 * since a database that was restored gives its numbers a second time.
 *
 * Announcements are unsigned. One that names no leaf of this database changes nothing, but makes `Agreement` ask audit.
 */
export class Receipts {
  private receiptedSeq = 0;
  private anchoredSeq = 0;
  private lastHeardAt = 0;
  private newest: Receipted | null = null;
  private readonly waiters = new Set<Waiter>();
  private readonly listeners = new Set<() => void>();
  private readonly timers = new Set<(seconds: number, outcome: WaitOutcome) => void>();
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly bus: Bus,
    private readonly requests: Pick<BusRequests, 'ask'>,
    private readonly numbered: Numbered,
    private readonly agreement: Agreement,
    private readonly options: ReceiptOptions,
  ) {
    agreement.onDisagreement((error) => {
      for (const waiter of [...this.waiters]) waiter.reject(error);
    });
  }

  /** Reads how far the log was at the last look, listens, and compares with audit if it answers. */
  async start(): Promise<void> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT least(receipted_seq, coalesce(last_seq, 0)) AS seq FROM outbox_relay LEFT JOIN outbox_counter USING (producer)
       WHERE producer = $1`,
      [this.numbered.producer],
    )) as { seq: string }[];
    this.receiptedSeq = Number(rows[0]?.seq ?? 0);
    const subscriptions = [
      this.bus.subscribe(this.options.receipts, ({ body }) => this.hear(parse(Receipted, body, 'receipt'))),
      this.bus.subscribe(this.options.anchors, ({ body }) => this.hearAnchored(parse(Anchored, body, 'anchored'))),
    ];
    this.stopListening = () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
    await this.agreement.check();
  }

  stop(): void {
    this.stopListening();
  }

  /** Every event up to this number was in the log when a receipt named the own leaf of it. For the relay; nobody is let go by it. */
  get throughSeq(): number {
    return this.receiptedSeq;
  }

  /** Final anchors cover the events up to this number, whose leaf is the own one. */
  get anchoredThrough(): number {
    return this.anchoredSeq;
  }

  /** When audit last spoke of this producer, milliseconds since 1970; 0 if not since the start. */
  get heardAt(): number {
    return this.lastHeardAt;
  }

  /** Called when more of this producer is receipted or anchored. */
  onNews(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Called with the time of every wait that ended, for figures. */
  onWaited(listener: (seconds: number, outcome: WaitOutcome) => void): void {
    this.timers.add(listener);
  }

  /**
   * Resolves when the audit log's durable checkpoint covers `event`, by its leaf (protocol section 9, "Disclosure").
   *
   * @throws AppError `receipt-late` (unavailable, Retry-After 5) after `timeoutMs`; `log-disagrees` (unavailable) while
   * the log and this database tell different histories
   */
  async wait(event: EventEnvelope, timeoutMs: number = 5_000): Promise<Receipt> {
    const own: OwnLeaf = { seq: event.seq, leaf: eventLeafHash(event) };
    const begunMs = performance.now();
    const ended = (outcome: WaitOutcome): void => {
      for (const listener of this.timers) listener((performance.now() - begunMs) / 1_000, outcome);
    };
    const receipt = this.await(own, timeoutMs);
    if (this.newest !== null) this.release(this.newest);
    try {
      const [given] = await Promise.all([receipt, this.agreement.require()]);
      ended('receipted');
      return given;
    } catch (error) {
      ended('withheld');
      throw error;
    }
  }

  private await(own: OwnLeaf, timeoutMs: number): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(deadline);
        clearInterval(asking);
        this.waiters.delete(waiter);
      };
      const waiter: Waiter = {
        ...own,
        isAsking: false,
        resolve: (receipt) => {
          done();
          resolve(receipt);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const late = unavailable('receipt-late', 'the audit log has not receipted this yet', { retryAfterSec: 5 });
      const deadline = setTimeout(() => waiter.reject(late), timeoutMs);
      const asking = setInterval(() => void this.askFor(waiter), askEveryMs);
      this.waiters.add(waiter);
    });
  }

  /** Lets go whoever waits for the leaf that `receipt` names; audit is asked for those of earlier events. */
  private release(receipt: Receipted): void {
    for (const waiter of [...this.waiters]) {
      const { seq, leaf } = waiter;
      if (seq === receipt.throughSeq && leaf === receipt.leaf)
        waiter.resolve({ seq, leaf, treeSize: receipt.treeSize });
      else if (seq <= receipt.throughSeq) void this.askFor(waiter);
    }
  }

  private async hear(receipt: Receipted): Promise<void> {
    if (receipt.producer !== this.numbered.producer) return;
    this.lastHeardAt = Date.now();
    this.release(receipt);
    if (receipt.throughSeq <= this.receiptedSeq) return;
    if ((await this.numbered.leafOf(receipt.throughSeq)) !== receipt.leaf) return this.agreement.check();
    this.newest = receipt;
    this.receiptedSeq = receipt.throughSeq;
    for (const listener of this.listeners) listener();
  }

  private async hearAnchored({ producer, throughSeq, leaf }: Anchored): Promise<void> {
    if (producer !== this.numbered.producer || throughSeq <= this.anchoredSeq) return;
    if ((await this.numbered.leafOf(throughSeq)) !== leaf) return;
    this.anchoredSeq = throughSeq;
    for (const listener of this.listeners) listener();
  }

  /** Asks audit which leaf it holds for the event that is waited for. */
  private async askFor(waiter: Waiter): Promise<void> {
    if (waiter.isAsking) return;
    waiter.isAsking = true;
    const { seq, leaf } = waiter;
    try {
      const query: ReceiptQuery = { producer: this.numbered.producer, seq, leaf };
      const answer = await this.requests.ask(receiptRequest, ReceiptQuery, ReceiptAnswer, query, 2_000);
      if (answer.producer !== query.producer || answer.seq !== seq) return;
      const isForked = answer.leaf !== null && answer.leaf !== leaf;
      if (isForked || answer.throughSeq > (await this.numbered.lastSeq()))
        return await this.agreement.note(answer.throughSeq, isForked ? { seq, leaf } : null);
      if (answer.leaf === leaf) waiter.resolve({ seq, leaf, treeSize: answer.treeSize });
    } catch (error) {
      if (toAppError(error).kind !== 'unavailable') this.options.onError(error); // audit is away: the waiter's timeout reports it
    } finally {
      waiter.isAsking = false;
    }
  }
}
