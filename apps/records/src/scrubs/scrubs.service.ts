import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { payloadLength } from '@cpds/crypto/age';
import { missing, toAppError } from '@cpds/errors';
import { type Actor, events, type ScrubView } from '@cpds/messages';
import { Changes, told, unchanged } from '@cpds/outbox';
import { UnitOfWork, type Tx } from '@cpds/store';
import { IsNull } from 'typeorm';
import { type NamedFile, NamedFiles } from '../objects/named-files.js';
import { ObjectStore } from '../objects/object-store.js';
import { OpeningRow } from '../openings/opening.row.js';
import { OpeningsService } from '../openings/openings.service.js';
import { fileOf, ObjectRow, RecordRow } from '../records/record.row.js';
import { ScrubRow } from './scrub.row.js';

export abstract class ScrubsOptions {
  /** from the begin of one scrub to that of the next, milliseconds */
  abstract readonly everyMs: number;
  /** Told of an object that could not be read. */
  abstract readonly onError: (error: unknown) => void;
}

/** Damaged objects that an answer names; the count is of all. */
const mostShown = 100;
/** How long an ended scrub is kept, days. */
const keptDays = 400;

/** Objects that a row names and that should be in the store, after one name and in the order of names. */
const namedAfter = `
  SELECT object_key FROM object WHERE removed_at IS NULL AND object_key > $1
  UNION ALL SELECT object_key FROM opening WHERE object_key > $1`;

/**
 * Compares every object with its row: once a day, and when an operator asks. A backup that is never read is none, and so
 * a store that loses objects, or gives others, is found before a patient needs them.
 *
 * Crash story: the row says through which object it came, so a restart goes on there.
 */
