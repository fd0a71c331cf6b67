import { Injectable } from '@nestjs/common';
import { outsideRequests } from '@cpds/bus';
import { toAppError } from '@cpds/errors';
import type { EventEnvelope } from '@cpds/messages';
import { type Acceptance, AuditLog } from '../log/log.service.js';

/** Events that one transaction takes at most. */
const maxBatch = 512;

export abstract class IntakeOptions {
  /** Told of every transaction, after its commit. */
  abstract readonly onDurable: (acceptance: Acceptance) => void | Promise<void>;
}

interface Waiting {
  readonly event: EventEnvelope;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the events that arrive while a transaction is under way into the next one: no timer, so one event alone is
 * durable after one commit, and many share it. That keeps the protocol's 50 ms for whoever waits (section 9).
 */
@Injectable()
export class Intake {
  private readonly queue: Waiting[] = [];
  private draining: Promise<void> | null = null;

  constructor(
    private readonly log: AuditLog,
    /** Called after each commit. */
    private readonly options: IntakeOptions,
  ) {}

  /** Resolves when `event` is durable: in the log, or kept until its predecessor is there, or recorded as a conflict. */
  add(event: EventEnvelope): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ event, resolve, reject });
      // A transaction holds events of many requests.
      this.draining ??= outsideRequests(() => this.drain()).finally(() => (this.draining = null));
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.draining !== null) await this.draining;
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) await this.take(this.queue.splice(0, maxBatch));
  }

  private async take(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.options.onDurable(await this.log.append(batch.map((waiting) => waiting.event)));
      for (const waiting of batch) waiting.resolve();
    } catch (error) {
      // One event that the database refuses must not hold back its neighbours.
      if (batch.length > 1 && toAppError(error).kind !== 'unavailable')
        for (const waiting of batch) await this.take([waiting]);
      else for (const waiting of batch) waiting.reject(error);
    }
  }
}
