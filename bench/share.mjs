// `npm run bench -- share [n] [dir]`: shares the three largest sample records in turn, n times in all (default 10), on the consortium that `npx cpds up`
// left running in dir (default .cpds), and says where the time went. The first shares of a process run code that is not compiled yet.
import { fileURLToPath } from 'node:url';
import {
  askAndConsent,
  askingDepartment,
  attach,
  finishShare,
  patientOf,
  readRecordsFolder,
  upload,
  waitFor,
  waitForDeed,
} from '@cpds/cli';
import { keep, row } from './harness.mjs';

export async function run([times = '10', dir = '.cpds']) {
  const world = await attach(dir, () => undefined);
  const departmentId = await askingDepartment(world);
  const { files: samples } = await readRecordsFolder(fileURLToPath(new URL('../examples/records', import.meta.url)));
  const records = [];
  for (const file of samples.sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 3)) {
    const { holder } = await patientOf(world, file.patient);
    const { recordId } = await upload(world, holder.account.patientId, file);
    records.push({ ...file, file, holder, recordId });
  }
  for (const { recordId } of records) await waitForDeed(world, recordId);
  const { size } = await world.audits.north.anchor();
  await waitFor('the anchor of the enrolments', async () => {
    const { anchors } = await world.audits.north.log();
    return anchors.some((one) => one.chain === 'hub' && one.state === 'final' && one.size >= size) || null;
  });

  const shares = [];
  for (let at = 0; at < Number(times); at++) {
    const record = records[at % records.length];
    const { given, startedAt } = await askAndConsent(world, departmentId, record.holder, record);
    const share = await finishShare(world, record.file, given, startedAt);
    shares.push({ totalMs: share.workMs + share.finalityMs, ...share });
    console.error(`${at + 1}: ${shares.at(-1).totalMs} ms, work ${share.workMs} ms, ${JSON.stringify(share.stepsMs)}`);
  }
  const of = (name, pick) => row({ name, unit: 'ms', ours: shares.map(pick) });
  const rows = [
    of('total', (one) => one.totalMs),
    of('work', (one) => one.workMs),
    of('finality', (one) => one.finalityMs),
    ...Object.keys(shares[0].stepsMs).map((step) => of(`step: ${step}`, (one) => one.stepsMs[step])),
  ];
  keep('share', rows, [`Median of ${shares.length} shares on a running consortium.`]);
}
