// The peers: packages that only benches use, in bench/node_modules.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportToStderr, withProgress } from '@cpds/local';
import { build } from 'esbuild';

const bench = fileURLToPath(new URL('.', import.meta.url));
const cache = join(bench, 'node_modules', '.cache');

/** Installs the packages of bench/package-lock.json unless they are installed already. */
export async function installPeers() {
  const lock = readFileSync(join(bench, 'package-lock.json'), 'utf8');
  const installed = join(cache, 'installed-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
  console.error('installing the peers into bench/node_modules, 110 MB');
  await withProgress('npm ci in bench', reportToStderr, () => command('npm', ['ci', '--ignore-scripts'], bench));
  mkdirSync(cache, { recursive: true });
  writeFileSync(installed, lock);
}

/** A peer's name with the version that is installed. */
export function named(name) {
  return `${name} ${JSON.parse(readFileSync(join(bench, 'node_modules', name, 'package.json'), 'utf8')).version}`;
}

/** @noble/curves as this project itself has it, not as a peer brought it. */
export function ownNoble(path) {
  const { resolve } = createRequire(fileURLToPath(import.meta.resolve('@cpds/crypto')));
  return import(resolve(`@noble/curves/${path}`));
}

/** A module and all that it imports in one file, as this project's services run; its path. */
export async function bundled(entry, name) {
  const outfile = join(cache, `${name}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
  });
  return outfile;
}

/** Builds the Go program in `folder`; null if there is no Go. */
export async function goProgram(folder, name) {
  const program = join(cache, name);
  mkdirSync(cache, { recursive: true });
  try {
    await withProgress(`building ${name}`, reportToStderr, () => command('go', ['build', '-o', program, '.'], folder));
    return program;
  } catch (cause) {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  }
}

function command(file, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`))));
  });
}
