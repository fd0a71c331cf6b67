import type { Bus } from '@cpds/bus';
import { eventStream } from '@cpds/bus';
import { EventEnvelope } from '@cpds/messages';
import { type ConsumerInfo, JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { type AfterRound, type Leases, Loop, type UnitOfWork } from '@cpds/store';
import type { Outbox } from './outbox.js';
import type { Receipts } from './receipts.js';

export interface RelayOptions {
  producer: string;
  /** subject of an event; in a hospital its type, for a role node `audit.events.<operator>` */
  subjectOf: (event: EventEnvelope) => string;
  /** durable consumers of this producer's events beside audit: rows stay until all of them passed */
  consumers: string[];
  /** rows published this long ago without a receipt are published again, milliseconds; default 15,000 */
  resendAfterMs?: number;
  /** without a wake-up the relay looks this often, milliseconds; default 1,000 */
  pollMs?: number;
  /** false where this process may not read the stream's state (role nodes); rows then go by receipt alone */
  mayInspect: boolean;
  onError: (error: unknown) => void;
}

const batchSize = 200;

/**
 * Moves committed events from the outbox to JetStream in seq order and deletes those that every reader has. Readers go
 * by seq where order matters: a repeated event, or one sent while the stream was made anew, may come before earlier
 * ones. A round publishes one batch; an idle one records receipts and deletes.
 *
 * Crash story: a row is marked published after the stream's acknowledgement; a crash between them publishes it again
 * under the same message id, which the stream drops, or later the inbox of its reader. A row is deleted only when the
 * audit log has receipted it and every declared consumer has passed it, so losing the stream loses nothing.
 */
export class Relay {
  /** Used only under the lease. */
  private readonly rounds: Loop;
  private readonly holding: Loop;
  private keptAt = 0;
  /** last sequence of the stream at the previous look: a consumer hears of a message some time after the stream */
  private earlierEnd = 0;
  /** what the database is known to hold, so that an idle relay only reads */
  private knownStream = '';
  private recordedSeq = -1;
  private mayClear = true;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    leases: Leases,
    private readonly bus: Bus,
    outbox: Outbox,
    private readonly receipts: Receipts,
    private readonly options: RelayOptions,
  ) {
    this.rounds = new Loop({ round: (held) => this.round(held), everyMs: this.pollMs, onError: giveBack });
    this.holding = leases.hold(`outbox/${options.producer}`, (held) => this.rounds.run(held), options.onError);
    outbox.onCommitted(() => this.rounds.wake());
    receipts.onReceipt(() => this.rounds.wake());
  }

  /** Starts relaying as soon as no other process of this producer is relaying. */
  start(): void {
    this.holding.start();
  }

  /** Stops when the batch under way is done. */
  stop(): Promise<void> {
    return this.holding.stop();
  }

  private async round(held: AbortSignal): Promise<AfterRound> {
    const published = await this.publishBatch(held);
    if (published === 0 || Date.now() - this.keptAt > this.pollMs) {
      await this.noticeNewStream();
      await this.recordReceipt();
      await this.clear();
      this.keptAt = Date.now();
    }
    if (published === batchSize) return 'again';
  }

  private get pollMs(): number {
    return this.options.pollMs ?? 1_000;
  }

  /** A stream that was made anew holds none of the rows, so all of them are published again. */
  private async noticeNewStream(): Promise<void> {
    if (!this.options.mayInspect) return;
    const { created } = await (await this.bus.jsm()).streams.info(eventStream);
    if (created === this.knownStream) return;
    await this.unitOfWork.run(async ({ manager }) => {
      const changed = (await manager.query(
        `UPDATE outbox_counter SET stream_created = $2 WHERE producer = $1 AND stream_created IS DISTINCT FROM $2
         RETURNING producer`,
        [this.options.producer, created],
      )) as [unknown[], number];
      if (changed[1] === 0) return;
      this.earlierEnd = 0;
      await manager.query('UPDATE outbox SET published_at = NULL, stream_seq = NULL WHERE producer = $1', [
        this.options.producer,
      ]);
    });
    this.knownStream = created;
  }

  private async publishBatch(held: AbortSignal): Promise<number> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT seq, envelope FROM outbox
       WHERE producer = $1 AND (published_at IS NULL OR (seq > $2 AND published_at < now() - $3 * interval '1 millisecond'))
       ORDER BY seq LIMIT $4`,
      [this.options.producer, this.receipts.throughSeq, this.options.resendAfterMs ?? 15_000, batchSize],
    )) as { seq: string; envelope: unknown }[];
    for (const row of rows) {
      if (held.aborted) break;
      const event = EventEnvelope.parse(row.envelope);
      const ack = await this.bus.js.publish(this.options.subjectOf(event), JSON.stringify(event), { msgID: event.id });
      await this.unitOfWork.reader.query(
        'UPDATE outbox SET published_at = now(), stream_seq = $3 WHERE producer = $1 AND seq = $2',
        [this.options.producer, row.seq, ack.seq],
      );
    }
    if (rows.length > 0) this.mayClear = true;
    return rows.length;
  }

  private async recordReceipt(): Promise<void> {
    const { throughSeq, treeSize } = this.receipts;
    if (throughSeq === this.recordedSeq) return;
    await this.unitOfWork.reader.query(
      'UPDATE outbox_counter SET receipted_seq = $2, tree_size = $3 WHERE producer = $1 AND receipted_seq < $2',
      [this.options.producer, throughSeq, treeSize],
    );
    this.recordedSeq = throughSeq;
  }

  private async clear(): Promise<void> {
    if (!this.mayClear) return;
    const passed = await this.passedByAll();
    const [left] = (await this.unitOfWork.reader.query(
      `WITH gone AS (
         DELETE FROM outbox WHERE producer = $1 AND seq <= $2 AND published_at IS NOT NULL AND stream_seq <= $3
         RETURNING seq)
       SELECT (SELECT count(*) FROM outbox WHERE producer = $1) - (SELECT count(*) FROM gone) AS rows`,
      [this.options.producer, this.receipts.throughSeq, passed],
    )) as [{ rows: string }];
    this.mayClear = Number(left.rows) > 0;
  }

  /** Highest stream sequence that every declared consumer has passed; a consumer that does not exist has passed nothing. */
  private async passedByAll(): Promise<number> {
    let passed = Number.MAX_SAFE_INTEGER;
    if (!this.options.mayInspect || this.options.consumers.length === 0) return passed;
    const jsm = await this.bus.jsm();
    const { state } = await jsm.streams.info(eventStream);
    const end = this.earlierEnd;
    this.earlierEnd = state.last_seq;
    for (const name of this.options.consumers) {
      const consumer = await consumerInfo(jsm, name);
      if (consumer === undefined) return 0;
      // Nothing is pending: the consumer has passed all that the stream held at the previous look. The present look
      // would be too late: JetStream acknowledges a message before it counts it as pending.
      const isIdle = consumer.num_pending === 0 && consumer.num_ack_pending === 0;
      passed = Math.min(passed, isIdle ? end : consumer.ack_floor.stream_seq);
    }
    return passed;
  }
}

/** A failed round ends the work under the lease, so that another process may get it. */
function giveBack(error: unknown): never {
  throw error;
}

async function consumerInfo(jsm: JetStreamManager, name: string): Promise<ConsumerInfo | undefined> {
  try {
    return await jsm.consumers.info(eventStream, name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound) return undefined;
    throw error;
  }
}
