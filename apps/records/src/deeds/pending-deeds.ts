import { COHORT_SIZE } from '@cpds/crypto/cohort';
import type { Tx } from '@cpds/store';
import type { PendingDeed } from './cohort.js';

/** A pending deed, and whether it has waited long enough to make a cohort due. */
export interface WaitingDeed extends PendingDeed {
  isDue: boolean;
}

/**
 * The oldest pending deed of each patient, oldest first: as many patients as a cohort holds. One deed of a patient goes
 * into a cohort, so a patient with thousands must take no place from the others behind them.
 */
export async function oldestPending(tx: Tx, flushAfterMs: number): Promise<WaitingDeed[]> {
  return (await tx.manager.query(
    `SELECT x, y, commitment, "patientId", pending_since <= now() - $1 * interval '1 millisecond' AS "isDue"
     FROM (
       SELECT DISTINCT ON (r.patient_id) d.x, d.y, d.commitment, d.pending_since, r.patient_id AS "patientId"
       FROM deed d JOIN object o ON o.id = d.object_id AND o.is_current JOIN record r ON r.id = o.record_id
       WHERE d.cohort_id IS NULL ORDER BY r.patient_id, d.pending_since, d.x
     ) AS oldest
     ORDER BY pending_since, x LIMIT ${COHORT_SIZE}`,
    [flushAfterMs],
  )) as WaitingDeed[];
}
