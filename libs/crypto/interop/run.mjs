// `npm run test:interop`: builds the Rust program of this folder and runs the specs beside it (`*.interop.ts`, which
// `npm test` does not run). Exit code 0 when everything passed, or when there is no cargo, which it says; jest's last
// lines hold the counts.
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPinnedNode } from '../../../tools/node.mjs';
import { root } from '../../../tools/setup.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cpds');
const target = process.env.CARGO_TARGET_DIR ?? join(cache, 'interop');

/** Runs a command with its output shown; if it fails, exits with its exit code. */
function must(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

await inPinnedNode();
if (spawnSync('cargo', ['--version']).status !== 0) {
  console.log('interop: skipped, since there is no cargo here: nothing was checked against the Rust implementations');
  process.exit(0);
}

const started = Date.now();
must('cargo', ['build', '--locked', '--release', '--manifest-path', join(here, 'Cargo.toml'), '--target-dir', target]);
console.log(`interop: built in ${Math.round((Date.now() - started) / 1000)} s`);
must(
  process.execPath,
  [
    join(root, 'node_modules/jest/bin/jest.js'),
    ...['--testMatch', `${here}*.interop.ts`, '--maxWorkers', '1', '--verbose'],
    ...process.argv.slice(2),
  ],
  { CPDS_INTEROP: join(target, 'release', 'cpds-interop') },
);
