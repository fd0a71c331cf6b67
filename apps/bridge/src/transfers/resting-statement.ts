/**
 * Revokes of grants that this node does not know: kept so that they forbid from the first moment the grant is known, and
 * nothing more (decision 0020). What rests is the grant's id, which is its hash, and 65 bytes of signature, without
 * which no chain could be closed. It is never looked at by a timer, and bounded in total and by sender, since anybody
 * can invent a grant and revoke it.
 */

import { unavailable } from '@cpds/errors';
import type { Grant, Hex, Statement } from '@cpds/messages';
import type { Tx } from '@cpds/store';
import { type EntityManager, LessThanOrEqual } from 'typeorm';
import { RestingStatementRow } from './resting-statement.row.js';

/** Most statements that rest at once: of all senders, and of one. */
export const restingBounds = { total: 10_000, bySender: 100 };

/** Asked again after this long when there is no room, seconds: locks make grants known, and ends make room. */
const retryAfterSec = 60;

/** Lets a statement rest until its grant ends; false if it rests here already. @throws AppError `no-room-to-rest` */
export async function rest(
  tx: Tx,
  { grantId, homeUid, signature }: Statement,
  { notAfter }: Grant,
  { sender, forwards }: { sender: string; forwards: boolean },
): Promise<boolean> {
  if (await tx.manager.existsBy(RestingStatementRow, { grantId })) return false;
  // One at a time, or as many as come at once would pass a bound that has room for one.
  await tx.manager.query(`SELECT pg_advisory_xact_lock(hashtext('resting-statement'))`);
  const total = await tx.manager.count(RestingStatementRow);
  const ofSender = await tx.manager.countBy(RestingStatementRow, { sender });
  if (total >= restingBounds.total || ofSender >= restingBounds.bySender)
    throw unavailable('no-room-to-rest', 'too many statements wait for grants that are not known here', {
      status: 429,
      retryAfterSec,
    });
  const until = new Date(notAfter * 1000);
  await tx.manager.insert(RestingStatementRow, { grantId, homeUid, signature, sender, forwards, until });
  return true;
}

/** Takes the statement out that rests for a grant which is known from this transaction on. */
export async function claim(
  tx: Tx,
  grantId: string,
  grant: Grant,
): Promise<{ statement: Statement; forwards: boolean } | null> {
  const row = await tx.manager.findOneBy(RestingStatementRow, { grantId });
  if (!row) return null;
  await tx.manager.delete(RestingStatementRow, { grantId });
  const { homeUid, signature, forwards } = row;
  const statement = { kind: 'revoke' as const, grantId: grantId as Hex, homeUid, signature, grant };
  return { statement, forwards };
}

/** Whether a revoke rests for the grant. */
export function rests(manager: EntityManager, grantId: string): Promise<boolean> {
  return manager.existsBy(RestingStatementRow, { grantId });
}

/** Deletes what rests for grants that have ended, seconds since 1970. */
export async function forgetEnded(tx: Tx, now: number): Promise<void> {
  await tx.manager.delete(RestingStatementRow, { until: LessThanOrEqual(new Date(now * 1000)) });
}
