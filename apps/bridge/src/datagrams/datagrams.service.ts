import { randomUUID } from 'node:crypto';
import { Bus, requestNow } from '@cpds/bus';
import { AppError, parse, toAppError, unavailable } from '@cpds/errors';
import { Datagram, DatagramKind, datagramSubject } from '@cpds/messages';
import { Changes, untold } from '@cpds/outbox';
import { Loop, UnitOfWork, type AfterRound, type Tx } from '@cpds/store';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Consortium, messageKeyOf } from '../chains/consortium-view.js';
import { checkDatagram, digestOf, refusalBody, refusalOf, MessageKey, signDatagram } from './datagram.js';
import { AnsweredDatagramRow, OutgoingDatagramRow } from './datagram.row.js';
import { isRound, type DatagramDoors, type DatagramHandler, type OutgoingDatagram } from './datagrams.js';

/** Least and longest wait before a repeat, milliseconds; it doubles from one to the other. */
const firstRepeatMs = 1_000;
const lastRepeatMs = 30_000;
/** Rows looked at per round. */
const perRound = 100;
/** How often a round is made without any wake-up, milliseconds: as fine as the repeats are. */
const roundMs = firstRepeatMs;
/** Datagrams in work at once; further ones are dropped, so that strangers cannot fill the memory. */
const maxInWork = 256;

interface Waiter {
  to: string;
  settle: (answer: Datagram) => void;
}

export abstract class DatagramsOptions {
  /** Told of a datagram that was neither sent nor taken, with what is known of it. */
  abstract readonly onError: (error: unknown, context: { kind?: string; from?: string; to?: string }) => void;
}

/**
 * Datagrams over plain NATS: at most once on the wire, made at least once by rows and repeats. A round sends what is due.
 *
 * Crash story: a datagram to be sent is a row with its signed bytes in the caller's transaction. An answer is handed to
 * its handler before the row says `answered`: after a crash in between, the recipient answers again. An answer that
 * this node gives is a row before it leaves, so a repeat gets the same one; a handler that ran before a crash runs
 * again, and is idempotent.
 */
