import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Draws the seed of the unit specs' randomness unless CPDS_SEED gives it, and prints it.
 *
 * Starts the supervisor of the test servers (none runs until a test asks). It lives as long as its standard input, which is a pipe from this
 * process, so nothing is left behind however the test run ends.
 */
export default async function setUp() {
  process.env.CPDS_SEED ||= randomBytes(4).toString('hex');
  console.error(`CPDS_SEED=${process.env.CPDS_SEED}`);
  const built = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', join(root, 'infra/local')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`infra/local does not build:\n${built.stdout}${built.stderr}`);
  const dir = mkdtempSync(join(tmpdir(), 'cpds-test-'));
  const supervisor = spawn(process.execPath, [join(root, 'infra/local/dist/testing/supervisor.js'), dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  await new Promise((resolve, reject) => {
    supervisor.stdout.once('data', resolve);
    supervisor.once('exit', (code) => reject(new Error(`the supervisor of the test servers ended with ${code}`)));
  });
  supervisor.removeAllListeners('exit');
  supervisor.unref();
  supervisor.stdin.unref();
  supervisor.stdout.unref();
  process.env.CPDS_TEST_SERVERS = join(dir, 'socket');
  globalThis.cpdsTestSupervisor = supervisor;
}
