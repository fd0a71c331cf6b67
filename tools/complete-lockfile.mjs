// Completes package-lock.json with the optional packages of other platforms.
//
// A registry mirror that carries only the packages of its own platform makes `npm install` leave the others out of the
// lockfile, and `npm ci` then refuses the whole file (EUSAGE: package.json and package-lock.json are not in sync). Each
// missing entry is written as npm would: its version, which parents pin exactly, and the platform, read from its name,
// so that no machine installs a package of another platform.
//
// usage: node tools/complete-lockfile.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const systems = ['darwin', 'linux', 'win32', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'android', 'openharmony'];
const processors = { amd64: 'x64', x64: 'x64', arm64: 'arm64', arm: 'arm', ia32: 'ia32', wasm32: 'wasm32' };
for (const name of ['ppc64', 'riscv64', 's390x', 'loong64', 'mips64el']) processors[name] = name;

/** The lockfile entry for a missing optional package, or null if its name contains no platform. */
function entryOf(name, version) {
  if (!/^\d+\.\d+\.\d+/.test(version)) return null;
  const words = name.split(/[/-]/);
  const os = words.find((word) => systems.includes(word));
  const cpu = words.map((word) => processors[word]).find((word) => word !== undefined);
  if (cpu === undefined) return null;
  return { version, cpu: [cpu], optional: true, ...(os === undefined ? {} : { os: [os] }) };
}

/** Node's resolution: nearest node_modules first. */
function isLocked(packages, from, name) {
  for (let path = from; ; path = path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/')))) {
    if (packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`] !== undefined) return true;
    if (path === '') return false;
  }
}

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];
for (const [from, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isLocked(lock.packages, from, name)) continue;
    const entry = entryOf(name, version);
    if (entry === null) throw new Error(`${name}@${version} of ${from}: cannot tell its platform from its name`);
    lock.packages[`node_modules/${name}`] = entry;
    added.push(name);
  }
}

if (added.length === 0) process.exit(0);
if (process.argv.includes('--check')) {
  console.error(`package-lock.json lacks ${added.length} optional packages of other platforms: ${added.join(', ')}`);
  console.error('run: node tools/complete-lockfile.mjs');
  process.exit(1);
}
const byPath = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(byPath);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.error(`added ${added.length} optional packages of other platforms to package-lock.json`);
