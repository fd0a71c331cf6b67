import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { invalid, toAppError, unavailable } from '@cpds/errors';
import { type AgeIdentitiesView, events } from '@cpds/messages';
import { Changes, type EventDraft, told, unchanged, untold } from '@cpds/outbox';
import { UnitOfWork, type Tx } from '@cpds/store';
import { IsNull } from 'typeorm';
import { AgeIdentities } from '../objects/age-identities.js';
import { ObjectStore } from '../objects/object-store.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { Vault } from '../objects/vault.js';
import { OpeningRow } from '../openings/opening.row.js';
import { fileOf, ObjectRow, RecordRow } from '../records/record.row.js';
import { KeyRotationRow } from './key-rotation.row.js';

export abstract class KeyRotationsOptions {
  /** Told of each row that could not be wrapped anew yet. */
  abstract readonly onError: (error: unknown) => void;
  /** Told when a rotation has ended, with the former recipients that no row needs any more. */
  abstract readonly onEnd: (former: readonly string[]) => void;
}

/** Longest pause between two tries of one row, seconds. */
const restAtMostSec = 3_600;
/** Rows that are looked up at once. */
const batchRows = 10;
/** What a row says that was stored before recipients were kept. */
const unnamed = '';

/** The tables whose rows are sealed for an age identity: the key of a row, and which rows count. */
const tables = [
  { table: 'object', key: 'id', counts: 'removed_at IS NULL' },
  { table: 'opening', key: 'grant_id', counts: 'true' },
] as const;
type Sealed = (typeof tables)[number];

/**
 * Moves everything that is kept to the current age identity: records of this hospital get a header for it, fetched ones a
 * stanza. Payloads, file keys and deeds stay, so grants, capsules and cohorts do too.
 *
 * Crash story. An object is copied under a new header first; one transaction then gives the row the copy's name and header
 * and lets go of the former object. So a row and the object that it names always belong together: before that commit the
 * copy is an orphan, which a sweep takes; after it the former object is. What is left to do is in the rows themselves, so
 * no cursor can pass over one, and any start goes on.
 */
