import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { participants, reportToStderr } from '@cpds/local';
import { toAppError } from '@cpds/errors';
import { launch } from '../consortium/launch.js';
import { mainJob } from '../main-job/main-job.js';
import { leftLine, readRecordsFolder } from '../main-job/records-folder.js';
import { closingTable } from '../main-job/table.js';
import { exitCodeOf } from './output.js';

/** Options of `npm start`. */
export interface StartOptions {
  readonly dir: string;
  readonly records: string;
  readonly once: boolean;
  readonly report?: string;
}

/**
 * Reads the folder of records, starts the consortium, does the main job, prints the closing table; then it stays up until Ctrl-C, or with `once`
 * stops.
 *
 * @throws the first thing that failed, after a clean stop; the report file then says `ok: false` and what it was
 */
export async function start(options: StartOptions): Promise<void> {
  const folder = await readRecordsFolder(resolve(options.records)).catch((thrown: unknown) =>
    reported(options, thrown),
  );
  reportToStderr(`${folder.files.length} records in ${resolve(options.records)}`);
  for (const one of folder.left) reportToStderr(leftLine(one));
  const stopRequest = new AbortController();
  const onSignal = () => {
    if (stopRequest.signal.aborted) return;
    reportToStderr('stopping: Ctrl-C');
    stopRequest.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const interrupted = new Promise<'interrupted'>((done) => {
    stopRequest.signal.addEventListener('abort', () => done('interrupted'));
  });
  const launching = launch({ dir: resolve(options.dir), report: reportToStderr, until: 'launcher' });
  const local = await Promise.race([launching, interrupted]);
  if (local === 'interrupted') {
    // The guard stops everything that has started; a launch under way has nothing else to save.
    process.exit(130);
  }
  try {
    const job = mainJob(local.world, folder, local.restart);
    const done = await Promise.race([job, interrupted]);
    if (done === 'interrupted') {
      process.exitCode = 130;
      return;
    }
    const { report, steps } = done;
    if (options.report !== undefined) await writeFile(resolve(options.report), `${JSON.stringify(report, null, 2)}\n`);
    const addresses = await Promise.all(
      participants.map(async ({ name }) => [name, await local.world.consortium.urlOf(name)] as const),
    );
    process.stdout.write(`\n${closingTable([...local.steps, ...steps], report, addresses)}\n\n`);
    process.exitCode = exitCodeOf(report);
    if (options.once) return;
    process.stdout.write('The consortium stays up. Ctrl-C stops it; the next start goes on with its data.\n');
    await interrupted;
  } catch (thrown) {
    await reported(options, thrown);
  } finally {
    await local.world.consortium.stop();
  }
}

/** Writes a failure to the report file and throws it again. */
async function reported(options: StartOptions, thrown: unknown): Promise<never> {
  const { code, message } = toAppError(thrown);
  const failure = { ok: false, error: { code, message } };
  if (options.report !== undefined) await writeFile(resolve(options.report), `${JSON.stringify(failure, null, 2)}\n`);
  throw thrown;
}
