/**
 * Keys that seal events' details: one per person, one for events without a person. A key is a row sealed under the node's
 * KEK, found by a keyed hash of the pseudonym, so that a thief of the database finds neither key nor pseudonym.
 *
 * Erasing a person forgets the key of all generations until now. What comes later is sealed under the next generation's:
 * whoever could end the keeping of details would end the trail of whoever reads that person's records.
 */

import { randomBytes } from 'node:crypto';
import { toHex, utf8 } from '@cpds/crypto/bytes';
import { type KeyRing, openAtRest, sealAtRest } from '@cpds/crypto/custody';
import { hkdfExpand } from '@cpds/crypto/hash';
import type { EventEnvelope } from '@cpds/messages';
import type { SealedPlace } from '@cpds/service';
import type { Tx } from '@cpds/store';

/** Place of the keys of `person`, or of the service's own for undefined. Anybody who reads the database sees it; it is useless without the root. */
export function detailsKeyId(root: Uint8Array, person: string | undefined): Uint8Array {
  return hkdfExpand(root, utf8(`cpds/v1/audit-details/${person ?? 'service'}`), 16);
}

/** The stored form of an event's details. `sealed` is null in rows of before, when what came after an erasure was dropped. */
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

  /**
   * The details of each event, sealed with their salt, without which nobody can guess them from the leaf. Keys that are missing are made in `tx`, which
   * holds the log's lock.
   */
  async seal(tx: Tx, events: readonly EventEnvelope[]): Promise<SealedDetails[]> {
    const places = events.map((event) => detailsKeyId(this.root, event.person));
    const keys = await this.keysAt(tx, places);
    return events.map((event, i) => {
      const { id, key } = keys.get(toHex(places[i]!))!;
      const details = utf8(JSON.stringify({ details: event.details, salt: event.salt, person: event.person }));
      return { keyId: id, sealed: sealAtRest(key, placeOf(event), details) };
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

  /** Forgets every key that a person had until now: nothing can open what they sealed. False if there never was one. */
  async erase(tx: Tx, person: string): Promise<boolean> {
    const rows = (await tx.manager.query(
      `WITH erased AS (UPDATE details_key SET sealed_key = NULL WHERE place = $1 RETURNING id)
       SELECT count(*) AS keys FROM erased`,
      [buffer(detailsKeyId(this.root, person))],
    )) as [{ keys: string }];
    return rows[0].keys !== '0';
  }

  /** The key at each place that seals now: that of the newest generation, or a new one where that was erased. */
  private async keysAt(
    tx: Tx,
    places: readonly Uint8Array[],
  ): Promise<Map<string, { id: Uint8Array; key: Uint8Array }>> {
    const distinct = [...new Map(places.map((place) => [toHex(place), place])).values()];
    const newest = (await tx.manager.query(
      `SELECT DISTINCT ON (place) place, generation, id, sealed_key FROM details_key WHERE place = ANY($1::bytea[])
       ORDER BY place, generation DESC`,
      [distinct.map(buffer)],
    )) as { place: Buffer; generation: number; id: Buffer; sealed_key: Buffer | null }[];
    const keys = new Map<string, { id: Uint8Array; key: Uint8Array }>();
    const missing: { id: Uint8Array; place: Uint8Array; generation: number; sealed: Uint8Array }[] = [];
    for (const place of distinct) {
      const known = newest.find((row) => row.place.equals(place));
      if (known?.sealed_key) {
        keys.set(toHex(place), { id: known.id, key: this.ring.open(keyPlaceOf(known.id), known.sealed_key) });
        continue;
      }
      // The first generation's id is the place itself, as in rows of before.
      const id = known === undefined ? place : new Uint8Array(randomBytes(16));
      const key = new Uint8Array(randomBytes(32));
      missing.push({
        id,
        place,
        generation: (known?.generation ?? -1) + 1,
        sealed: this.ring.seal(keyPlaceOf(id), key),
      });
      keys.set(toHex(place), { id, key });
    }
    if (missing.length > 0)
      await tx.manager.query(
        `INSERT INTO details_key (id, place, generation, sealed_key)
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[])`,
        [
          missing.map(({ id }) => buffer(id)),
          missing.map(({ place }) => buffer(place)),
          missing.map(({ generation }) => generation),
          missing.map(({ sealed }) => buffer(sealed)),
        ],
      );
    return keys;
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