@Injectable()
export class KeyRotations {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly identities: AgeIdentities,
    private readonly store: ObjectStore,
    private readonly vault: Vault,
    private readonly pending: PendingObjects,
    private readonly options: KeyRotationsOptions,
  ) {}

  /** Stops a start without an identity that some row still needs. @throws AppError `age-identity-missing` names its recipient */
  async assertHeld(): Promise<void> {
    const { former } = this.identities;
    const missing = (await this.counts()).filter(
      ({ recipient }) => recipient !== unnamed && !former.includes(recipient),
    );
    if (missing.length === 0) return;
    const needed = missing.map(({ recipient, rows }) => `${recipient} (${rows} rows)`).join(', ');
    throw invalid(
      'age-identity-missing',
      'formerAges',
      `what is kept needs age identities that are not there: ${needed}`,
    );
  }

  /** Begins the rotation that is due, and goes on with the one under way until it ends or `stop` aborts. */
  async workOff(stop: AbortSignal): Promise<void> {
    const rotation = await this.underWay();
    if (!rotation) return;
    for (const sealed of tables)
      for (const recipient of [unnamed, ...this.identities.former])
        if (!(await this.workOffAll(rotation, sealed, recipient, stop))) return;
    if (!(await this.isLeft())) await this.end(rotation);
  }

  /** Which identities open what is kept, and how far the newest rotation is. */
  async view(): Promise<AgeIdentitiesView> {
    const { reader } = this.unitOfWork;
    const { recipient: current, former } = this.identities;
    const found = await this.counts();
    const counts = new Map(found.map(({ recipient, rows }) => [recipient, rows]));
    const unknown = counts.get(unnamed) ?? 0;
    const others = new Set([...former, ...counts.keys()].filter((one) => one !== unnamed && one !== current));
    const [rotation] = await reader.find(KeyRotationRow, { order: { begunAt: 'DESC' }, take: 1 });
    return {
      current,
      former: [...others].map((recipient) => {
        const rows = counts.get(recipient) ?? 0;
        // A row that names no recipient may need any of them.
        return { recipient, isHeld: former.includes(recipient), rows, mayBeRemoved: rows === 0 && unknown === 0 };
      }),
      unnamed: unknown,
      failing: found.reduce((sum, { failing }) => sum + failing, 0),
      rotation: rotation ? viewOf(rotation) : null,
    };
  }

  /** Rows that are sealed for another identity than the current one. */
  async left(): Promise<number> {
    return (await this.counts()).reduce((sum, { rows }) => sum + rows, 0);
  }

  /** The rotation to the current identity that is under way; begins one if rows are sealed for another. */
  private async underWay(): Promise<KeyRotationRow | null> {
    const { reader } = this.unitOfWork;
    const open = await reader.findOneBy(KeyRotationRow, { endedAt: IsNull() });
    if (open?.recipient === this.identities.recipient) return open;
    if (open === null && !(await this.isLeft())) return null;
    await this.begin();
    return reader.findOneBy(KeyRotationRow, { endedAt: IsNull() });
  }

  private async begin(): Promise<void> {
    const { recipient } = this.identities;
    const counts = await this.counts();
    await this.changes.commit(async (tx) => {
      const rotationId = randomUUID();
      const superseded = await supersede(tx);
      await tx.manager.insert(KeyRotationRow, {
        id: rotationId,
        recipient,
        rows: String(counts.reduce((sum, { rows }) => sum + rows, 0)),
      });
      const from = counts.map((one) => ({ recipient: one.recipient, rows: one.rows }));
      const details = { by: 'service:records', rotationId, recipient, from };
      const begun = { type: events.keyRotationBegun, correlation: rotationId, details };
      return told(superseded ? [superseded, begun] : begun);
    });
  }

  private async end(rotation: KeyRotationRow): Promise<void> {
    const isEnded = await this.changes.commit(async (tx) => {
      const ended = await close(tx, rotation.id, 'finished');
      return ended ? told(ended, true) : unchanged(false);
    });
    if (isEnded) this.options.onEnd(this.identities.former);
  }

  /** Wraps all rows of a table that are sealed for `recipient`, as far as they are due; false when it was stopped. */
  private async workOffAll(
    rotation: KeyRotationRow,
    sealed: Sealed,
    recipient: string,
    stop: AbortSignal,
  ): Promise<boolean> {
    const { table, key, counts } = sealed;
    for (;;) {
      const due = (await this.unitOfWork.reader.query(
        `SELECT ${key} AS key FROM ${table} WHERE ${counts} AND recipient = $1 AND rewrap_due_at <= now()
         ORDER BY rewrap_due_at LIMIT ${batchRows}`,
        [recipient],
      )) as { key: string | Buffer }[];
      if (due.length === 0) return true;
      for (const row of due) {
        if (stop.aborted) return false;
        await this.tryOne(rotation, sealed, row.key);
      }
    }
  }

  /** Puts the row off before it is tried: one that fails, or that ends this process, is behind all others at the next try. */
  private async tryOne(rotation: KeyRotationRow, { table, key }: Sealed, value: string | Buffer): Promise<void> {
    await this.unitOfWork.reader.query(
      `UPDATE ${table} SET rewrap_tries = rewrap_tries + 1,
              rewrap_due_at = clock_timestamp() + least(2 ^ least(rewrap_tries, 20), ${restAtMostSec}) * interval '1 second'
       WHERE ${key} = $1`,
      [value],
    );
    try {
      await (typeof value === 'string' ? this.rewrapObject(rotation, value) : this.rewrapOpening(rotation, value));
    } catch (error) {
      if (!(await this.store.isUp())) throw error;
      this.options.onError(toAppError(error));
    }
  }

  private async rewrapObject(rotation: KeyRotationRow, id: string): Promise<void> {
    const { reader } = this.unitOfWork;
    const object = await reader.findOneByOrFail(ObjectRow, { id });
    if (object.removedAt) return;
    const { recipient } = this.identities;
    // A row that names no recipient may be the current identity's already.
    if (this.identities.openHeader(object.header).recipient === recipient)
      return this.moved(rotation, (tx) => nameRecipient(tx, object, recipient));
    const file = fileOf(await reader.findOneByOrFail(RecordRow, { id: object.recordId }), object);
    await this.vault.rewrap(id, file, ({ key, header }) =>
      this.moved(rotation, async (tx) => {
        await this.pending.keep(tx, key);
        await this.pending.release(tx, object.objectKey);
        return nameRecipient(tx, object, recipient, key, Buffer.from(header));
      }),
    );
  }

  private async rewrapOpening(rotation: KeyRotationRow, grantId: Buffer): Promise<void> {
    const opening = await this.unitOfWork.reader.findOneBy(OpeningRow, { grantId });
    if (!opening) return;
    const stanza = this.identities.wrap(this.identities.openStanza(opening.stanza).fileKey);
    await this.moved(rotation, async (tx) => {
      const [, moved] = (await tx.manager.query(
        `UPDATE opening SET recipient = $3, stanza = $4, rewrap_tries = 0, rewrap_due_at = 'epoch'
         WHERE grant_id = $1 AND stanza = $2`,
        [grantId, opening.stanza, this.identities.recipient, stanza],
      )) as [unknown, number];
      return moved;
    });
  }

  /** Commits the change of one row with the count of those that are done. @throws AppError `object-replaced`: the row changed meanwhile */
  private async moved(rotation: KeyRotationRow, change: (tx: Tx) => Promise<number>): Promise<void> {
    await this.changes.commit(async (tx) => {
      if ((await change(tx)) === 0)
        throw unavailable('object-replaced', 'this object was just replaced or removed', { retryAfterSec: 1 });
      await tx.manager.query('UPDATE key_rotation SET done = done + 1 WHERE id = $1', [rotation.id]);
      return untold('the rotation tells how many when it ends');
    });
  }

  /** Rows that are sealed for another identity than the current one, by recipient, and how many were tried in vain. */
  private async counts(): Promise<Count[]> {
    const rows = (await this.unitOfWork.reader.query(
      `SELECT recipient, count(*) AS rows, count(*) FILTER (WHERE rewrap_tries > 1) AS failing
       FROM (${others}) AS other GROUP BY recipient ORDER BY recipient`,
      [this.identities.recipient],
    )) as { recipient: string; rows: string; failing: string }[];
    return rows.map((row) => ({ recipient: row.recipient, rows: Number(row.rows), failing: Number(row.failing) }));
  }

  private async isLeft(): Promise<boolean> {
    const [{ left }] = (await this.unitOfWork.reader.query(`SELECT EXISTS (${others}) AS left`, [
      this.identities.recipient,
    ])) as [{ left: boolean }];
    return left;
  }
}

