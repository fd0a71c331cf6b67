import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import * as age from '@cpds/crypto/age';
import { concat, equalBytes } from '@cpds/crypto/bytes';
import { nodeAead } from '@cpds/crypto/node';
import { toAppError, unavailable } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Changes, told, unchanged, untold, type EventBody } from '@cpds/outbox';
import type { Tx } from '@cpds/store';
import { DamagedObject, type DamagedPart, type Finder } from './damage.js';
import { type ByteRange, clip } from './byte-range.js';
import { ObjectStore, type StoredObject } from './object-store.js';

/** An age file as its row knows it: whatever lies under the name must be exactly this. */
export interface NamedFile {
  /** name in the object store */
  key: string;
  /** as stored, last newline included */
  header: Uint8Array;
  /** of all behind the header; null for a file that was fetched before its hash was kept */
  payloadSha256: Uint8Array | null;
  /** of the plaintext */
  sizeBytes: number;
  /** what an event of its damage says of it */
  told: EventBody;
  /** what becomes of the row in the transaction that tells of the damage; omit if it stays */
  giveUp?: (tx: Tx) => Promise<void>;
}

export abstract class NamedFilesOptions {
  /** counts what was found */
  abstract readonly onDamage: (part: DamagedPart, by: Finder) => void;
}

/**
 * The only reader of age files in the object store. A store can lose an object, give an older one or swap two, by a
 * fault or by a thief with its key; so the row decides: name, length and header before a byte is opened, the payload's
 * hash before the last one is handed on. Damage is `records.object-damaged.v1`, and stays in `damaged_object` until a
 * scrub finds the object whole.
 */
@Injectable()
export class NamedFiles {
  constructor(
    private readonly changes: Changes,
    private readonly store: ObjectStore,
    private readonly options: NamedFilesOptions,
  ) {}

  /**
   * The file's bytes, or those of `range`. A part is read out of the whole, and its end waits until the whole is known to be
   * the row's: the file key alone would not show that a part is of this payload, since whoever has the key can seal another
   * one under the same header.
   *
   * @throws DamagedObject at once or from the body, before its last piece; AppError `object-replaced` (unavailable)
   */
  async get(file: NamedFile, by: Finder, range?: ByteRange): Promise<StoredObject> {
    try {
      const { sizeBytes, body } = await this.find(file);
      const { from, length } = clip(range, sizeBytes);
      return { sizeBytes, body: this.watched(file, by, partOf(wholeOf(file, body), from, length)) };
    } catch (thrown) {
      throw await this.judged(file, by, thrown);
    }
  }

  /** The file's plaintext. @throws what `get` does */
  async open(file: NamedFile, fileKey: Uint8Array, by: Finder): Promise<AsyncIterable<Uint8Array>> {
    try {
      const { body } = await this.find(file);
      return this.watched(file, by, age.openPayload(payloadOf(file, body), fileKey, nodeAead));
    } catch (thrown) {
      throw await this.judged(file, by, thrown);
    }
  }

  /** Reads all of the file and keeps nothing: the first damaged part, or that it is whole, which ends earlier damage. */
  async scrub(file: NamedFile, stop: AbortSignal): Promise<DamagedPart | 'whole' | 'stopped'> {
    try {
      const { body } = await this.get(file, 'scrub');
      for await (const bytes of body) if (stop.aborted && bytes.length > 0) return 'stopped';
    } catch (thrown) {
      if (thrown instanceof DamagedObject) return thrown.part;
      throw thrown;
    }
    await this.changes.commit(async (tx) => {
      await tx.manager.query('DELETE FROM damaged_object WHERE object_key = $1', [file.key]);
      return untold('the scrub tells how many objects are damaged when it ends');
    });
    return 'whole';
  }

  private async find(file: NamedFile): Promise<StoredObject> {
    const stored = await this.store.get(file.key);
    if (stored.sizeBytes !== file.header.length + age.payloadLength(file.sizeBytes)) throw new DamagedObject('length');
    return stored;
  }

  private async *watched(file: NamedFile, by: Finder, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (thrown) {
      throw await this.judged(file, by, thrown);
    }
  }

  /** Tells of damage. Other errors are none of the object's, and are returned as they came. */
  private async judged(file: NamedFile, by: Finder, thrown: unknown): Promise<unknown> {
    const damage = asDamage(thrown);
    if (damage === null) return thrown;
    if (!(await this.tell(file, by, damage.part)))
      return unavailable('object-replaced', 'this object was just replaced or removed', { retryAfterSec: 1 });
    this.options.onDamage(damage.part, by);
    return damage;
  }

  /** False when no row names the object any more: it was removed on purpose while it was read. */
  private async tell(file: NamedFile, by: Finder, part: DamagedPart): Promise<boolean> {
    return this.changes.commit(async (tx) => {
      const named = (await tx.manager.query(
        `SELECT 1 FROM object WHERE object_key = $1 AND removed_at IS NULL
         UNION ALL SELECT 1 FROM opening WHERE object_key = $1`,
        [file.key],
      )) as unknown[];
      if (named.length === 0) return unchanged(false);
      if (file.giveUp) await file.giveUp(tx);
      else
        await tx.manager.query(
          `INSERT INTO damaged_object (object_key, part, found_by) VALUES ($1, $2, $3)
           ON CONFLICT (object_key) DO UPDATE SET part = $2, found_by = $3, found_at = now()`,
          [file.key, part, by],
        );
      const details = { by: 'service:records', ...file.told.details, part, during: by };
      return told({ ...file.told, type: events.objectDamaged, details }, true);
    });
  }
}

/** Every byte of a file that is the named one. @throws DamagedObject where its end would come */
async function* wholeOf(file: NamedFile, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const bytes of payloadOf(file, body)) {
    yield isFirst ? concat(file.header, bytes) : bytes;
    isFirst = false;
  }
}

/** The `length` bytes at `from` of `whole`; the last piece of them comes when `whole` has ended without an error. */
async function* partOf(whole: AsyncIterable<Uint8Array>, from: number, length: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  // One piece is held back: a reader that counts bytes must not have all of them when the hash turns out wrong.
  let held: Uint8Array | undefined;
  for await (const bytes of whole) {
    const piece = bytes.subarray(Math.max(0, from - at), Math.max(0, from + length - at));
    at += bytes.length;
    if (piece.length === 0) continue;
    if (held) yield held;
    held = piece;
  }
  if (held) yield held;
}

/** All behind the header, once the header is the row's; its end comes only if the hash is the row's too. */
async function* payloadOf(file: NamedFile, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { header, payloadSha256 } = file;
  const hash = createHash('sha256');
  let compared = 0;
  for await (const bytes of body) {
    const head = bytes.subarray(0, header.length - compared);
    if (!equalBytes(head, header.subarray(compared, compared + head.length))) throw new DamagedObject('header');
    compared += head.length;
    const payload = bytes.subarray(head.length);
    if (payload.length === 0) continue;
    hash.update(payload);
    yield payload;
  }
  if (compared < header.length) throw new DamagedObject('header');
  if (payloadSha256 !== null && !equalBytes(hash.digest(), payloadSha256)) throw new DamagedObject('payload');
}

/** What was thrown, if it means that the object is not the named one. */
function asDamage(thrown: unknown): DamagedObject | null {
  if (thrown instanceof DamagedObject) return thrown;
  const { code } = toAppError(thrown);
  if (code === 'unknown-object') return new DamagedObject('object', thrown);
  return code === 'bad-age-payload' ? new DamagedObject('payload', thrown) : null;
}
