import type { Tx, UnitOfWork } from '@cpds/store';

/** How long an envelope id is remembered: longer than any stream keeps a message. */
const rememberDays = 14;
/** Ids that one statement forgets at most, so that it holds no lock for long. */
const forgetAtOnce = 5_000;

/** Makes at-least-once delivery have its effect once. */
export class Inbox {
  /**
   * True the first time `consumer` sees this envelope; false on every repeat, which then has nothing to do. The mark
   * commits with the effect, so a crash between them is impossible.
   */
  async once(tx: Tx, consumer: string, envelopeId: string): Promise<boolean> {
    const rows = (await tx.manager.query(
      'INSERT INTO inbox (consumer, envelope_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING consumer',
      [consumer, envelopeId],
    )) as unknown[];
    return rows.length === 1;
  }

  /** Forgets ids older than any possible repeat, some at a time; true while there are more. */
  async prune(unitOfWork: UnitOfWork): Promise<boolean> {
    const [, forgotten] = (await unitOfWork.reader.query(
      `DELETE FROM inbox WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM inbox WHERE at < now() - make_interval(days => $1) ORDER BY at LIMIT $2))`,
      [rememberDays, forgetAtOnce],
    )) as [unknown, number];
    return forgotten === forgetAtOnce;
  }
}
