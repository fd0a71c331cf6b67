// `npm start`: installs and builds what is missing or stale, then the consortium and the main job (`cpds start`). Options are passed on: --once,
// --records DIR, --report FILE.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { SetupError, build, install, requireNode, root } from './setup.mjs';

requireNode();
try {
  await install();
  await build();
} catch (cause) {
  console.error(cause instanceof SetupError ? cause.message : cause);
  process.exit(1);
}

const child = spawn(process.execPath, [join(root, 'apps/cli/bin/cpds.mjs'), 'start', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
// Ctrl-C reaches the child by the terminal; we wait for its clean stop. A signal sent to us alone is passed on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
