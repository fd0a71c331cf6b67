import { randomBytes, randomUUID } from 'node:crypto';
import { requestNow } from '@cpds/bus';
import type { KeyRing } from '@cpds/crypto/custody';
import { parse } from '@cpds/errors';
import { assertActor, EventEnvelope, eventLeafHash } from '@cpds/messages';
import type { Tx } from '@cpds/store';
import { bytesOf, openEnvelope, sealEnvelope } from './stored-envelope.js';

/** What a use-case says of an event; the outbox adds the rest of the envelope. */
export interface EventBody {
  /** grantId, or the request's random id while there is no grant; never a person */
  correlation: string;
  details: Record<string, unknown>;
  /** pseudonym whose key encrypts the details in the audit database */
  person?: string;
}

/** Appends events of one producer to its outbox, in the caller's transaction. */
export class Outbox {
  private wake: () => void = () => undefined;

  constructor(
    /** `<service>.<party>` in a hospital, the operator's name for a role node */
    readonly producer: string,
    /** seals what rows could tell of a person */
    private readonly ring: KeyRing,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /**
   * Appends an event that commits or vanishes with `tx`. Its `seq` is the producer's next, without gaps; appends of
   * concurrent transactions wait for each other, so append late in a transaction. The row names the request that this
   * work belongs to; the event and its leaf do not.
   *
   * @throws AppError `invalid-input` for a type or correlation of the wrong form; `assertion-failed` for an event of a
   * client's door that names nobody
   */
  async append(tx: Tx, type: string, body: EventBody): Promise<EventEnvelope> {
    assertActor(type, body.details);
    const [counter] = (await tx.manager.query(
      `INSERT INTO outbox_counter (producer, last_seq) VALUES ($1, 1)
       ON CONFLICT (producer) DO UPDATE SET last_seq = outbox_counter.last_seq + 1 RETURNING last_seq`,
      [this.producer],
    )) as [{ last_seq: string }];
    const envelope = parse(
      EventEnvelope,
      {
        id: randomUUID(),
        type,
        producer: this.producer,
        seq: Number(counter.last_seq),
        at: this.now().toISOString(),
        correlation: body.correlation,
        salt: `0x${randomBytes(32).toString('hex')}`,
        details: body.details,
        ...(body.person === undefined ? {} : { person: body.person }),
      },
      `event ${type}`,
    );
    await tx.manager.query(
      'INSERT INTO outbox (producer, seq, envelope, leaf, request_id) VALUES ($1, $2, $3, $4, $5)',
      [this.producer, envelope.seq, this.write(envelope), bytesOf(eventLeafHash(envelope)), requestNow().requestId],
    );
    tx.afterCommit(() => this.wake());
    return envelope;
  }

  /** The event as a row's `envelope` holds it. */
  write(event: EventEnvelope): string {
    return JSON.stringify(sealEnvelope(this.ring, event));
  }

  /** The event in a row's `envelope`. @throws CryptoError `wrong-kek`, `broken-seal` */
  read(stored: unknown): EventEnvelope {
    return openEnvelope(this.ring, stored);
  }

  /** Called after each commit that appended an event; the relay sets it. */
  onCommitted(wake: () => void): void {
    this.wake = wake;
  }
}