interface Count {
  readonly recipient: string;
  readonly rows: number;
  readonly failing: number;
}

/** Rows of both tables that are not sealed for the recipient $1, by two ranges of each index. */
const others = tables
  .flatMap(({ table, counts }) =>
    ['<', '>'].map((side) => `SELECT recipient, rewrap_tries FROM ${table} WHERE ${counts} AND recipient ${side} $1`),
  )
  .join(' UNION ALL ');

/** Says in the row for whom the object is sealed now, unless it was removed or replaced meanwhile; returns how many rows changed. */
async function nameRecipient(
  tx: Tx,
  { id, objectKey: earlier, header: earlierHeader }: ObjectRow,
  recipient: string,
  objectKey: string = earlier,
  header: Buffer = earlierHeader,
): Promise<number> {
  const [, named] = (await tx.manager.query(
    `UPDATE object SET recipient = $3, object_key = $4, header = $5, rewrap_tries = 0, rewrap_due_at = 'epoch'
     WHERE id = $1 AND object_key = $2 AND removed_at IS NULL`,
    [id, earlier, recipient, objectKey, header],
  )) as [unknown, number];
  return named;
}

/** Ends what is under way for an identity that is not the current one any more. */
async function supersede(tx: Tx): Promise<EventDraft | null> {
  const open = await tx.manager.findOneBy(KeyRotationRow, { endedAt: IsNull() });
  return open && close(tx, open.id, 'superseded');
}

async function close(tx: Tx, id: string, outcome: 'finished' | 'superseded'): Promise<EventDraft | null> {
  const [[row]] = (await tx.manager.query(
    `UPDATE key_rotation SET ended_at = now(), outcome = $2 WHERE id = $1 AND ended_at IS NULL
     RETURNING recipient, done`,
    [id, outcome],
  )) as [{ recipient: string; done: string }[]];
  if (!row) return null;
  const details = { by: 'service:records', rotationId: id, recipient: row.recipient, outcome, rows: Number(row.done) };
  return { type: events.keyRotationEnded, correlation: id, details };
}

function viewOf({
  id,
  recipient,
  begunAt,
  endedAt,
  outcome,
  rows,
  done,
}: KeyRotationRow): AgeIdentitiesView['rotation'] {
  return {
    rotationId: id,
    recipient,
    begunAt: begunAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    outcome,
    rows: Number(rows),
    done: Number(done),
  };
}
