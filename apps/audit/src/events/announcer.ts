import { Injectable } from '@nestjs/common';
import { Bus } from '@cpds/bus';
import {
  anchoredSubject,
  operatorAnchoredSubject,
  operatorReceiptSubject,
  receiptSubject,
  type Receipted,
} from '@cpds/messages';
import { Loop } from '@cpds/store';
import { AuditLog } from '../log/log.service.js';
import type { LogOwner } from './decode.js';

/** Receipts are repeated this often, in milliseconds: an announcement is a datagram and may be lost. */
const repeatMs = 5_000;

export abstract class AnnouncerOptions {
  abstract readonly owner: LogOwner;
  /** How many leaves final anchors cover on every chain. */
  abstract readonly coveredSize: () => Promise<number>;
  abstract readonly onError: (error: unknown) => void;
}

/**
 * Tells producers how far their events are durable and how far final anchors cover them, and wakes streams. No single
 * announcement matters: all of them are sent at start and again every few seconds, which is a round. They go outside of
 * the stream, where each would be one more message to keep.
 */
@Injectable()
export class Announcer {
  private readonly wakers = new Set<() => void>();
  private readonly loop: Loop;

  constructor(
    private readonly bus: Bus,
    private readonly log: AuditLog,
    private readonly options: AnnouncerOptions,
  ) {
    this.loop = new Loop({ round: () => this.repeat(), everyMs: repeatMs, onError: options.onError });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Announce only committed events. */
  announce(receipts: readonly Receipted[]): void {
    const isHub = this.options.owner.kind === 'hub';
    for (const receipt of receipts)
      this.bus.publish(isHub ? operatorReceiptSubject(receipt.producer) : receiptSubject, receipt);
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
    this.announce(await this.log.receipts.all());
    const isHub = this.options.owner.kind === 'hub';
    for (const anchored of await this.log.receipts.lastWithin(await this.options.coveredSize()))
      this.bus.publish(isHub ? operatorAnchoredSubject(anchored.producer) : anchoredSubject, anchored);
  }
}
