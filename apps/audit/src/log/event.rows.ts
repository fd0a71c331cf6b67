import { randomBytes, randomUUID } from 'node:crypto';
import { to0x, toHex, utf8 } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import { sha256 } from '@cpds/crypto/hash';
import { missing, parse, parseJson } from '@cpds/errors';
import {
  type Actor,
  assertActor,
  type ErasureParameters,
  eventLeaf,
  events,
  type EventEnvelope,
  Leaf,
} from '@cpds/messages';
import type { SealedPlace } from '@cpds/service';
import type { Tx } from '@cpds/store';
import { z } from 'zod';
import { DetailsKeys } from './details-keys.js';

/** A message that is not an event this log takes. */
export interface RefusedMessage {
  readonly subject: string;
  readonly body: string;
  readonly reason: string;
}

/** Whoever erases a person, and why. */
export type Erasure = Actor & ErasureParameters;

/** Events as rows, independent of their place in the log: takes each once, with sealed details; keeps aside messages that cannot be taken. */
export class EventRows {
  private readonly keys: DetailsKeys;
  /** of the log's own events */
  readonly producer: string;

  constructor(
    party: string,
    private readonly ring: KeyRing,
    root: Uint8Array,
    private readonly now: () => Date,
  ) {
    this.keys = new DetailsKeys(ring, root);
    this.producer = `audit.${party}`;
  }

  /** Inserts new events; returns the leaf that is stored for each event's producer and seq. */
  async store(tx: Tx, batch: readonly EventEnvelope[]): Promise<Map<string, string>> {
    if (batch.length === 0) return new Map();
    const sealed = await this.keys.seal(tx, batch);
    const producers = batch.map((event) => event.producer);
    const seqs = batch.map((event) => event.seq);
    await tx.manager.query(
      `INSERT INTO event (producer, seq, id, at, correlation, leaf, details_key, sealed_details)
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[])
       ON CONFLICT DO NOTHING`,
      [
        producers,
        seqs,
        batch.map((event) => event.id),
        batch.map((event) => event.at),
        batch.map((event) => event.correlation),
        batch.map((event) => Buffer.from(eventLeaf(event))),
        sealed.map((details) => Buffer.from(details.keyId)),
        sealed.map((details) => (details.sealed === null ? null : Buffer.from(details.sealed))),
      ],
    );
    const rows = (await tx.manager.query(
      `SELECT producer, seq, leaf FROM event JOIN unnest($1::text[], $2::bigint[]) AS wanted (producer, seq) USING (producer, seq)`,
      [producers, seqs],
    )) as { producer: string; seq: string; leaf: Buffer }[];
    return new Map(rows.map((row) => [`${row.producer} ${row.seq}`, row.leaf.toString()]));
  }

  /** Alarm events for those of `batch` whose producer and seq another event holds. */
  async conflictsOf(
    tx: Tx,
    batch: readonly EventEnvelope[],
    stored: ReadonlyMap<string, string>,
  ): Promise<EventEnvelope[]> {
    const alarms: EventEnvelope[] = [];
    for (const event of batch) {
      const leaf = eventLeaf(event);
      const standing = stored.get(`${event.producer} ${event.seq}`);
      if (standing === leaf) continue;
      const raised = await this.keepAside(
        tx,
        { subject: event.type, body: JSON.stringify(event), reason: `seq ${event.seq} of ${event.producer} is taken` },
        events.sequenceConflict,
        event.correlation,
        { producer: event.producer, seq: event.seq, logged: standing ?? null, refused: leaf },
        alarms.length,
      );
      alarms.push(...raised);
    }
    return alarms;
  }

  /** Stores a message beside the log; its alarm event the first time, nothing when it comes again. */
  async keepAside(
    tx: Tx,
    message: RefusedMessage,
    type: string,
    correlation: string,
    details: Record<string, unknown>,
    ahead = 0,
  ): Promise<EventEnvelope[]> {
    const hash = sha256(utf8(message.body));
    const rows = (await tx.manager.query(
      `INSERT INTO refused_event (hash, subject, reason, sealed_body, seen_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING hash`,
      [
        Buffer.from(hash),
        message.subject,
        message.reason,
        Buffer.from(this.ring.seal(refusedPlaceOf(hash), utf8(message.body))),
        this.now(),
      ],
    )) as unknown[];
    if (rows.length === 0) return [];
    return [await this.ownEvent(tx, type, correlation, details, ahead)];
  }

  /** An event of the log itself, numbered after its last one; `ahead` of it are so many of the same transaction. */
  async ownEvent(
    tx: Tx,
    type: string,
    correlation: string,
    details: Record<string, unknown>,
    ahead = 0,
  ): Promise<EventEnvelope> {
    assertActor(type, details);
    return {
      id: randomUUID(),
      type,
      producer: this.producer,
      seq: (await this.lastOwnSeq(tx)) + 1 + ahead,
      at: this.now().toISOString(),
      correlation,
      salt: to0x(randomBytes(32)),
      details,
    };
  }

  /** Seq of the log's own newest event; 0 for none. */
  async lastOwnSeq(tx: Tx): Promise<number> {
    const [own] = (await tx.manager.query('SELECT coalesce(max(seq), 0) AS seq FROM event WHERE producer = $1', [
      this.producer,
    ])) as [{ seq: string }];
    return Number(own.seq);
  }

  /** Details, salt and person of an event as its producer sent them; null when the person was erased or the event is unknown. */
  async detailsOf(tx: Tx, producer: string, seq: number): Promise<unknown> {
    const [row] = (await tx.manager.query(
      'SELECT details_key, sealed_details FROM event WHERE producer = $1 AND seq = $2',
      [producer, seq],
    )) as { details_key: Buffer; sealed_details: Buffer | null }[];
    if (row === undefined) return null;
    return this.keys.open(tx, { producer, seq, keyId: row.details_key, sealed: row.sealed_details });
  }

  /**
   * Erases a person's details for ever and returns the event that says so. Its details are the service's own and not the
   * person's: a second erasure must not erase who did the first.
   *
   * @throws AppError `unknown-person` when no event was ever of this person
   */
  async erase(tx: Tx, person: string, erasure: Erasure): Promise<EventEnvelope> {
    if (!(await this.keys.erase(tx, person)))
      throw missing('unknown-person', 'this log holds no event of this person', { field: 'person' });
    return this.ownEvent(tx, events.personErased, randomUUID(), { ...erasure, person });
  }

  /** Erases again whom the log's own event of `seq` erased, if it is such a one: a restore brought the key back. */
  async eraseAgain(tx: Tx, seq: number, leaf: string): Promise<void> {
    if (parseJson(Leaf, leaf, 'leaf').type !== events.personErased) return;
    const { details } = parse(OwnErasure, await this.detailsOf(tx, this.producer, seq), 'details');
    await this.keys.erase(tx, details.person);
  }
}

/** What is read of a stored `audit.person-erased.v1`. */
const OwnErasure = z.object({ details: z.object({ person: z.uuid() }) });

const refusedPlaceOf = (hash: Uint8Array): string => `refused/${toHex(hash)}`;

/** Messages kept aside, for sealing anew. */
export const refusedPlace: SealedPlace = {
  table: 'refused_event',
  key: ['hash'],
  sealed: { column: 'sealed_body', encoding: 'bytes' },
  placeOf: (row) => refusedPlaceOf(row['hash'] as Uint8Array),
};