@Injectable()
export class DatagramsService implements BeforeApplicationShutdown {
  private doors: Partial<DatagramDoors> = {};
  private readonly waiters = new Map<string, Waiter>();
  private readonly inWork = new Set<Promise<void>>();
  /** ids being answered: a repeat that overtakes the work on the first is not worked on beside it */
  private readonly answering = new Set<string>();
  /** 400 in two seconds of each sender. A sender is a party on the hub whose signature was checked, so counters are few. */
  private readonly limiter = new RateLimiterMemory({ points: 400, duration: 2 });
  private readonly subscriptions: { unsubscribe(): void }[] = [];
  private readonly loop: Loop;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly bus: Bus,
    private readonly consortium: Consortium,
    private readonly messageKey: MessageKey,
    private readonly options: DatagramsOptions,
  ) {
    this.loop = new Loop({
      round: () => this.round(),
      everyMs: roundMs,
      onError: (error) => options.onError(error, {}),
    });
  }

  /** Starts taking datagrams and sending those that are due, once the doors are set. A kind without a door is not answered. */
  start(doors: Partial<DatagramDoors>): void {
    this.doors = doors;
    for (const kind of DatagramKind.options) {
      const subject = datagramSubject(this.consortium.self, kind);
      this.subscriptions.push(this.bus.subscribe(subject, ({ body }) => this.arrive(kind, body)));
    }
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    await this.loop.stop();
    await Promise.all(this.inWork);
  }

  /**
   * Stores a datagram in the caller's transaction; it leaves after the commit. One per (to, kind, grantId) is kept
   * open: storing it again is a no-op.
   */
  async send(tx: Tx, outgoing: OutgoingDatagram): Promise<void> {
    const { to, kind, grantId, body, deadline } = outgoing;
    const datagram = this.signed({ to, kind, grantId, body });
    await tx.manager
      .createQueryBuilder()
      .insert()
      .into(OutgoingDatagramRow)
      .values({
        id: datagram.id,
        recipient: to,
        kind,
        grantId,
        // typeorm's deep partial type does not know that a JSON column takes any JSON
        datagram: () => ':datagram::jsonb',
        deadline: String(deadline),
        state: 'open',
        attempts: 0,
        nextAt: new Date(),
        requestId: requestNow().requestId ?? null,
      })
      .setParameter('datagram', JSON.stringify(datagram))
      .orIgnore()
      .updateEntity(false)
      .execute();
    tx.afterCommit(() => this.loop.wake());
  }

  /**
   * Sends once and waits for the signed answer in memory: for rounds that are repeated as a whole (signing, release).
   *
   * @throws AppError `no-answer` (unavailable) after `timeoutMs`; the refusal's code where the recipient refused
   */
  async ask(
    outgoing: Pick<OutgoingDatagram, 'to' | 'kind' | 'grantId' | 'body'>,
    timeoutMs: number,
  ): Promise<Datagram> {
    const datagram = this.signed(outgoing);
    const answer = await new Promise<Datagram | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), timeoutMs).unref();
      const settle = (answered: Datagram): void => {
        clearTimeout(timer);
        resolve(answered);
      };
      this.waiters.set(datagram.id, { to: outgoing.to, settle });
      this.bus.publish(datagramSubject(outgoing.to, outgoing.kind), datagram);
    }).finally(() => this.waiters.delete(datagram.id));
    if (!answer) throw unavailable('no-answer', `${outgoing.to} did not answer`);
    const refusal = refusalOf(answer);
    if (refusal) throw new AppError(refusal.code, 'denied', refusal.message, { field: refusal.field });
    return answer;
  }

  /** Starts work on a message without keeping the next one waiting; drops messages of a sender over its limit. */
  private arrive(kind: DatagramKind, body: unknown): void {
    if (this.inWork.size >= maxInWork) return; // it is sent again
    const work = this.take(kind, body)
      .catch((error: unknown) => this.options.onError(error, { kind }))
      .finally(() => this.inWork.delete(work));
    this.inWork.add(work);
  }

  private async take(kind: DatagramKind, body: unknown): Promise<void> {
    const datagram = parse(Datagram, body, 'datagram');
    checkDatagram(datagram, kind, this.consortium.self, messageKeyOf(this.consortium.current(), datagram.from));
    const { consumedPoints } = await this.limiter.penalty(datagram.from);
    if (consumedPoints > this.limiter.points) return; // it is sent again
    if (datagram.re !== undefined) return this.takeAnswer(datagram.re, datagram);
    if (this.answering.has(datagram.id)) return; // it is sent again
    this.answering.add(datagram.id);
    try {
      await this.answer(kind, datagram);
    } finally {
      this.answering.delete(datagram.id);
    }
  }

  private async takeAnswer(re: string, answer: Datagram): Promise<void> {
    const waiter = this.waiters.get(re);
    if (waiter) {
      if (waiter.to === answer.from) waiter.settle(answer);
      return;
    }
    const row = await this.unitOfWork.reader.findOneBy(OutgoingDatagramRow, { id: re, state: 'open' });
    if (!row || row.recipient !== answer.from) return;
    const { recipient: to, kind, grantId, datagram, deadline } = row;
    const sent = { to, kind, grantId, body: datagram.body, deadline: Number(deadline) };
    if (!isRound(kind)) await this.doors[kind]?.answered(sent, answer);
    await this.changes.commit(async (tx) => {
      await tx.manager.update(OutgoingDatagramRow, { id: re }, { state: 'answered' });
      return untold('whoever took the answer told what came of it');
    });
  }

  private async answer(kind: DatagramKind, datagram: Datagram): Promise<void> {
    const handler = this.doors[kind]?.take;
    if (!handler) return; // this role has no door for the kind
    const digest = digestOf(datagram);
    const earlier = isRound(kind)
      ? null
      : await this.unitOfWork.reader.findOneBy(AnsweredDatagramRow, { id: datagram.id });
    if (earlier && (earlier.digest !== digest || earlier.sender !== datagram.from)) return;
    const answer = earlier?.answer ?? (await this.newAnswer(kind, handler, datagram, digest));
    if (answer) this.bus.publish(datagramSubject(answer.to, kind), answer);
  }

  private async newAnswer(
    kind: DatagramKind,
    handler: DatagramHandler,
    datagram: Datagram,
    digest: string,
  ): Promise<Datagram | null> {
    const body = await this.bodyOf(kind, handler, datagram);
    if (!body) return null;
    const answer = this.signed({ to: datagram.from, kind, grantId: datagram.grantId, body, re: datagram.id });
    if (isRound(kind)) return answer;
    return this.changes.commit(async (tx) => {
      await tx.manager.query(
        `INSERT INTO answered_datagram (id, sender, digest, answer, answered_at) VALUES ($1, $2, $3, $4, now())
         ON CONFLICT DO NOTHING`,
        [datagram.id, datagram.from, digest, JSON.stringify(answer)],
      );
      const row = await tx.manager.findOneByOrFail(AnsweredDatagramRow, { id: datagram.id });
      return untold('kept to be repeated; whoever gave the answer told what came of it', row.answer);
    });
  }

  /** The handler's answer. A refusal of the message is an answer too; for a failure of this node's own there is none, and the sender tries again. */
  private async bodyOf(kind: DatagramKind, handler: DatagramHandler, datagram: Datagram) {
    try {
      return await handler(datagram);
    } catch (thrown) {
      const error = toAppError(thrown);
      this.options.onError(error, { kind, from: datagram.from });
      if (error.kind === 'unavailable' || error.kind === 'bug') return null;
      return refusalBody(error);
    }
  }

  private signed({ to, kind, grantId, body, re }: Pick<Datagram, 'to' | 'kind' | 'grantId' | 'body' | 're'>): Datagram {
    return signDatagram(this.messageKey, {
      id: randomUUID(),
      from: this.consortium.self,
      to,
      kind,
      grantId,
      sentAt: Math.floor(Date.now() / 1000),
      body,
      ...(re === undefined ? {} : { re }),
    });
  }

  private async round(): Promise<AfterRound> {
    if ((await this.sendDue()) === perRound) return 'again';
  }

  /** Sends what is due longest; each is due again later, so that those behind it come up. Returns how many. */
  private async sendDue(): Promise<number> {
    const due = (await this.unitOfWork.reader.query(
      `SELECT id, datagram, kind, deadline, attempts, request_id AS "requestId" FROM outgoing_datagram
       WHERE state = 'open' AND next_at <= now() ORDER BY next_at LIMIT $1`,
      [perRound],
    )) as Pick<OutgoingDatagramRow, 'id' | 'datagram' | 'kind' | 'deadline' | 'attempts' | 'requestId'>[];
    for (const { id, datagram, kind, deadline, attempts, requestId } of due) {
      const isOver = Number(deadline) <= Date.now() / 1000;
      const waitMs = Math.min(firstRepeatMs * 2 ** attempts, lastRepeatMs);
      await this.changes.commit(async (tx) => {
        await tx.manager.update(
          OutgoingDatagramRow,
          { id, state: 'open' },
          isOver ? { state: 'expired' } : { attempts: attempts + 1, nextAt: new Date(Date.now() + waitMs) },
        );
        return untold('a repeat is no news; what a deadline means is told of by the row that has it');
      });
      if (!isOver) this.bus.publish(datagramSubject(datagram.to, kind), datagram, { requestId });
    }
    return due.length;
  }
}
