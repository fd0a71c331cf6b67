/**
 * Keys that seal events' details: one per person, one for events without a person. A key is a row sealed under the node's
 * KEK, found by a keyed hash of the pseudonym, so that a thief of the database finds neither key nor pseudonym.
 */

import { randomBytes } from 'node:crypto';
import { toHex, utf8 } from '@cpds/crypto/bytes';
import { type KeyRing, openAtRest, sealAtRest } from '@cpds/crypto/custody';
import { hkdfExpand } from '@cpds/crypto/hash';
import type { EventEnvelope } from '@cpds/messages';
import type { SealedPlace } from '@cpds/service';
import type { Tx } from '@cpds/store';

/** Place of the key of `person`, or of the service's own for undefined. Anybody who reads the database sees it; it is useless without the root. */
export function detailsKeyId(root: Uint8Array, person: string | undefined): Uint8Array {
  return hkdfExpand(root, utf8(`cpds/v1/audit-details/${person ?? 'service'}`), 16);
}

/** The stored form of an event's details. `sealed` is null when the person has been erased. */
export interface SealedDetails {
  readonly keyId: Uint8Array;
  readonly sealed: Uint8Array | null;
}

export class DetailsKeys {
  /** @param root the database's derivation root: a person's key keeps its place when the key-encryption key changes */
  constructor(
    private readonly ring: KeyRing,
    private readonly root: Uint8Array,
  ) {}

  /** The details of each event, sealed; keys that are missing are made in `tx`. */
  async seal(tx: Tx, events: readonly EventEnvelope[]): Promise<SealedDetails[]> {
    const keys = await this.keysOf(
      tx,
      events.map((event) => detailsKeyId(this.root, event.person)),
    );
    return events.map((event) => {
      const keyId = detailsKeyId(this.root, event.person);
      const key = keys.get(toHex(keyId));
      const details = utf8(JSON.stringify({ details: event.details, person: event.person }));
      return { keyId, sealed: key === undefined ? null : sealAtRest(key, placeOf(event), details) };
    });
  }

  /** Details of an event of a person that has not been erased, else null. */
  async open(tx: Tx, row: { producer: string; seq: number } & SealedDetails): Promise<unknown> {
    const [stored] = (await tx.manager.query('SELECT sealed_key FROM details_key WHERE id = $1', [row.keyId])) as {
      sealed_key: Buffer | null;
    }[];
    if (row.sealed === null || stored === undefined || stored.sealed_key === null) return null;
    const key = this.ring.open(keyPlaceOf(row.keyId), stored.sealed_key);
    return JSON.parse(new TextDecoder().decode(openAtRest(key, placeOf(row), row.sealed)));
  }

  /** Erases a person: nothing can open that person's details again, and no later event of theirs is kept in readable form. */
  async erase(tx: Tx, person: string): Promise<void> {
    await tx.manager.query(
      `INSERT INTO details_key (id, sealed_key) VALUES ($1, NULL) ON CONFLICT (id) DO UPDATE SET sealed_key = NULL`,
      [detailsKeyId(this.root, person)],
    );
  }

  private async keysOf(tx: Tx, ids: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
    const distinct = [...new Map(ids.map((id) => [toHex(id), id])).values()];
    const fresh = distinct.map((id) => this.ring.seal(keyPlaceOf(id), randomBytes(32)));
    await tx.manager.query(
      `INSERT INTO details_key (id, sealed_key) SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING`,
      [distinct.map(buffer), fresh.map(buffer)],
    );
    const rows = (await tx.manager.query('SELECT id, sealed_key FROM details_key WHERE id = ANY($1::bytea[])', [
      distinct.map(buffer),
    ])) as { id: Buffer; sealed_key: Buffer | null }[];
    return new Map(
      rows.flatMap(({ id, sealed_key }) =>
        sealed_key === null ? [] : [[toHex(id), this.ring.open(keyPlaceOf(id), sealed_key)] as const],
      ),
    );
  }
}

const placeOf = (event: { producer: string; seq: number }): string => `event/${event.producer}/${event.seq}`;
const keyPlaceOf = (id: Uint8Array): string => `details-key/${toHex(id)}`;
/** The keys in the database, for sealing anew. Details that they sealed stay as they are. */
export const detailsKeyPlace: SealedPlace = {
  table: 'details_key',
  key: ['id'],
  sealed: { column: 'sealed_key', encoding: 'bytes' },
  placeOf: (row) => keyPlaceOf(row['id'] as Uint8Array),
};

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
