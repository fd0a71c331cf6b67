import { basename, dirname, join, resolve } from 'node:path';
import { confirm } from '@clack/prompts';
import { AppError, missing } from '@cpds/errors';
import { reportToStderr } from '@cpds/local';
import type { TransferView } from '@cpds/messages';
import { attach } from '../consortium/launch.js';
import { askingDepartment } from '../main-job/department.js';
import { patientOf } from '../main-job/patients.js';
import { readRecordsFolder } from '../main-job/records-folder.js';
import { askAndConsent, finishShare, upload, type ShareResult } from '../main-job/share.js';
import { waitFor } from '../main-job/waiting.js';

/**
 * Shares one file, from upload to compared bytes, on the running consortium. Prints the lines of the consent; with
 * `asks` somebody answers them at the terminal.
 *
 * @throws AppError `patient-declined`, `unknown-file`, whatever a step threw
 */
export async function share(dir: string, file: string, asks: boolean): Promise<ShareResult> {
  const world = await attach(resolve(dir), reportToStderr);
  const folder = await readRecordsFolder(dirname(resolve(file)));
  const record = folder.files.find(({ path }) => path === resolve(file));
  const why = folder.left.find(({ name }) => name === basename(file))?.reason ?? 'there is no such file';
  if (record === undefined) throw missing('unknown-file', `${file}: ${why}`);
  const { holder } = await patientOf(world, record.patient);
  const { recordId } = await upload(world, holder.account.patientId, record);
  const { size } = await world.audits.north.anchor();
  await waitFor('the anchor of the enrolment', async () => {
    const { anchors } = await world.audits.north.log();
    return anchors.some((anchor) => anchor.chain === 'hub' && anchor.state === 'final' && anchor.size >= size)
      ? true
      : null;
  });
  const departmentId = await askingDepartment(world);
  const decide = async (lines: readonly string[]) => {
    reportToStderr(lines.map((line) => `  | ${line}`).join('\n'));
    return !asks || (await confirm({ message: 'Consent?', output: process.stderr })) === true;
  };
  const { given, startedAt } = await askAndConsent(world, departmentId, holder, { ...record, recordId }, { decide });
  return finishShare(world, record, given, startedAt);
}

/** The state of a transfer at both hospitals. @throws AppError `unknown-grant` neither knows it */
export async function transferShow(dir: string, grantId: string): Promise<TransferView[]> {
  const world = await attach(resolve(dir), reportToStderr);
  const views = await Promise.all(
    (['north', 'south'] as const).map((hospital) =>
      world.backends[hospital].bridge.transfer(grantId).catch((cause: unknown) => {
        if (cause instanceof AppError && cause.kind === 'missing') return null;
        throw cause;
      }),
    ),
  );
  const known = views.filter((view) => view !== null);
  if (known.length === 0) throw missing('unknown-grant', `no hospital knows the grant ${grantId}`);
  return known;
}

/** Says in words where a transfer is and why it waits. */
export function transferWords(views: readonly TransferView[]): string {
  return views
    .flatMap((view) => [
      `${view.role === 'A' ? view.home : view.destination} (${view.role}): ${view.state}${view.closeReason === null ? '' : `, ${view.closeReason}`}`,
      `  waits for ${view.waitsFor}${view.deadline === null ? '' : `, until ${new Date(view.deadline * 1000).toISOString()}`}`,
      ...view.steps.map(({ state, at }) => `  ${at}  ${state}`),
      ...(view.culprits.length === 0 ? [] : [`  culprits: ${view.culprits.join(', ')}`]),
    ])
    .join('\n');
}

/** The default place of a patient's wallet files. */
export const walletsDir = (dir: string): string => join(resolve(dir), 'wallets');
