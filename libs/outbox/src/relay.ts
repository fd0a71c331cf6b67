import type { Bus } from '@cpds/bus';
import { eventStream, messageHeaders } from '@cpds/bus';
import { type EventEnvelope, type Hex, maxLeavesAsked } from '@cpds/messages';
import { type ConsumerInfo, JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { type AfterRound, type Leases, Loop, type UnitOfWork } from '@cpds/store';
import type { Agreement } from './agreement.js';
import type { Numbered } from './numbered.js';
import type { Outbox } from './outbox.js';
import type { Receipts } from './receipts.js';

export interface RelayOptions {
  producer: string;
  /** subject of an event; in a hospital its type, for a role node `audit.events.<operator>` */
  subjectOf: (event: EventEnvelope) => string;
  /** core subject on which replicas tell each other that an event was committed */
  appended: string;
  /** durable consumers of this producer's events beside audit: rows stay until all of them passed */
  consumers: string[];
  /** first pause before audit is asked what it misses of the rows without a receipt, milliseconds; doubles; default 15,000 */
  resendAfterMs?: number;
  /** rows stay this long at least, milliseconds, so that an audit log restored from a dump can be filled again; default three days */
  keepMs?: number;
  /** without a wake-up the relay looks this often, milliseconds; default 1,000 */
  pollMs?: number;
  /** false where this process may not read the stream's state (role nodes); rows then go by anchors alone */
  mayInspect: boolean;
  onError: (error: unknown) => void;
}

const batchSize = 200;
/** The longest pause between two looks for rows that audit misses, milliseconds. */
const maxResendMs = 10 * 60_000;
/** Rows are kept as long as a message in the stream. */
const defaultKeepMs = 3 * 86_400_000;
/** Rows too young to go are looked at again after this many milliseconds. */
const clearAgainMs = 60_000;

/** A row as the database gives it. */
interface StoredRow {
  readonly seq: string;
  readonly envelope: unknown;
  readonly request_id: string | null;
}

interface Row {
  readonly seq: number;
  readonly envelope: unknown;
  /** the request that the event was told for, if any */
  readonly requestId: string | null;
}

/** A row that anchors cover, as `clear` looks at it. */
interface CoveredRow {
  readonly seq: string;
  readonly leaf: Buffer;
  readonly stream_seq: string | null;
  readonly is_old: boolean;
}

/**
 * Moves committed events from the outbox to JetStream in seq order and deletes those that nobody needs any more. Readers
 * go by seq where order matters: a repeated event, or one sent while the stream was made anew, may come before earlier
 * ones. A round publishes one batch; an idle one records receipts, asks for what audit misses, and deletes.
 *
 * Crash story: the cursor `published_seq` moves after the stream's acknowledgements; a crash between them publishes a
 * batch again under the same message ids, which the stream drops, or later the inbox of its reader. A row is deleted
 * only when final anchors cover it, the log was asked and holds this very leaf, every declared consumer has passed it,
 * and it is as old as the stream's messages get: so losing the stream loses nothing, nor does an audit database restored
 * from a dump.
 */
export class Relay {
  /** Used only under the lease. */
  private readonly rounds: Loop;
  private readonly holding: Loop;
  private isHolding = false;
  private keptAt = 0;
  /** last sequence of the stream at the previous look: a consumer hears of a message some time after the stream */
  private earlierEnd = 0;
  /** what the database is known to hold, so that an idle relay only reads */
  private knownStream = '';
  private recordedSeq = -1;
  /** the next look for rows that audit misses: when, the pause before it, and the receipt at the last one */
  private resend = { atMs: 0, pauseMs: 0, receiptedSeq: -1 };
  /** the last look for rows to delete: when, and how far anchors reached; -1 if it is to be repeated at once */
  private cleared = { atMs: 0, anchoredSeq: -1 };
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    leases: Leases,
    private readonly bus: Bus,
    private readonly outbox: Outbox,
    private readonly numbered: Numbered,
    private readonly agreement: Agreement,
    private readonly receipts: Receipts,
    private readonly options: RelayOptions,
  ) {
    this.rounds = new Loop({ round: (held) => this.round(held), everyMs: this.pollMs, onError: giveBack });
    this.holding = leases.hold(`outbox/${options.producer}`, (held) => this.hold(held), options.onError);
    outbox.onCommitted(() => this.wake());
    receipts.onNews(() => this.rounds.wake());
  }

  /** Starts relaying as soon as no other process of this producer is relaying. */
  start(): void {
    const subscription = this.bus.subscribe(this.options.appended, () => this.rounds.wake());
    this.stopListening = () => subscription.unsubscribe();
    this.holding.start();
  }

  /** Stops when the batch under way is done. */
  async stop(): Promise<void> {
    this.stopListening();
    await this.holding.stop();
  }

  /** The replica that relays may be another one: a reading there would wait for its next poll. */
  private wake(): void {
    if (this.isHolding) this.rounds.wake();
    else if (!this.isClosing) this.bus.publish(this.options.appended, {});
  }

  /** The event is committed; whoever committed it must not fail because this process is ending. */
  private get isClosing(): boolean {
    return this.bus.connection.isClosed() || this.bus.connection.isDraining();
  }

  private async hold(held: AbortSignal): Promise<void> {
    this.isHolding = true;
    try {
      await this.rounds.run(held);
    } finally {
      this.isHolding = false;
    }
  }

  private async round(held: AbortSignal): Promise<AfterRound> {
    const published = await this.publishBatch(held);
    let hasMore = published === batchSize;
    if (published === 0 || Date.now() - this.keptAt > this.pollMs) {
      hasMore = (await this.noticeNewStream()) || hasMore;
      await this.recordReceipt();
      await this.resendMissing(held);
      hasMore = (await this.clear()) || hasMore;
      this.keptAt = Date.now();
    }
    if (hasMore) return 'again';
  }

  private get pollMs(): number {
    return this.options.pollMs ?? 1_000;
  }

  /** A stream that was made anew holds none of the rows, so all of them are published again; true when it was. */
  private async noticeNewStream(): Promise<boolean> {
    if (!this.options.mayInspect) return false;
    const { created } = await (await this.bus.jsm()).streams.info(eventStream);
    if (created === this.knownStream) return false;
    const changed = (await this.unitOfWork.reader.query(
      `INSERT INTO outbox_relay AS relay (producer, stream_created) VALUES ($1, $2)
       ON CONFLICT (producer) DO UPDATE SET stream_created = excluded.stream_created,
         published_seq = CASE WHEN relay.stream_created IS NULL THEN relay.published_seq ELSE 0 END
       WHERE relay.stream_created IS DISTINCT FROM excluded.stream_created RETURNING producer`,
      [this.options.producer, created],
    )) as unknown[];
    this.knownStream = created;
    this.earlierEnd = 0;
    return changed.length > 0;
  }

  private async publishBatch(held: AbortSignal): Promise<number> {
    // The primary key alone answers this, however many rows wait.
    const rows = (await this.unitOfWork.reader.query(
      `SELECT seq, envelope, request_id FROM outbox
       WHERE producer = $1 AND seq > (SELECT coalesce(max(published_seq), 0) FROM outbox_relay WHERE producer = $1)
       ORDER BY seq LIMIT $2`,
      [this.options.producer, batchSize],
    )) as StoredRow[];
    return this.publish(rows.map(rowOf), held);
  }

  /** Publishes rows in order and marks those that the stream acknowledged; returns how many rows there were. */
  private async publish(rows: readonly Row[], held: AbortSignal): Promise<number> {
    const marks: { seq: number; streamSeq: number }[] = [];
    try {
      for (const { seq, envelope, requestId } of rows) {
        if (held.aborted) break;
        const event = this.outbox.read(envelope);
        // The number is part of the name: an event that got another number is another message.
        const msgID = `${event.id}/${seq}`;
        const headers = messageHeaders({ requestId });
        const ack = await this.bus.js.publish(this.options.subjectOf(event), JSON.stringify(event), { msgID, headers });
        marks.push({ seq, streamSeq: ack.seq });
      }
    } finally {
      await this.mark(marks);
    }
    return rows.length;
  }

  private async mark(marks: readonly { seq: number; streamSeq: number }[]): Promise<void> {
    const last = marks.at(-1);
    if (last === undefined) return;
    await this.unitOfWork.run(async ({ manager }) => {
      await manager.query(
        `UPDATE outbox SET stream_seq = marked.stream_seq FROM unnest($2::bigint[], $3::bigint[]) AS marked (seq, stream_seq)
         WHERE outbox.producer = $1 AND outbox.seq = marked.seq`,
        [this.options.producer, marks.map(({ seq }) => seq), marks.map(({ streamSeq }) => streamSeq)],
      );
      await manager.query(
        `INSERT INTO outbox_relay (producer, published_seq) VALUES ($1, $2)
         ON CONFLICT (producer) DO UPDATE SET published_seq = greatest(outbox_relay.published_seq, excluded.published_seq)`,
        [this.options.producer, last.seq],
      );
    });
  }

  private async recordReceipt(): Promise<void> {
    const { throughSeq } = this.receipts;
    if (throughSeq === this.recordedSeq) return;
    await this.unitOfWork.reader.query(
      'UPDATE outbox_relay SET receipted_seq = $2 WHERE producer = $1 AND receipted_seq < $2',
      [this.options.producer, throughSeq],
    );
    this.recordedSeq = throughSeq;
  }

  /**
   * Sends again what audit says it does not have. The pause before the next look doubles while nothing is receipted, so
   * an audit that is away costs one unanswered question in ten minutes and not one copy in the stream.
   */
  private async resendMissing(held: AbortSignal): Promise<void> {
    const { throughSeq } = this.receipts;
    const firstMs = this.options.resendAfterMs ?? 15_000;
    const now = Date.now();
    if (throughSeq !== this.resend.receiptedSeq) {
      this.resend = { atMs: now + firstMs, pauseMs: firstMs, receiptedSeq: throughSeq };
      return;
    }
    if (now < this.resend.atMs) return;
    const since = this.resend.atMs - this.resend.pauseMs;
    const pauseMs = Math.min(2 * this.resend.pauseMs, maxResendMs);
    this.resend = { atMs: now + pauseMs, pauseMs, receiptedSeq: throughSeq };
    await this.publish(await this.rowsOf(await this.missingAfter(throughSeq, since)), held);
  }

  /** Numbers of published rows without a receipt that audit does not have; of a role node, which may not ask, those it need not have. */
  private async missingAfter(receiptedSeq: number, sinceMs: number): Promise<number[]> {
    const [row] = (await this.unitOfWork.reader.query('SELECT published_seq FROM outbox_relay WHERE producer = $1', [
      this.options.producer,
    ])) as { published_seq: string }[];
    const own = await this.numbered.leaves(receiptedSeq, Number(row?.published_seq ?? 0), batchSize);
    if (own.length === 0) return [];
    if (!this.options.mayInspect) {
      // A log that has spoken since got no further: it may miss any of them. One that never spoke may miss the first.
      if (this.receipts.heardAt > sinceMs) return own.map(({ seq }) => seq);
      return this.receipts.heardAt === 0 ? own.slice(0, 1).map(({ seq }) => seq) : [];
    }
    const leaves = await this.agreement.compare(own);
    return own.filter((_, at) => leaves?.[at] === null).map(({ seq }) => seq);
  }

  private async rowsOf(seqs: readonly number[]): Promise<Row[]> {
    if (seqs.length === 0) return [];
    const rows = (await this.unitOfWork.reader.query(
      'SELECT seq, envelope, request_id FROM outbox WHERE producer = $1 AND seq = ANY($2::bigint[]) ORDER BY seq',
      [this.options.producer, seqs],
    )) as StoredRow[];
    return rows.map(rowOf);
  }

  /** Deletes the oldest rows that nobody needs any more, in order; true when there may be more of them. */
  private async clear(): Promise<boolean> {
    const anchoredSeq = this.receipts.anchoredThrough;
    if (anchoredSeq === this.cleared.anchoredSeq && Date.now() - this.cleared.atMs < clearAgainMs) return false;
    const passed = await this.passedByAll();
    const rows = (await this.unitOfWork.reader.query(
      `SELECT seq, leaf, stream_seq, appended_at <= now() - $3 * interval '1 millisecond' AS is_old
       FROM outbox WHERE producer = $1 AND seq <= $2 ORDER BY seq LIMIT $4`,
      [this.options.producer, anchoredSeq, this.options.keepMs ?? defaultKeepMs, maxLeavesAsked],
    )) as CoveredRow[];
    const needed = rows.findIndex((row) => !row.is_old || row.stream_seq === null || Number(row.stream_seq) > passed);
    const idle = needed === -1 ? rows : rows.slice(0, needed);
    const hasMore = (await this.deleteRows(idle)) && idle.length === maxLeavesAsked;
    // A row that is old enough waits for a reader, which may pass it any moment.
    const isLookedAtSoon = hasMore || rows[needed]?.is_old === true;
    this.cleared = { atMs: Date.now(), anchoredSeq: isLookedAtSoon ? -1 : anchoredSeq };
    return hasMore;
  }

  /** Compares rows with the log, which answers for each of them by its leaf, and deletes them if none differs. */
  private async deleteRows(rows: readonly CoveredRow[]): Promise<boolean> {
    const last = rows.at(-1);
    if (last === undefined || (await this.agreement.isBroken())) return false;
    const own = rows.map(({ seq, leaf }) => ({ seq: Number(seq), leaf: `0x${leaf.toString('hex')}` as Hex }));
    if (this.options.mayInspect) {
      const leaves = await this.agreement.compare(own);
      if (leaves === undefined || !own.every(({ leaf }, at) => leaves[at] === leaf)) return false;
    }
    await this.unitOfWork.run(async ({ manager }) => {
      await manager.query('DELETE FROM outbox WHERE producer = $1 AND seq <= $2', [this.options.producer, last.seq]);
      await manager.query('UPDATE outbox_relay SET cleared_seq = $2, cleared_leaf = $3 WHERE producer = $1', [
        this.options.producer,
        last.seq,
        last.leaf,
      ]);
    });
    return true;
  }

  /** Highest stream sequence that every declared consumer has passed; a consumer that does not exist has passed nothing. */
  private async passedByAll(): Promise<number> {
    if (!this.options.mayInspect || this.options.consumers.length === 0) return Number.MAX_SAFE_INTEGER;
    const jsm = await this.bus.jsm();
    const { state } = await jsm.streams.info(eventStream);
    const end = this.earlierEnd;
    this.earlierEnd = state.last_seq;
    const infos = await Promise.all(this.options.consumers.map((name) => consumerInfo(jsm, name)));
    return Math.min(...infos.map((info) => passedBy(info, end)));
  }
}

/**
 * Highest stream sequence that a consumer has passed. With nothing pending that is `earlierEnd`, all that the stream held
 * at the previous look. The present look would be too late: JetStream acknowledges a message before it counts it as
 * pending. A consumer that does not exist has passed nothing.
 */
function passedBy(consumer: ConsumerInfo | undefined, earlierEnd: number): number {
  if (consumer === undefined) return 0;
  const isIdle = consumer.num_pending === 0 && consumer.num_ack_pending === 0;
  return isIdle ? earlierEnd : consumer.ack_floor.stream_seq;
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

function rowOf({ seq, envelope, request_id }: StoredRow): Row {
  return { seq: Number(seq), envelope, requestId: request_id };
}
