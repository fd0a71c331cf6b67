import { conflict, unavailable } from '@cpds/errors';
import type { Tx } from '@cpds/store';
import { StoremanActRow, type StoremanActName } from './storeman-act.row.js';

/** The grant and action of an act. Hex with 0x. */
export interface StoremanAct {
  grantId: string;
  act: StoremanActName;
  digest: string;
  homeUid: string;
  destinationUid: string;
}

/**
 * Records an act in the caller's transaction, before anything it allows leaves. The same act again is a no-op.
 *
 * @throws AppError `other-digest` (conflict): another digest was committed to for this grant and action
 * @throws AppError `excluded-act` (conflict): a release excludes NotMapped, and the reverse
 */
export async function commitAct(tx: Tx, act: StoremanAct, at: Date): Promise<void> {
  // Whichever index conflicts, its row is committed when this returns. If the statement named one index, two calls for
  // the same act could conflict at the other first, and fail.
  await tx.manager.query(
    `INSERT INTO storeman_act (grant_id, act, digest, home_uid, destination_uid, at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [act.grantId, act.act, act.digest, act.homeUid, act.destinationUid, at],
  );
  const stored = await tx.manager.findOneBy(StoremanActRow, { grantId: act.grantId, act: act.act });
  if (!stored) throw conflict('excluded-act', `${act.act} is excluded by what was done for this grant before`);
  if (stored.digest !== act.digest)
    throw conflict('other-digest', `another digest was signed for ${act.act} of this grant`);
}

/**
 * Holds a home and destination to `perHour` mint shares in the hour before `at`; a grant already counted is free.
 *
 * @throws AppError `quota` (unavailable)
 */
export async function checkQuota(tx: Tx, act: StoremanAct, perHour: number, at: Date): Promise<void> {
  const [{ used }] = (await tx.manager.query(
    `SELECT count(*)::int AS used FROM storeman_act
     WHERE act = 'mint' AND home_uid = $1 AND destination_uid = $2 AND at > $3 AND grant_id <> $4`,
    [act.homeUid, act.destinationUid, new Date(at.getTime() - 3_600_000), act.grantId],
  )) as [{ used: number }];
  if (used >= perHour) throw unavailable('quota', `${perHour} mint shares an hour are used up`, { retryAfterSec: 60 });
}

/** Whether an act of this name stands for the grant. */
export async function hasActed(tx: Pick<Tx, 'manager'>, grantId: string, act: StoremanActName): Promise<boolean> {
  return tx.manager.existsBy(StoremanActRow, { grantId, act });
}
