import { storemen } from '@cpds/local';
import { waitFor } from '@cpds/cli';
import { expectOnce, expectLogsWithoutGaps } from '../support/once.js';
import { armKill, wordsOf, type ArmedKill, type KillMoment, type KillPoint } from '../support/kill.js';
import { askPatiently, finishPatiently } from '../support/patiently.js';
import { rowsOf } from '../support/database.js';
import type { Stage } from '../support/stage.js';

const entered = (state: string): KillMoment => ({ kind: 'entered', state });
const leaving = (state: string): KillMoment => ({ kind: 'leaving', state });
const stored = (what: string, sql: string): KillMoment => ({ kind: 'stored', what, sql });

const releaseRow = stored('its release', 'SELECT grant_id FROM release');
const fetchNonce = stored("the nonce of south's fetch", 'SELECT nonce FROM fetch_nonce');
const openingRow = stored('the fetched ciphertext', 'SELECT grant_id FROM opening');
const openedRow = stored('that the record was opened', 'SELECT grant_id FROM opening WHERE opened_at IS NOT NULL');
const eventOf = (producer: string, after: string): KillMoment =>
  stored(
    `an event of ${producer}`,
    `SELECT seq FROM event WHERE producer = '${producer}' AND convert_from(leaf, 'UTF8') LIKE '%${after}%'`,
  );

/** Every kind of process once, in a state in which it acts; several in one share, each at its own time. */
const once: readonly (readonly KillPoint[])[] = [
  [
    { process: 'bridge.north', moment: entered('lock-sent') },
    { process: 'voucher-1', moment: entered('locked') },
    { process: 'storeman-1', moment: leaving('vouched') },
    { process: 'bridge.south', moment: entered('mint-sent') },
  ],
  [
    { process: 'storeman-2', moment: releaseRow },
    { process: 'records.north', moment: fetchNonce },
    { process: 'audit.north', moment: eventOf('records.north', 'records.disclosed') },
    { process: 'records.south', moment: openingRow },
  ],
];

const both = (process: string, states: readonly string[]): KillPoint[] =>
  states.flatMap((state) => [
    { process, moment: entered(state) },
    { process, moment: leaving(state) },
  ]);

/** Every process in every state of the table in which it acts on the way to an opened record, one kill in each share. */
const matrix: readonly KillPoint[] = [
  { process: 'bridge.north', moment: leaving('requested') },
  ...both('bridge.north', ['consented', 'lock-sent', 'locked']),
  { process: 'bridge.north', moment: entered('vouched') },
  { process: 'bridge.south', moment: leaving('requested') },
  ...both('bridge.south', ['consented', 'locked', 'vouched', 'mint-sent', 'mapped', 'released']),
  { process: 'bridge.south', moment: entered('opened') },
  ...both('voucher-1', ['locked']),
  ...both('storeman-1', ['locked', 'vouched', 'mint-sent']),
  { process: 'storeman-1', moment: entered('mapped') },
  { process: 'storeman-1', moment: releaseRow },
  { process: 'records.north', moment: fetchNonce },
  { process: 'records.south', moment: openingRow },
  { process: 'records.south', moment: openedRow },
  { process: 'audit.north', moment: eventOf('bridge.north', 'bridge.lock-sent') },
  { process: 'audit.north', moment: eventOf('records.north', 'records.disclosed') },
  { process: 'audit.south', moment: eventOf('records.south', 'records.opened') },
  { process: 'audit.hub', moment: eventOf('storeman-1', 'bridge.released') },
];

/** kill -9, then start again: the share ends as if nothing had happened, and nothing happened twice. */
export function killSuite(stageOf: () => Stage): void {
  const shareThrough = (points: readonly KillPoint[]) => async () => {
    const stage = stageOf();
    const patient = stage.patients.killed;
    const armed: ArmedKill[] = [];
    try {
      for (const point of points) armed.push(await armKill(stage, point));
      const share = (async () => finishPatiently(stage, patient, await askPatiently(stage, patient)))();
      // A kill whose moment does not come would otherwise show only as a share that waits.
      const result = await share;
      await Promise.all(armed.map(({ done }) => done));
      expect(result.openedSha256).toBe(patient.file.sha256);
      stage.shared.push(result.grantId);
      await waitUntilDone(stage, points, result.grantId);
      await expectOnce(stage.world, result.grantId);
    } finally {
      await Promise.all(armed.map((one) => one.disarm()));
    }
  };

  describe('kill -9', () => {
    for (const points of once)
      it(`of ${points.map(wordsOf).join(', then of ')} changes nothing`, shareThrough(points), 300_000);

    if (process.env['CPDS_KILL_MATRIX'] === '1')
      for (const point of matrix) it(`of ${wordsOf(point)} changes nothing (matrix)`, shareThrough([point]), 300_000);

    it('leaves no gap in what any process told its log', async () => {
      await expectLogsWithoutGaps(stageOf().world);
    }, 120_000);
  });
}

/** A role node that was killed goes on with its own row: a storeman sees the mapping, a voucher that its vouch is final. */
async function waitUntilDone({ world }: Stage, points: readonly KillPoint[], grantId: string): Promise<void> {
  for (const { process } of points) {
    const isStoreman = storemen.some((name) => name === process);
    if (!isStoreman && !process.startsWith('voucher-')) continue;
    const state = isStoreman ? 'mapped' : 'closed';
    await waitFor(`${process} to be ${state} of ${grantId}`, async () => {
      const rows = await rowsOf<{ state: string }>(world, process, 'SELECT state FROM transfer WHERE grant_id = $1', [
        grantId,
      ]);
      return rows.some((row) => row.state === state) || null;
    });
  }
}