@Injectable()
export class Scrubs {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly files: NamedFiles,
    private readonly store: ObjectStore,
    private readonly openings: OpeningsService,
    private readonly options: ScrubsOptions,
  ) {}

  /** Begins a scrub, or returns the one under way; tells whose wish it was. */
  async begin(actor: Actor): Promise<ScrubView> {
    const id = await this.changes.commit(async (tx) => {
      const begun = (await tx.manager.query(
        `INSERT INTO scrub (id, objects) SELECT $1, count(*) FROM (${namedAfter.replaceAll('$1', "''")}) AS named
         ON CONFLICT DO NOTHING RETURNING id`,
        [randomUUID()],
      )) as { id: string }[];
      const scrubId = begun[0]?.id ?? (await tx.manager.findOneByOrFail(ScrubRow, { endedAt: IsNull() })).id;
      const details = { ...actor, scrubId, isNew: begun.length === 1 };
      return told({ type: events.scrubAsked, correlation: scrubId, details }, scrubId);
    });
    return this.view(id);
  }

  /** How far a scrub is, and what is damaged now. @throws AppError `unknown-scrub` */
  async view(scrubId: string): Promise<ScrubView> {
    const { reader } = this.unitOfWork;
    const row = await reader.findOneBy(ScrubRow, { id: scrubId });
    if (!row) throw missing('unknown-scrub', 'there is no such scrub');
    const found = (await reader.query(
      `SELECT d.object_key AS "objectKey", o.record_id AS "recordId", d.part, d.found_by AS "foundBy", d.found_at AS "foundAt"
       FROM damaged_object d LEFT JOIN object o ON o.object_key = d.object_key
       ORDER BY d.found_at, d.object_key LIMIT ${mostShown}`,
    )) as (Omit<ScrubView['found'][number], 'foundAt'> & { foundAt: Date })[];
    return {
      scrubId,
      begunAt: row.begunAt.toISOString(),
      endedAt: row.endedAt?.toISOString() ?? null,
      objects: Number(row.objects),
      checked: Number(row.checked),
      bytes: Number(row.bytes),
      damaged: Number(row.damaged),
      unread: Number(row.unread),
      found: found.map((one) => ({ ...one, foundAt: one.foundAt.toISOString() })),
    };
  }

  /** Begins the scrub that is due, and goes on with the one under way until it ends or `stop` aborts. */
  async workOff(stop: AbortSignal): Promise<void> {
    const scrub = await this.underWay();
    if (!scrub) return;
    let { lookedThrough } = scrub;
    while (!stop.aborted) {
      const key = await this.after(lookedThrough);
      if (key === undefined) return this.end(scrub.id);
      if (!(await this.look(scrub.id, key, stop))) return;
      lookedThrough = key;
    }
  }

  private async underWay(): Promise<ScrubRow | null> {
    const { reader } = this.unitOfWork;
    const [due] = (await reader.query(
      `SELECT coalesce(max(begun_at) <= now() - $1 * interval '1 millisecond', true) AS due FROM scrub`,
      [this.options.everyMs],
    )) as [{ due: boolean }];
    if (due.due) await this.begin({ by: 'service:records' });
    return reader.findOneBy(ScrubRow, { endedAt: IsNull() });
  }

  private async after(key: string): Promise<string | undefined> {
    const [next] = (await this.unitOfWork.reader.query(`${namedAfter} ORDER BY object_key LIMIT 1`, [key])) as {
      object_key: string;
    }[];
    return next?.object_key;
  }

  /** Compares one object and notes it; false when it was stopped in the middle. */
  private async look(scrubId: string, key: string, stop: AbortSignal): Promise<boolean> {
    const file = await this.fileUnder(key);
    const outcome = file === null ? 'gone' : await this.compared(file, stop);
    if (outcome === 'stopped') return false;
    const isRead = outcome !== 'gone' && outcome !== 'unread';
    await this.unitOfWork.reader.query(
      `UPDATE scrub SET looked_through = $2, checked = checked + $3, bytes = bytes + $4, damaged = damaged + $5,
              unread = unread + $6 WHERE id = $1`,
      [
        scrubId,
        key,
        isRead ? 1 : 0,
        outcome === 'whole' && file ? file.header.length + payloadLength(file.sizeBytes) : 0,
        isRead && outcome !== 'whole' ? 1 : 0,
        outcome === 'unread' ? 1 : 0,
      ],
    );
    return true;
  }

  /** A store that is away stops the round, and the next one goes on; one object that it will not give does not. */
  private async compared(file: NamedFile, stop: AbortSignal): Promise<string> {
    try {
      return await this.files.scrub(file, stop);
    } catch (error) {
      if (toAppError(error).code === 'object-replaced') return 'gone';
      if (!(await this.store.isUp())) throw error;
      this.options.onError(error);
      return 'unread';
    }
  }

  private async fileUnder(objectKey: string): Promise<NamedFile | null> {
    const { reader } = this.unitOfWork;
    const object = await reader.findOneBy(ObjectRow, { objectKey });
    if (object) return fileOf(await reader.findOneByOrFail(RecordRow, { id: object.recordId }), object);
    const opening = await reader.findOneBy(OpeningRow, { objectKey });
    return opening && this.openings.fileOf(opening);
  }

  private async end(scrubId: string): Promise<void> {
    await this.changes.commit(async (tx) => {
      await forgetRemoved(tx);
      const [rows] = (await tx.manager.query(
        'UPDATE scrub SET ended_at = now() WHERE id = $1 AND ended_at IS NULL RETURNING checked, damaged, unread',
        [scrubId],
      )) as [{ checked: string; damaged: string; unread: string }[]];
      const [row] = rows;
      if (!row) return unchanged();
      await tx.manager.query(`DELETE FROM scrub WHERE begun_at < now() - make_interval(days => ${keptDays})`);
      const { checked, damaged, unread } = row;
      const details = {
        by: 'service:records',
        scrubId,
        checked: Number(checked),
        damaged: Number(damaged),
        unread: Number(unread),
      };
      return told({ type: events.scrubEnded, correlation: scrubId, details });
    });
  }
}

/** Damage of an object that no row names any more is nobody's. */
async function forgetRemoved(tx: Tx): Promise<void> {
  await tx.manager.query(
    `DELETE FROM damaged_object d WHERE NOT EXISTS
       (SELECT 1 FROM object o WHERE o.object_key = d.object_key AND o.removed_at IS NULL)
     AND NOT EXISTS (SELECT 1 FROM opening p WHERE p.object_key = d.object_key)`,
  );
}
