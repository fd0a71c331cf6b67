import type { BusRequests } from '@cpds/bus';
import { AppError, toAppError, unavailable } from '@cpds/errors';
import {
  type Actor,
  eventLeafHash,
  LeavesAnswer,
  LeavesQuery,
  leavesRequest,
  maxLeavesAsked,
  type OutboxAgreement,
} from '@cpds/messages';
import type { Tx, UnitOfWork } from '@cpds/store';
import type { Numbered, OwnLeaf } from './numbered.js';
import { bytesOf } from './stored-envelope.js';
import type { Outbox } from './outbox.js';

/** Audit answers within this many milliseconds, or counts as away. */
const answerWithinMs = 2_000;

export interface AgreementOptions {
  /** type of the event that tells of an agreement: `outboxAgreed` of the service */
  agreed: string;
  onError: (error: unknown) => void;
}

/**
 * Knows whether this database and the audit log tell the same history of one producer. They do not when the log holds
 * events that the database never numbered, or another event under a number of its own: the database was restored from
 * an earlier dump, or lost its last commits. Only answers to questions count, never an announcement.
 *
 * A disagreement is a row, so that it outlasts restarts and all replicas see it. It ends by `agree`, which an operator calls.
 */
export class Agreement {
  private readonly listeners = new Set<(error: AppError) => void>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly requests: Pick<BusRequests, 'ask'>,
    private readonly outbox: Outbox,
    private readonly numbered: Numbered,
    private readonly options: AgreementOptions,
  ) {}

  /** Called when a disagreement is found. */
  onDisagreement(listener: (error: AppError) => void): void {
    this.listeners.add(listener);
  }

  /**
   * Returns while nothing is known to be wrong: whatever discloses calls it first.
   *
   * @throws AppError `log-disagrees` (unavailable) until an operator has brought both into agreement
   */
  async require(): Promise<void> {
    const disagreement = await this.standing();
    if (disagreement !== null) throw disagreement;
  }

  /** True until an operator has ended a disagreement that was found. */
  async isBroken(): Promise<boolean> {
    return (await this.standing()) !== null;
  }

  /** Asks audit for the producer's newest event and compares; an audit that is away leaves the question open. */
  async check(): Promise<void> {
    const lastSeq = await this.numbered.lastSeq();
    const own = lastSeq === 0 ? null : await this.numbered.leafOf(lastSeq);
    await this.compare(own === null ? [] : [{ seq: lastSeq, leaf: own }]);
  }

  /**
   * Asks audit which leaves it holds for `own`, and notes a disagreement. Returns them in the order of `own`, null for one
   * that audit does not have; undefined when audit is away.
   */
  async compare(own: readonly OwnLeaf[]): Promise<LeavesAnswer['leaves'] | undefined> {
    try {
      const { throughSeq, leaves } = await this.leavesOf(own.map(({ seq }) => seq));
      const forked = own.find(({ leaf }, at) => isOther(leaves[at], leaf)) ?? null;
      // Read after the answer: what was appended and logged meanwhile is no disagreement.
      if (forked !== null || throughSeq > (await this.numbered.lastSeq())) await this.note(throughSeq, forked);
      return leaves;
    } catch (error) {
      if (toAppError(error).kind !== 'unavailable') this.options.onError(error);
      return undefined;
    }
  }

  /**
   * Notes that the log, which holds `logSeq` events of this producer, tells another history: one that this database never
   * numbered, or another event in place of `own`. Looks again under the lock that `agree` takes, since `own` may have got
   * another number while audit answered.
   */
  async note(logSeq: number, own: OwnLeaf | null): Promise<void> {
    const lastSeq = await this.unitOfWork.run(async (tx) => {
      const last = await this.lockCounter(tx);
      if (logSeq <= last && (own === null || !(await this.holds(tx, own)))) return null;
      const noted = (await tx.manager.query(
        `INSERT INTO outbox_relay (producer, disagreed_seq) VALUES ($1, $2)
         ON CONFLICT (producer) DO UPDATE SET disagreed_seq = excluded.disagreed_seq
           WHERE outbox_relay.disagreed_seq IS NULL OR outbox_relay.disagreed_seq < excluded.disagreed_seq
         RETURNING producer`,
        [this.numbered.producer, logSeq],
      )) as unknown[];
      return noted.length === 0 ? null : last; // it stands already, and was told of
    });
    if (lastSeq === null) return;
    const error = disagrees(this.numbered.producer, logSeq, lastSeq);
    this.options.onError(error);
    for (const listener of [...this.listeners]) listener(error);
  }

  /**
   * Ends a disagreement, for an operator who knows why there is one: numbers go on after the log's last, events that
   * the log does not have under their numbers get new ones, and an event says so and by whom. Nothing in the log is changed.
   * Crash story: all of it is one transaction, and a repeated call finds nothing left to do.
   *
   * @throws AppError `no-answer` (unavailable) when audit is away
   */
  async agree(actor: Actor): Promise<OutboxAgreement> {
    const { throughSeq: logSeq } = await this.leavesOf([]);
    const forked = await this.forkedUpTo(logSeq);
    return this.unitOfWork.run(async (tx) => {
      const lastSeq = await this.lockCounter(tx);
      const wasBroken = await this.clearNote(tx);
      const late = await this.appendedSince(tx, forked.comparedTo, logSeq);
      const rows = [...forked.seqs, ...late];
      const changed = wasBroken || rows.length > 0 || logSeq > lastSeq;
      const what = { lastSeq, logSeq, renumbered: rows.length };
      if (changed) {
        await this.continueAfter(tx, Math.max(lastSeq, logSeq), { ...actor, ...what });
        for (const seq of rows) await this.renumber(tx, seq);
      }
      return { producer: this.numbered.producer, ...what, changed };
    });
  }

  /**
   * The same for a process that takes no token: its operator looked at the log and says to a start at which number the log
   * stands. Nothing is changed where it stands at another by now.
   *
   * @throws AppError `no-answer` (unavailable) when audit is away; `log-disagrees` where the number is another
   */
  async agreeAt(logSeq: number, actor: Actor): Promise<OutboxAgreement | null> {
    const { throughSeq } = await this.leavesOf([]);
    if (throughSeq === logSeq) return this.agree(actor);
    await this.require();
    return null;
  }

  private async standing(): Promise<AppError | null> {
    const [row] = (await this.unitOfWork.reader.query(
      'SELECT disagreed_seq FROM outbox_relay WHERE producer = $1 AND disagreed_seq IS NOT NULL',
      [this.numbered.producer],
    )) as { disagreed_seq: string }[];
    if (row === undefined) return null;
    return disagrees(this.numbered.producer, Number(row.disagreed_seq), await this.numbered.lastSeq());
  }

  private leavesOf(seqs: number[]): Promise<LeavesAnswer> {
    const query = { producer: this.numbered.producer, seqs };
    return this.requests.ask(leavesRequest, LeavesQuery, LeavesAnswer, query, answerWithinMs);
  }

  /** Numbers up to `logSeq` whose own event the log does not have, and how far rows were compared. */
  private async forkedUpTo(logSeq: number): Promise<{ seqs: number[]; comparedTo: number }> {
    const seqs: number[] = [];
    let comparedTo = 0;
    for (;;) {
      const own = await this.numbered.leaves(comparedTo, logSeq, maxLeavesAsked);
      const last = own.at(-1);
      if (last === undefined) return { seqs, comparedTo };
      const { leaves } = await this.leavesOf(own.map(({ seq }) => seq));
      for (const [at, { seq, leaf }] of own.entries()) if (leaves[at] !== leaf) seqs.push(seq);
      comparedTo = last.seq;
    }
  }

  private async holds(tx: Tx, { seq, leaf }: OwnLeaf): Promise<boolean> {
    const rows = (await tx.manager.query('SELECT FROM outbox WHERE producer = $1 AND seq = $2 AND leaf = $3', [
      this.numbered.producer,
      seq,
      bytesOf(leaf),
    ])) as unknown[];
    return rows.length > 0;
  }

  private async lockCounter(tx: Tx): Promise<number> {
    const [row] = (await tx.manager.query(
      `INSERT INTO outbox_counter (producer) VALUES ($1)
       ON CONFLICT (producer) DO UPDATE SET last_seq = outbox_counter.last_seq RETURNING last_seq`,
      [this.numbered.producer],
    )) as [{ last_seq: string }];
    return Number(row.last_seq);
  }

  private async clearNote(tx: Tx): Promise<boolean> {
    const [, count] = (await tx.manager.query(
      'UPDATE outbox_relay SET disagreed_seq = NULL WHERE producer = $1 AND disagreed_seq IS NOT NULL',
      [this.numbered.producer],
    )) as [unknown, number];
    return count > 0;
  }

  /** What was appended after the comparison, under numbers that the log had given away before. */
  private async appendedSince(tx: Tx, comparedTo: number, logSeq: number): Promise<number[]> {
    const rows = (await tx.manager.query(
      'SELECT seq FROM outbox WHERE producer = $1 AND seq > $2 AND seq <= $3 ORDER BY seq',
      [this.numbered.producer, comparedTo, logSeq],
    )) as { seq: string }[];
    return rows.map((row) => Number(row.seq));
  }

  private async continueAfter(tx: Tx, lastSeq: number, details: Record<string, unknown>): Promise<void> {
    const { producer } = this.numbered;
    await tx.manager.query('UPDATE outbox_counter SET last_seq = $2 WHERE producer = $1', [producer, lastSeq]);
    await this.outbox.append(tx, this.options.agreed, { correlation: `outbox-${producer}`, details });
  }

  /** The same event under the next number: its id stays, so a reader that had it takes it once. */
  private async renumber(tx: Tx, seq: number): Promise<void> {
    const { producer } = this.numbered;
    const [row] = (await tx.manager.query('SELECT envelope FROM outbox WHERE producer = $1 AND seq = $2', [
      producer,
      seq,
    ])) as [{ envelope: unknown }];
    const [[counter]] = (await tx.manager.query(
      'UPDATE outbox_counter SET last_seq = last_seq + 1 WHERE producer = $1 RETURNING last_seq',
      [producer],
    )) as [[{ last_seq: string }]];
    const envelope = { ...this.outbox.read(row.envelope), seq: Number(counter.last_seq) };
    await tx.manager.query(
      'UPDATE outbox SET seq = $3, envelope = $4, leaf = $5, stream_seq = NULL WHERE producer = $1 AND seq = $2',
      [producer, seq, envelope.seq, this.outbox.write(envelope), bytesOf(eventLeafHash(envelope))],
    );
  }
}

/** True when the log holds an event under this number, and it is not the own one. */
function isOther(logged: string | null | undefined, own: string): boolean {
  return logged !== null && logged !== undefined && logged !== own;
}

function disagrees(producer: string, logSeq: number, lastSeq: number): AppError {
  return unavailable(
    'log-disagrees',
    `the audit log holds ${logSeq} events of ${producer}, its database numbered ${lastSeq} and tells another history`,
  );
}
