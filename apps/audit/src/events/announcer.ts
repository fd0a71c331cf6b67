import type { Bus } from '@cpds/bus';
import { operatorReceiptSubject, receiptSubject, type Receipted } from '@cpds/messages';
import { Loop } from '@cpds/store';
import type { AuditLog } from '../log/log.service.js';
import type { LogOwner } from './decode.js';

/** Receipts are repeated this often, in milliseconds: an announcement is a datagram and may be lost. */
const REPEAT_MS = 5_000;

/**
 * Tells producers what is durable, and wakes streams. Nothing rests on a single announcement: all receipts are told at
 * start, and again every few seconds: that is a round.
 */
export class Announcer {
  private readonly wakers = new Set<() => void>();
  private readonly loop: Loop;

  constructor(
    private readonly bus: Pick<Bus, 'publish'>,
    private readonly log: Pick<AuditLog, 'receipts'>,
    private readonly owner: LogOwner,
    onError: (error: unknown) => void,
  ) {
    this.loop = new Loop({ round: () => this.repeat(), everyMs: REPEAT_MS, onError });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Only for what is committed. */
  announce(receipts: readonly Receipted[]): void {
    for (const receipt of receipts)
      this.bus.publish(this.owner.kind === 'hub' ? operatorReceiptSubject(receipt.producer) : receiptSubject, receipt);
    for (const wake of [...this.wakers]) wake();
  }

  /** Resolves when the log may have grown, at the latest after `atMostMs`. */
  grown(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, atMostMs);
      this.wakers.add(wake);
    });
  }

  private async repeat(): Promise<void> {
    this.announce(await this.log.receipts());
  }
}
