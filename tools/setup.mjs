// What both `npm start` and `npm test` do first: install and build what is missing or stale. Plain Node, since nothing is installed or built yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBroughtAlong } from './node.mjs';

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a command and resolves to its exit code and output. Its output is passed through: none of it when `quiet`, only
 * standard error when `hideStdout`.
 */
export function run(command, args, { quiet = false, hideStdout = false, env = process.env, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const hear =
      (out, hidden = false) =>
      (part) => {
        text += part;
        if (!quiet && !hidden) out.write(part);
      };
    child.stdout.on('data', hear(process.stdout, hideStdout));
    child.stderr.on('data', hear(process.stderr));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? 1, signal, text }));
  });
}

/** Says every ten seconds that `label` still goes on, and at the end how long it took if it took more than two seconds. */
export async function withProgress(label, work) {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  const first = setTimeout(() => console.error(`${label} ...`), 2_000);
  const interval = setInterval(() => console.error(`${label} ... ${seconds()} s`), 10_000);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(interval);
    if (Date.now() - start > 2_000) console.error(`${label}: ${seconds()} s`);
  }
}

/** `npm ci`, unless node_modules was installed from this very lockfile. */
export async function install() {
  const stamp = join(root, 'node_modules', '.cpds-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (read(stamp) === wanted) return;
  await must('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund']);
  linkNode();
  writeFileSync(stamp, wanted);
}

/** Builds what is stale; nx knows which builds are fresh (nx.json names the inputs of each). */
export async function build() {
  await must('building', 'npm', ['run', '--silent', 'build']);
}

/**
 * Begins to look for the servers and to get those that are missing, while the caller goes on: the longest wait of a new
 * machine is MinIO, which is built from source. Builds infra/local first, which depends on no other package here, and
 * then resolves to a promise of the search's result.
 */
export async function prefetch(options, { quiet }) {
  await must('building infra/local', join(root, 'node_modules', '.bin', 'tsc'), ['-b', join(root, 'infra', 'local')]);
  return { ended: run(process.execPath, [join(root, 'infra/local/dist/prefetch.js'), ...options], { quiet }) };
}

/** Links the Node that runs now if it is the pinned one, so that `npm run` and `npx` find it before the machine's own. */
function linkNode() {
  if (!isBroughtAlong) return;
  const link = join(root, 'node_modules', '.bin', 'node');
  rmSync(link, { force: true });
  symlinkSync(process.execPath, link);
}

async function must(label, command, args) {
  const { code, text } = await withProgress(label, () => run(command, args, { quiet: true }));
  if (code === 0) return;
  console.error(text);
  throw new SetupError(`${label} failed: ${command} ${args.join(' ')} ended with ${code}`);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Installing or building failed; the command's output is on standard error already. */
export class SetupError extends Error {}
