import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { denied } from '@cpds/errors';
import { events, maxOutboxRows, OutboxRows, OutboxRowsQuery, outboxRowsSubject } from '@cpds/messages';
import { Loop } from '@cpds/store';
import { LogReader } from '../log/log.reader.js';
import { AuditLog } from '../log/log.service.js';
import { decodeEvent, type LogOwner } from './decode.js';
import { EventsConsumer } from './events.consumer.js';
import { type Gap, type GapHistory, historyOf, nextStep } from './gap.js';
import { Intake } from './intake.js';

/** Milliseconds between two looks whether something is missing. */
const lookMs = 1_000;
/** Producers of a hospital's log. */
const services = ['identity', 'records', 'bridge'];

export abstract class GapsOptions {
  abstract readonly owner: LogOwner;
  abstract readonly onError: (error: unknown) => void;
  /** Told at each step of what is missing, and that leaves which were signed are among it. */
  abstract readonly onMissing: (gaps: readonly Gap[], signed: number) => void;
}

/**
 * Gets events that the log misses: those before events that wait, and after a restore those that the log had signed. It
 * reads the stream again from its start, then asks their producers; role nodes send theirs again by themselves. A round
 * takes one step.
 */
@Injectable()
export class Gaps {
  private readonly loop: Loop;
  private history: GapHistory | null = null;
  /** size with which the database was restored, until the log has caught up */
  private restoredAt: number | null = null;

  constructor(
    private readonly log: AuditLog,
    private readonly reader: LogReader,
    private readonly intake: Intake,
    private readonly consumer: EventsConsumer,
    private readonly requests: BusRequests,
    private readonly options: GapsOptions,
  ) {
    this.loop = new Loop({ round: () => this.round(), everyMs: lookMs, onError: options.onError });
  }

  async start(): Promise<void> {
    if ((await this.log.behind()) > 0) this.restoredAt = (await this.reader.tree()).size;
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async round(): Promise<void> {
    if (!this.log.standing.maySign) return;
    const signed = await this.log.behind();
    if (signed === 0) await this.tellCaughtUp();
    const gaps = signed > 0 ? await this.ends() : await this.reader.gaps();
    this.history = historyOf(gaps, this.history, Date.now());
    if (this.history === null) return;
    const step = nextStep(this.history, Date.now());
    if (step === 'wait') return;
    this.options.onMissing(gaps, signed);
    if (step === 'read-again') {
      this.history = { ...this.history, readAgainAtMs: Date.now() };
      await this.consumer.readAgain();
    } else {
      this.history = { ...this.history, asks: this.history.asks + 1, askedAtMs: Date.now() };
      for (const gap of gaps) await this.ask(gap).catch(this.options.onError);
    }
  }

  /** Everything after what is in the log, of each producer that can be asked. */
  private async ends(): Promise<Gap[]> {
    const { owner } = this.options;
    if (owner.kind === 'hub') return [{ producer: 'role nodes', fromSeq: 1, toSeq: null }];
    const through = new Map((await this.log.receipts.all()).map((receipt) => [receipt.producer, receipt.throughSeq]));
    return services.map((service) => {
      const producer = `${service}.${owner.party}`;
      return { producer, fromSeq: (through.get(producer) ?? 0) + 1, toSeq: null };
    });
  }

  private async ask({ producer, fromSeq, toSeq }: Gap): Promise<void> {
    const { owner } = this.options;
    const [service, party] = producer.split('.');
    // A role node has no door for this, and sends again what has no receipt.
    if (owner.kind === 'hub' || party !== owner.party || !services.includes(service!)) return;
    for (let from = fromSeq; toSeq === null || from <= toSeq;) {
      const to = Math.min(from + maxOutboxRows - 1, toSeq ?? Number.MAX_SAFE_INTEGER);
      const query = { fromSeq: from, toSeq: to };
      const rows = await this.requests.ask(outboxRowsSubject(service!), OutboxRowsQuery, OutboxRows, query);
      for (const event of rows.events) {
        const decoded = decodeEvent(owner, event.type, JSON.stringify(event));
        if (decoded.kind === 'refused' || event.producer !== producer)
          throw denied('rows-refused', `${producer} answered with an event that is not its own`, { culprit: producer });
      }
      await Promise.all(rows.events.map((event) => this.intake.add(event)));
      const last = rows.events.at(-1)?.seq ?? 0;
      if (last < from) return;
      from = last + 1;
    }
  }

  private async tellCaughtUp(): Promise<void> {
    if (this.restoredAt === null) return;
    const { size } = await this.reader.tree();
    await this.log.raise(events.logCaughtUp, 'log-restored', { from: this.restoredAt, to: size });
    this.restoredAt = null;
  }
}
