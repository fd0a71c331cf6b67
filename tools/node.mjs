// Which Node runs this project, and how an older one hands over to it. Runs in Node 18, before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const runtime = fileURLToPath(new URL('runtime', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cpds');
const packageName = `node-${process.platform}-${process.arch}`;
const pinned = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8')).optionalDependencies;

/** `engines.node` of package.json: global WebSocket, and the newest of every package that this project uses. */
const oldest = [22, 15];

/** True in the Node that this project brought along: the machine's own is older. */
export const isBroughtAlong = process.execPath === pathOf(pinned[packageName]);

/**
 * Returns in a Node that is new enough; in an older one, runs this very program again in the pinned Node and exits with
 * its exit code (130 after Ctrl-C, 1 after another signal). npm brings the binary once, checked against
 * `tools/runtime/package-lock.json`, into the user's cache.
 */
export async function inPinnedNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) {
    // What is started from here finds this Node first, also while `npm ci` makes node_modules anew.
    if (isBroughtAlong) process.env.PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
    return;
  }
  const tooOld = `Node ${process.versions.node} is older than ${oldest.join('.')}`;
  let binary;
  try {
    binary = pinnedNode();
  } catch (cause) {
    console.error(`${tooOld}, and ${cause.message}. Install Node 24 (nodejs.org) and run this again.`);
    process.exit(1);
  }
  console.error(`${tooOld}: going on in Node ${pinned[packageName]} (${binary})`);
  const child = spawn(binary, process.argv.slice(1), { stdio: 'inherit' });
  // Ctrl-C reaches the child by the terminal, which ends cleanly while we wait; a signal sent to us alone is passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal)));
  process.exit(typeof code === 'number' ? code : code === 'SIGINT' ? 130 : 1);
}

/** Where the cache keeps a version of Node, whether or not it is there. */
function pathOf(version) {
  return join(cache, `node-${version}`, 'node_modules', packageName, 'bin', 'node');
}

/** The path of the pinned Node; fetches it if it is missing. */
function pinnedNode() {
  const version = pinned[packageName];
  if (version === undefined) throw new Error(`npm has none for ${process.platform} on ${process.arch}`);
  const binary = pathOf(version);
  if (existsSync(binary)) return binary;
  console.error(`getting Node ${version} from npm into ${cache}, once (130 MB) ...`);
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'fetch-'));
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(runtime, file), join(dir, file));
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', dir], { encoding: 'utf8' });
    const fetched = join(dir, 'node_modules', packageName, 'bin', 'node');
    const said = spawnSync(fetched, ['--version'], { encoding: 'utf8' });
    if (said.stdout?.trim() !== `v${version}`)
      throw new Error(
        `Node ${version} could not be had: ${[npm.error, npm.stderr, said.error, said.stderr].filter(Boolean).join(' ')}`,
      );
    renameSync(dir, join(cache, `node-${version}`));
  } catch (cause) {
    // Another process was quicker and has left the same files there.
    if (!existsSync(binary)) throw cause;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return binary;
}
