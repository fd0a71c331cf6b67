import type { Bus } from '@cpds/bus';
import {
  type EventEnvelope,
  eventLeafHash,
  type Hex,
  type LeavesAnswer,
  LeavesQuery,
  leavesRequest,
  type ReceiptAnswer,
  ReceiptQuery,
  receiptRequest,
  receiptSubject,
} from '@cpds/messages';

/** identity's audit log, answered by hand: it takes every event and receipts it, unless it is silent. */
export class TestLog {
  readonly events: EventEnvelope[] = [];
  /** while true, nothing is receipted */
  isSilent = false;

  constructor(
    private readonly bus: Bus,
    private readonly producer: string,
  ) {
    bus.subscribe('identity.*.v1', ({ body }) => this.take(body as EventEnvelope));
    this.answer(receiptRequest, (body): ReceiptAnswer => {
      const { seq } = ReceiptQuery.parse(body);
      return { producer, seq, leaf: this.leafOf(seq), throughSeq: this.throughSeq, treeSize: 1 };
    });
    this.answer(leavesRequest, (body): LeavesAnswer => {
      const leaves = LeavesQuery.parse(body).seqs.map((seq) => this.leafOf(seq));
      return { producer, throughSeq: this.throughSeq, leaves };
    });
  }

  private get throughSeq(): number {
    return this.isSilent ? 0 : Math.max(0, ...this.events.map(({ seq }) => seq));
  }

  private leafOf(seq: number): Hex | null {
    const event = this.isSilent ? undefined : this.events.find((one) => one.seq === seq);
    return event === undefined ? null : eventLeafHash(event);
  }

  private take(event: EventEnvelope): void {
    if (!this.events.some(({ seq }) => seq === event.seq)) this.events.push(event);
    const { producer, throughSeq } = this;
    if (!this.isSilent)
      this.bus.publish(receiptSubject, { producer, throughSeq, leaf: this.leafOf(throughSeq), treeSize: 1 });
  }

  private answer(subject: string, answerOf: (body: unknown) => unknown): void {
    this.bus.connection.subscribe(subject, {
      callback: (_, message) => message.respond(JSON.stringify({ ok: true, value: answerOf(message.json()) })),
    });
  }
}
