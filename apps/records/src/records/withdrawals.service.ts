import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import {
  type Actor,
  events,
  OpenGrantsAnswer,
  OpenGrantsQuery,
  type WithdrawRecord,
  type WithdrawnRecord,
} from '@cpds/messages';
import { Changes, type EventDraft, told, unchanged, untold } from '@cpds/outbox';
import { UnitOfWork, type Tx } from '@cpds/store';
import { PendingObjects } from '../objects/pending-objects.js';
import { unknownRecord } from './record.js';
import { ObjectRow, RecordRow } from './record.row.js';

/**
 * Takes back records that were entered in error. From the commit on no sealing of it is current: no wallet is shown its
 * deed, no consent is taken for it, no pending deed is minted; and A serves no grant of it any more.
 *
 * The lock of an open grant stays on its chain until it ends there: only the patient and B can close it. So each grant is
 * closed at this hospital's door, and its event says so; a stored notice tells B, which serves its copy no more.
 */
@Injectable()
export class Withdrawals {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly requests: BusRequests,
    private readonly pending: PendingObjects,
  ) {}

  /**
   * Withdraws a record and keeps its object, or erases every sealing of it. Repeating it changes nothing, but `erase`
   * after `keep` still erases.
   *
   * @throws AppError `unknown-record`
   */
  async withdraw(recordId: string, { reason, object }: WithdrawRecord, actor: Actor): Promise<WithdrawnRecord> {
    return this.changes.commit(async (tx) => {
      const record = await tx.manager.findOne(RecordRow, {
        where: { id: recordId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!record) throw unknownRecord();
      const tell = (type: string, more: Record<string, unknown>): EventDraft => ({
        type,
        correlation: recordId,
        person: record.patientId,
        details: { ...actor, recordId, patientId: record.patientId, ...more },
      });
      const withdrawnAt = record.withdrawnAt ?? new Date();
      const tells: EventDraft[] = [];
      if (!record.withdrawnAt) {
        await tx.manager.update(RecordRow, { id: recordId }, { withdrawnAt });
        await tx.manager.update(ObjectRow, { recordId, isCurrent: true }, { isCurrent: false, isKept: true });
        tells.push(tell(events.recordWithdrawn, { reason, object }));
      }
      if (object === 'erase') {
        // Those who were told to keep their copies are told again.
        await tx.manager.query(
          `UPDATE withdrawal_notice SET copy = 'erase', answered_at = NULL, due_at = now(), tries = 0
           WHERE record_id = $1 AND copy = 'keep'`,
          [recordId],
        );
        for (const { objectId, commitment } of await this.erase(tx, recordId))
          tells.push(tell(events.objectRemoved, { objectId, commitment }));
      }
      const answer: WithdrawnRecord = {
        recordId,
        withdrawnAt: withdrawnAt.toISOString(),
        object: (await isLeft(tx, recordId)) ? 'kept' : 'erased',
      };
      const [first, ...rest] = tells;
      return first ? told([first, ...rest], answer) : unchanged(answer);
    });
  }

  /** Tells of the grants that withdrawals closed; a record whose grants the bridge does not name yet is looked at again. */
  async workOff(stop: AbortSignal): Promise<void> {
    const due = (await this.unitOfWork.reader.query(
      `SELECT id FROM record WHERE withdrawn_at IS NOT NULL AND grants_closed_at IS NULL
       ORDER BY grants_asked_at NULLS FIRST, id LIMIT 100`,
    )) as { id: string }[];
    for (const { id } of due) {
      if (stop.aborted) return;
      await this.unitOfWork.reader.query('UPDATE record SET grants_asked_at = clock_timestamp() WHERE id = $1', [id]);
      await this.closeGrants(id);
    }
  }

  private async closeGrants(recordId: string): Promise<void> {
    const objects = await this.unitOfWork.reader.findBy(ObjectRow, { recordId });
    const grantIds: string[] = [];
    for (const { commitment } of objects) {
      const query = { commitment: to0x(commitment) };
      grantIds.push(
        ...(await this.requests.ask('bridge.open-grants', OpenGrantsQuery, OpenGrantsAnswer, query)).grantIds,
      );
    }
    await this.changes.commit(async (tx) => {
      const [rows] = (await tx.manager.query(
        'UPDATE record SET grants_closed_at = now() WHERE id = $1 AND grants_closed_at IS NULL RETURNING patient_id',
        [recordId],
      )) as [{ patient_id: string }[]];
      const [row] = rows;
      if (!row) return unchanged();
      await tx.manager.query(
        `INSERT INTO withdrawal_notice (grant_id, record_id, copy) SELECT unnest($1::bytea[]), $2, $3 ON CONFLICT DO NOTHING`,
        [
          grantIds.map((grantId) => Buffer.from(fromHex(grantId, 'grantId', 32))),
          recordId,
          (await isLeft(tx, recordId)) ? 'keep' : 'erase',
        ],
      );
      const [first, ...rest] = grantIds.map((grantId) => ({
        type: events.grantWithdrawn,
        correlation: grantId,
        person: row.patient_id,
        details: { by: 'service:records', grantId, recordId, patientId: row.patient_id },
      }));
      return first ? told([first, ...rest]) : untold('no grant of the withdrawn record was open');
    });
  }

  private async erase(tx: Tx, recordId: string): Promise<{ objectId: string; commitment: string }[]> {
    const [rows] = (await tx.manager.query(
      `UPDATE object SET removed_at = now(), is_kept = false WHERE record_id = $1 AND removed_at IS NULL
       RETURNING id, object_key, commitment`,
      [recordId],
    )) as [{ id: string; object_key: string; commitment: Buffer }[]];
    for (const { object_key } of rows) await this.pending.release(tx, object_key);
    return rows.map(({ id, commitment }) => ({ objectId: id, commitment: to0x(commitment) }));
  }
}

async function isLeft(tx: Tx, recordId: string): Promise<boolean> {
  const rows = (await tx.manager.query('SELECT 1 FROM object WHERE record_id = $1 AND is_kept', [
    recordId,
  ])) as unknown[];
  return rows.length > 0;
}
