import { pausedVouchers, pauseVouchers, waitFor, waitForRefund } from '@cpds/cli';
import { storemen } from '@cpds/local';
import { expectOnce, expectLogsWithoutGaps, type Ending } from '../support/once.js';
import { armKill, wordsOf, type ArmedKill, type KillMoment, type KillPoint } from '../support/kill.js';
import { askPatiently, finishPatiently, patiently } from '../support/patiently.js';
import { rowsOf } from '../support/database.js';
import type { Patient, Stage } from '../support/stage.js';

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

/** With these two stopped, each other storeman is needed. Otherwise only t are asked first, and which ones depends on the grant. */
const needed = ['storeman-4', 'storeman-5'];

/** Kills every kind of process once, in a state in which it acts; several in one share, each at its own time. */
const once: readonly (readonly KillPoint[])[] = [
  [
    { process: 'bridge.north', moment: entered('lock-sent') },
    { process: 'voucher-1', moment: entered('locked') },
    { process: 'storeman-1', moment: leaving('locked') },
    { process: 'bridge.south', moment: entered('mint-sent') },
  ],
  [
    { process: 'storeman-2', moment: releaseRow, without: needed },
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

const notMappedAct = stored('that it signed NotMapped', "SELECT grant_id FROM storeman_act WHERE act = 'not-mapped'");
const reEncryption = stored('the wish to seal the record anew', 'SELECT grant_id FROM re_encryption');

/** Kills every process in every state of the table in which it acts, on the way to each ending; one line is one grant. */
const matrix: readonly { ending: Ending; points: readonly KillPoint[] }[] = [
  ...[
    { process: 'bridge.north', moment: leaving('requested') },
    ...both('bridge.north', ['consented', 'lock-sent', 'locked']),
    { process: 'bridge.north', moment: entered('vouched') },
    { process: 'bridge.south', moment: leaving('requested') },
    ...both('bridge.south', ['consented', 'locked', 'vouched', 'mint-sent', 'mapped', 'released']),
    { process: 'bridge.south', moment: entered('opened') },
    ...both('voucher-1', ['locked']),
    ...both('storeman-1', ['locked', 'mint-sent']).map((point) => ({ ...point, without: needed })),
    { process: 'storeman-1', moment: entered('mapped') },
    { process: 'storeman-1', moment: releaseRow, without: needed },
    { process: 'records.north', moment: fetchNonce },
    { process: 'records.south', moment: openingRow },
    { process: 'records.south', moment: openedRow },
    { process: 'audit.north', moment: eventOf('bridge.north', 'bridge.lock-sent') },
    { process: 'audit.north', moment: eventOf('records.north', 'records.disclosed') },
    { process: 'audit.south', moment: eventOf('records.south', 'records.opened') },
    { process: 'audit.hub', moment: eventOf('storeman-1', 'bridge.partial-released'), without: needed },
  ].map((point) => ({ ending: 'opened' as const, points: [point] })),
  ...[
    ...both('bridge.north', ['closing']),
    ...both('bridge.south', ['closing']),
    ...both('storeman-1', ['closing']),
    { process: 'records.north', moment: reEncryption },
  ].map((point) => ({ ending: 'revoked' as const, points: [point] })),
  {
    ending: 'refunded',
    points: [
      { process: 'bridge.north', moment: leaving('locked') },
      { process: 'bridge.south', moment: entered('refunding') },
      { process: 'storeman-1', moment: notMappedAct, without: needed },
    ],
  },
  {
    ending: 'refunded',
    points: [
      { process: 'bridge.north', moment: entered('refunding') },
      { process: 'bridge.south', moment: leaving('refunding') },
    ],
  },
  { ending: 'refunded', points: [{ process: 'bridge.north', moment: leaving('refunding') }] },
];

/** Brings a grant of this patient to its end while processes are killed; returns its id. */
const bringTo: Record<Ending, (stage: Stage, patient: Patient) => Promise<string>> = {
  opened: async (stage, patient) => {
    const result = await finishPatiently(stage, patient, await askPatiently(stage, patient));
    expect(result.openedSha256).toBe(patient.file.sha256);
    stage.shared.push(result.grantId);
    return result.grantId;
  },
  revoked: async (stage, patient) => {
    const { holder, recordId } = patient;
    const { commitment } = await holder.deedOf(recordId);
    const { grantId } = await finishPatiently(stage, patient, await askPatiently(stage, patient));
    await patiently('the revocation', async () => {
      const { confirmedBy, needed: least } = await holder.revoke(grantId);
      return confirmedBy.length >= least || null;
    });
    for (const hospital of ['north', 'south'] as const)
      await patiently(`the closing at ${hospital}`, async () => {
        const { state, closeReason } = await stage.world.backends[hospital].bridge.transfer(grantId);
        return (state === 'closed' && closeReason === 'revoked') || null;
      });
    // The key was out, so north seals the record anew; the next grant is of the new deed.
    await patiently('the new deed', async () => {
      const deed = (await holder.deeds()).find((one) => one.recordId === recordId);
      return (deed !== undefined && deed.commitment !== commitment) || null;
    });
    return grantId;
  },
  refunded: async (stage, patient) => {
    const { world, launched } = stage;
    await pauseVouchers(world);
    try {
      const { given } = await askPatiently(stage, patient, { extraLockSeconds: 20, extraMintSeconds: 0 });
      await patiently('the refund', () => waitForRefund(world, given.grantId, 240_000), 300_000);
      return given.grantId;
    } finally {
      await launched.restart(pausedVouchers);
    }
  },
};

/** After kill -9 and a new start the grant ends as without the kill, and no step is done twice. */
export function killSuite(stageOf: () => Stage): void {
  const through = (ending: Ending, points: readonly KillPoint[]) => async () => {
    const stage = stageOf();
    const { consortium } = stage.world;
    const stopped = points.flatMap(({ without = [] }) => without);
    const armed: ArmedKill[] = [];
    await Promise.all(stopped.map((name) => consortium.stopProcess(name)));
    // Empties the list, so that processes that run again are not restarted twice.
    const restartStopped = async () => {
      const names = stopped.splice(0);
      if (names.length > 0) await stage.launched.restart(names);
      return names;
    };
    try {
      for (const point of points) armed.push(await armKill(stage, point));
      const grantId = await bringTo[ending](stage, stage.patients.killed);
      // A kill whose moment does not come would otherwise show only as a grant that waits.
      await Promise.all(armed.map(({ done }) => done));
      for (const name of await restartStopped()) await waitForRow(stage, name, grantId);
      if (ending === 'opened') await waitUntilDone(stage, points, grantId);
      await expectOnce(stage.world, grantId, ending);
    } finally {
      await Promise.all(armed.map((one) => one.disarm()));
      await restartStopped();
    }
  };

  describe('kill -9', () => {
    for (const points of once)
      it(`of ${points.map(wordsOf).join(', then of ')} changes nothing`, through('opened', points), 300_000);

    if (process.env['CPDS_KILL_MATRIX'] === '1')
      for (const { ending, points } of matrix)
        it(
          `of ${points.map(wordsOf).join(', then of ')} changes nothing for a grant to be ${ending}`,
          through(ending, points),
          400_000,
        );

    it('leaves no gap in what any process told its log', async () => {
      await expectLogsWithoutGaps(stageOf().world);
    }, 120_000);
  });
}

/** Waits for the row of a process that was stopped all the while: it hears of the grant when it reads the blocks that it missed. */
async function waitForRow({ world }: Stage, process: string, grantId: string): Promise<void> {
  await waitFor(`the row of ${grantId} at ${process}`, async () => {
    const rows = await rowsOf(world, process, 'SELECT id FROM transfer WHERE grant_id = $1', [grantId]);
    return rows.length > 0 || null;
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
