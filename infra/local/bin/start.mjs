// `npm start`: installs and builds what is missing or stale, then the consortium and the main job (`cpds start`). Options are passed on: --once,
// --records DIR, --report FILE. Plain enough for Node 18: an older Node than ours hands over first.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { inPinnedNode } from '../../../tools/node.mjs';
import { SetupError, build, install, prefetch, root } from '../../../tools/setup.mjs';

await inPinnedNode();
try {
  await install();
  // Goes on while the project is built and the consortium starts; whoever needs a server waits for its file.
  await prefetch([], { quiet: true });
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
