import { waitFor, type World } from '@cpds/cli';
import { participants, storemen } from '@cpds/local';
import { eventsOf, type GrantEvents } from './chain.js';
import { rowsOf } from './database.js';

/** The chains' events of a grant that ended in this way. */
const eventsByEnding: Record<Ending, Partial<GrantEvents>> = {
  opened: { locked: 1, lockClosed: 0, lockVoided: 0, mapped: 1, mappingClosed: 0, mappingVoided: 0 },
  revoked: { locked: 1, lockClosed: 1, lockVoided: 0, mapped: 1, mappingClosed: 1, mappingVoided: 0 },
  refunded: { locked: 1, lockClosed: 1, lockVoided: 0, mapped: 0, mappingClosed: 0, mappingVoided: 0 },
};

/** How a grant ends: its record opened, revoked after that, or never mapped and refunded. */
export type Ending = 'opened' | 'revoked' | 'refunded';

/** Expects each step of the grant once on its chain, at most one vouch of each voucher, and in every process at most one row and one release of it. */
export async function expectOnce(world: World, grantId: string, ending: Ending): Promise<void> {
  const events = await eventsOf(world, grantId);
  expect(events).toMatchObject(eventsByEnding[ending]);
  expect(new Set(events.vouchers).size).toBe(events.vouchers.length);
  let releases = 0;
  for (const { name, app } of participants) {
    if (app !== 'bridge') continue;
    const rows = await rowsOf(world, name, 'SELECT id FROM transfer WHERE grant_id = $1', [grantId]);
    expect({ name, rows: rows.length }).toEqual({ name, rows: 1 });
    if (!storemen.some((storeman) => storeman === name)) continue;
    const released = await rowsOf(world, name, 'SELECT epoch FROM release WHERE grant_id = $1', [grantId]);
    expect({ name, isOnce: released.length <= 1 }).toEqual({ name, isOnce: true });
    releases += released.length;
  }
  // t = 3 of 5 had to release; none did twice.
  if (ending === 'refunded') expect(releases).toBe(0);
  else expect(releases).toBeGreaterThanOrEqual(3);
}

/** Expects every event that any process appended in its audit log, once, in order, without a gap. */
export async function expectLogsWithoutGaps(world: World): Promise<void> {
  for (const { name, app, party, role } of participants) {
    const log = role === 'storeman' || role === 'voucher' ? 'audit.hub' : `audit.${party}`;
    // audit writes its own events straight into its log.
    const appended = app === 'audit' ? null : await lastSeqOf(world, name);
    const missing = await waitFor(
      `the log to hold all ${appended ?? ''} events of ${name}`,
      async () => {
        const [row] = await rowsOf<{ count: string; max: string | null; waiting: string }>(
          world,
          log,
          `SELECT count(*), max(seq), count(*) FILTER (WHERE leaf_index IS NULL) AS waiting FROM event WHERE producer = $1`,
          [name],
        );
        const logged = { count: Number(row?.count), max: Number(row?.max ?? 0), waiting: Number(row?.waiting) };
        const isThere = appended === null || logged.max >= appended;
        return isThere && logged.waiting === 0 ? logged.max - logged.count : null;
      },
      60_000,
      250,
    );
    expect({ name, missing }).toEqual({ name, missing: 0 });
  }
}

async function lastSeqOf(world: World, name: string): Promise<number> {
  const [row] = await rowsOf<{ last_seq: string }>(
    world,
    name,
    'SELECT last_seq FROM outbox_counter WHERE producer = $1',
    [name],
  );
  return Number(row?.last_seq ?? 0);
}
