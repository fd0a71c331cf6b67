import { join } from 'node:path';
import { cacheDir } from '../machine/cache.js';
import { onPath, runCommand } from '../machine/command.js';
import { withFileLock } from '../machine/file-lock.js';
import { withProgress } from '../machine/progress.js';
import type { Report } from '../machine/progress.js';
import { BinaryUnavailableError, namedBinary } from './binary.js';

/** A program that needs its system's libraries or rights, so that it comes from the system and not into the user's cache. */
interface DebianProgram {
  /** As it is on PATH. */
  readonly name: string;
  /** Debian's package of it. */
  readonly package: string;
  /** Names the program in the environment, e.g. CPDS_CHROMIUM. */
  readonly variable: string;
}

const chromium: DebianProgram = { name: 'chromium', package: 'chromium', variable: 'CPDS_CHROMIUM' };
const bubblewrap: DebianProgram = { name: 'bwrap', package: 'bubblewrap', variable: 'CPDS_BWRAP' };
const buildah: DebianProgram = { name: 'buildah', package: 'buildah', variable: 'CPDS_BUILDAH' };
const promtool: DebianProgram = { name: 'promtool', package: 'prometheus', variable: 'CPDS_PROMTOOL' };

/** Chromium, in which tests run what pages will run. @throws BinaryUnavailableError says what to do */
export const chromiumBinary = (report: Report): Promise<string> => findProgram(chromium, report);

/** bubblewrap, which runs a program in a root file system of its own, for root and for others. @throws BinaryUnavailableError says what to do */
export const bubblewrapBinary = (report: Report): Promise<string> => findProgram(bubblewrap, report);

/** buildah, which builds images without a server. @throws BinaryUnavailableError says what to do */
export const buildahBinary = (report: Report): Promise<string> => findProgram(buildah, report);

/** Prometheus' own checker of alert rules. @throws BinaryUnavailableError says what to do */
export const promtoolBinary = (report: Report): Promise<string> => findProgram(promtool, report);

/** The one that the environment names, else the one on PATH, else root on Debian installs its package. */
async function findProgram(program: DebianProgram, report: Report): Promise<string> {
  const found = (await namedBinary(program.variable)) ?? (await onPath(program.name));
  if (found !== null) return found;
  if (process.getuid?.() !== 0 || (await onPath('apt-get')) === null)
    throw new ProgramMissingError(program, 'none is on PATH');
  return withProgress(`installing Debian’s ${program.package}`, report, async () =>
    withFileLock(join(await cacheDir(), 'locks', 'apt.lock'), async () => {
      const byAnother = await onPath(program.name);
      if (byAnother !== null) return byAnother;
      await install(program).catch((cause: Error) => {
        throw new ProgramMissingError(program, cause.message);
      });
      const installed = await onPath(program.name);
      if (installed === null) throw new ProgramMissingError(program, `the package ${program.package} put none on PATH`);
      return installed;
    }),
  );
}

/** Fetches the lists of packages first: a new machine has none, or old ones that name files which are gone. */
async function install(program: DebianProgram): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  await runCommand('apt-get', [...wait, 'update'], { env });
  await runCommand('apt-get', [...wait, 'install', '-y', '--no-install-recommends', program.package], { env });
}

/** The program is not here, and cannot be installed. */
class ProgramMissingError extends BinaryUnavailableError {
  constructor({ name, package: debian, variable }: DebianProgram, reason: string) {
    super(
      `${name}: ${reason}. Install it (on Debian, as root: apt-get install -y ${debian}) or name one in ${variable}`,
    );
  }
}
