import { withProgress } from '@cpds/local';
import { AppError } from '@cpds/errors';
import type { WalletHolder } from '@cpds/wallet';
import type { JobStep } from '../consortium/job-step.js';
import type { World } from '../consortium/world.js';
import { checkAudit, type Expectation } from './audit-check.js';
import { askingDepartment } from './department.js';
import { depositAll, type Deposited } from './deposit.js';
import { patientOf } from './patients.js';
import { isWhole, type RecordFile, type RecordsFolder } from './records-folder.js';
import { pausedVouchers, pauseVouchers, waitForRefund } from './refund.js';
import type { Report } from './report.js';
import { revoke } from './revocations.js';
import { askAndConsent, finishShare, readOpened, release, waitForState, type ShareResult } from './share.js';
import { waitFor } from './waiting.js';

/** Starts stopped processes again. */
export type Restart = (names: readonly string[]) => Promise<void>;

/**
 * The main job of the project, steps 4 to 7: enrol, upload, share each record once, revoke twice, let one grant be refunded, verify the logs.
 *
 * @throws at the first thing that fails
 */
export async function mainJob(
  world: World,
  { files, left: unreadable }: RecordsFolder,
  restart: Restart,
): Promise<{ report: Report; steps: JobStep[] }> {
  const steps: JobStep[] = [];
  const step = async <T>(what: string, who: string, work: () => Promise<T>): Promise<T> => {
    const start = Date.now();
    const value = await withProgress(what, world.report, work);
    steps.push({ what, who, ms: Date.now() - start });
    return value;
  };

  const left = [...unreadable];
  const departmentId = await step('registering a department of south', 'identity of south', () =>
    askingDepartment(world),
  );
  const holders = await step('enrolling the patients', 'wallets, identity of north', () => enrolAll(world, files));
  const deposited = await step('uploading, encrypting and minting deeds', 'records of north', () =>
    depositAll(world, files, holders, left),
  );
  await step('anchoring the enrolments on the hub', 'audit of north', () => anchorEnrolments(world));

  const shares: ShareResult[] = [];
  let ring = { ringSize: 0, ringReal: 0 };
  await step(`sharing ${deposited.length} records`, 'everybody', async () => {
    for (const one of deposited) {
      const show = (lines: readonly string[]) => {
        if (shares.length === 0) world.report(lines.map((line) => `  | ${line}`).join('\n'));
        return true;
      };
      const { given, startedAt } = await askAndConsent(world, departmentId, one.holder, wantedOf(one), {
        decide: show,
      });
      ring = { ringSize: given.ringSize, ringReal: Math.max(ring.ringReal, given.ringReal) };
      const share = await finishShare(world, one.file, given, startedAt);
      shares.push(share);
      world.report(
        `${share.file}: ${share.sizeBytes} bytes opened at south, sha256 equal, ${((share.workMs + share.finalityMs) / 1000).toFixed(1)} s ` +
          `(work ${(share.workMs / 1000).toFixed(1)} s)`,
      );
    }
  });
  world.report(`ringSize ${ring.ringSize}, ringReal ${ring.ringReal}`);

  const [first, second, third] = [deposited[0]!, deposited[1 % deposited.length]!, deposited[2 % deposited.length]!];
  const revocations = await step('revoking two grants', 'wallets through south, storemen', async () => {
    const before = await askAndConsent(world, departmentId, first.holder, wantedOf(first));
    const after = await askAndConsent(world, departmentId, second.holder, wantedOf(second));
    await waitForState(world, 'south', before.given.grantId, ['mapped']);
    const revokedBefore = await revoke(world, first.holder, before.given.grantId, 'between mint and release');
    await waitForState(world, 'south', after.given.grantId, ['mapped']);
    if ((await release(world, after.given.grantId)).outcome !== 'released')
      throw new AppError('not-released', 'denied', 'the storemen refused a grant that nobody revoked');
    const opened = await readOpened(world, after.given.grantId);
    if (opened.sha256 !== second.file.sha256) throw new AppError('opened-differs', 'bug', 'south opened other bytes');
    const revokedAfter = await revoke(world, second.holder, after.given.grantId, 'after the record was opened');
    return [revokedBefore, revokedAfter];
  });
  for (const { grantId, answers, exchangeCode } of revocations)
    world.report(
      `${grantId} is revoked: ${answers.map(({ from, verdict }) => `${from} ${verdict}`).join(', ')}, exchange endpoint ${exchangeCode}`,
    );

  const refund = await step(
    'letting a grant miss its mintBefore and refunding it',
    'storemen (NotMapped), north',
    async () => {
      await pauseVouchers(world);
      try {
        const { given } = await askAndConsent(world, departmentId, third.holder, wantedOf(third));
        await waitForState(world, 'north', given.grantId, ['locked']);
        return await waitForRefund(world, given.grantId);
      } finally {
        await restart(pausedVouchers);
      }
    },
  );

  const expected: Expectation[] = [
    ...shares.map(({ grantId }) => ({ grantId, outcome: 'shared' as const })),
    ...revocations.map(({ grantId }) => ({ grantId, outcome: 'revoked' as const })),
    { grantId: refund.grantId, outcome: 'refunded' },
  ];
  const audit = await step('verifying the logs of north, south and hub', 'a child process with a policy file', () =>
    checkAudit(world, expected),
  );

  const { sign, seal } = world.addresses.keys;
  const report: Report = {
    ok: isWhole(left),
    hospitals: ['north', 'south'],
    storemen: { n: sign.n, t: sign.t, signingKey: sign.publicKey, sealingKey: seal.publicKey },
    ...ring,
    shares,
    left,
    revocations,
    refund,
    audit,
  };
  return { report, steps };
}

const wantedOf = ({ file, recordId }: Deposited) => ({ patient: file.patient, category: file.category, recordId });

/** One wallet per patient; a patient with several files has one wallet. */
async function enrolAll(world: World, files: readonly RecordFile[]): Promise<Map<RecordFile, WalletHolder>> {
  const byPatient = new Map<string, WalletHolder>();
  const holders = new Map<RecordFile, WalletHolder>();
  for (const file of files) {
    const key = JSON.stringify(file.patient);
    const holder = byPatient.get(key) ?? (await patientOf(world, file.patient)).holder;
    byPatient.set(key, holder);
    holders.set(file, holder);
  }
  return holders;
}

/** Waits until the enrolments are under a checkpoint that is anchored on the hub: a consent counts only if that happened before the request. */
async function anchorEnrolments(world: World): Promise<void> {
  const { size } = await world.audits.north.anchor();
  await waitFor('the anchor of the enrolments on the hub', async () => {
    const { anchors } = await world.audits.north.log();
    if (anchors.some((anchor) => anchor.chain === 'hub' && anchor.state === 'final' && anchor.size >= size))
      return true;
    if (anchors.some((anchor) => anchor.state === 'failed'))
      throw new AppError('not-anchored', 'unavailable', 'an anchor of the log of north failed');
    return null;
  });
}
