import { parse, toAppError, unavailable } from '@cpds/errors';
import { type Bus, BusRequests } from '@cpds/bus';
import { ReceiptQuery, Receipted } from '@cpds/messages';
import type { UnitOfWork } from '@cpds/store';

export interface ReceiptOptions {
  producer: string;
  /** where receipts are announced: `audit.receipted.v1` in a hospital, `consortium.<operator>.receipted.v1` for a role node */
  subject: string;
  /** false for a role node, which has no right to call the hub's services */
  mayAsk: boolean;
  onError: (error: unknown) => void;
}

/** While somebody waits, audit is asked every so many milliseconds: an announcement may have been lost. */
const askEveryMs = 500;

interface Waiter {
  seq: number;
  resolve: (receipt: Receipted) => void;
}

/**
 * Knows how much of this producer the audit log has made durable. An unsigned announcement is enough: it comes from the
 * own hospital's audit, and lets this service only delete rows and send the first bytes of a record.
 */
export class Receipts {
  private latest: Receipted;
  private readonly waiters = new Set<Waiter>();
  private readonly listeners = new Set<(receipt: Receipted) => void>();
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly bus: Bus,
    private readonly options: ReceiptOptions,
  ) {
    this.latest = { producer: options.producer, throughSeq: 0, treeSize: 0 };
  }

  /** Reads the last receipt from the database and listens for new ones. */
  async start(): Promise<void> {
    const rows = (await this.unitOfWork.reader.query(
      'SELECT receipted_seq, tree_size FROM outbox_counter WHERE producer = $1',
      [this.options.producer],
    )) as { receipted_seq: string; tree_size: string }[];
    if (rows[0]) {
      const { receipted_seq, tree_size } = rows[0];
      this.latest = { ...this.latest, throughSeq: Number(receipted_seq), treeSize: Number(tree_size) };
    }
    const subscription = this.bus.subscribe(this.options.subject, (message) =>
      this.hear(parse(Receipted, message.body, 'receipt')),
    );
    this.stopListening = () => subscription.unsubscribe();
  }

  stop(): void {
    this.stopListening();
  }

  /** Every event up to this `seq` is receipted. */
  get throughSeq(): number {
    return this.latest.throughSeq;
  }

  /** Size of the log that the receipt came with. */
  get treeSize(): number {
    return this.latest.treeSize;
  }

  /** Called at each new receipt. */
  onReceipt(listener: (receipt: Receipted) => void): void {
    this.listeners.add(listener);
  }

  /**
   * Resolves when the audit log's durable checkpoint covers `seq` (protocol section 9, "Disclosure").
   *
   * @throws AppError `receipt-late` (unavailable, Retry-After 5) after `timeoutMs`
   */
  async wait(seq: number, timeoutMs: number = 5_000): Promise<Receipted> {
    if (this.latest.throughSeq >= seq) return this.latest;
    return new Promise<Receipted>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(deadline);
        clearInterval(asking);
        this.waiters.delete(waiter);
      };
      const waiter: Waiter = {
        seq,
        resolve: (receipt) => {
          done();
          resolve(receipt);
        },
      };
      const deadline = setTimeout(() => {
        done();
        reject(unavailable('receipt-late', 'the audit log has not receipted this yet', { retryAfterSec: 5 }));
      }, timeoutMs);
      const asking = setInterval(() => void this.ask(), askEveryMs);
      this.waiters.add(waiter);
    });
  }

  /** Asks audit for its receipt; does nothing where asking is not allowed. */
  async ask(): Promise<void> {
    if (!this.options.mayAsk) return;
    try {
      const query = { producer: this.options.producer };
      this.hear(await new BusRequests(this.bus).ask('audit.receipt', ReceiptQuery, Receipted, query, 2_000));
    } catch (error) {
      if (toAppError(error).kind !== 'unavailable') this.options.onError(error); // audit is away: the waiter's timeout reports it
    }
  }

  private hear(receipt: Receipted): void {
    if (receipt.producer !== this.options.producer || receipt.throughSeq <= this.latest.throughSeq) return;
    this.latest = receipt;
    for (const waiter of [...this.waiters]) if (waiter.seq <= receipt.throughSeq) waiter.resolve(receipt);
    for (const listener of this.listeners) listener(receipt);
  }
}
