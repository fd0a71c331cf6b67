// What both `npm start` and `npm test` do first: install and build what is missing or stale. Plain Node, since nothing is installed or built yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Below Node 20.19 several dependencies fail with messages that name something else. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Node >= 20.19 is needed, this is ${process.versions.node}`);
  process.exit(1);
}

/**
 * Runs a command and resolves to its exit code and what it said. Its output is passed through: none of it when `quiet`, only standard error when `hideStdout`.
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
  writeFileSync(stamp, wanted);
}

/** Builds, unless every source is as it was when the last build ended well. */
export async function build() {
  const stamp = join(root, 'node_modules', '.cpds-built');
  const wanted = sourcesHash();
  if (read(stamp) === wanted && builtPackages().every((path) => existsSync(path))) return;
  await must('building', 'npm', ['run', '--silent', 'build']);
  writeFileSync(stamp, wanted);
}

/** Builds infra/local alone, which depends on nothing of ours: enough to look for servers while the rest is built. */
export async function buildLocal() {
  await must('building infra/local', join(root, 'node_modules', '.bin', 'tsc'), ['-b', join(root, 'infra', 'local')]);
}

async function must(label, command, args) {
  const { code, text } = await withProgress(label, () => run(command, args, { quiet: true }));
  if (code === 0) return;
  console.error(text);
  throw new SetupError(`${label} failed: ${command} ${args.join(' ')} ended with ${code}`);
}

/** One hash over path and content of everything that a build reads. */
function sourcesHash() {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (statSync(path).isDirectory()) {
      if (/[\\/](node_modules|dist|cache|out|\.cpds)$/.test(path)) return;
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    } else if (/\.(ts|mts|sol|json|mjs)$/.test(path)) {
      hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  };
  for (const part of ['apps', 'libs', 'infra', 'package-lock.json', 'tsconfig.base.json', 'tsconfig.json', 'nx.json'])
    visit(join(root, part));
  return hash.digest('hex');
}

/** The files that the build must have left: of what others import its index, of a service its program and what it runs from. */
function builtPackages() {
  return ['apps', 'libs']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .concat(join(root, 'infra', 'local'))
    .filter((dir) => existsSync(join(dir, 'package.json')))
    .flatMap((dir) =>
      (existsSync(join(dir, 'src', 'index.ts')) ? ['index.js'] : ['main.js', 'service.mjs']).map((file) =>
        join(dir, 'dist', file),
      ),
    );
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Installing or building failed; what the command said is on standard error already. */
export class SetupError extends Error {}
