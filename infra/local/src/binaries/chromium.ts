import { join } from 'node:path';
import { cacheDir } from '../machine/cache.js';
import { onPath, runCommand } from '../machine/command.js';
import { withFileLock } from '../machine/file-lock.js';
import { withProgress } from '../machine/progress.js';
import type { Report } from '../machine/progress.js';
import { BinaryUnavailableError, namedBinary } from './binary.js';

const variable = 'CPDS_CHROMIUM';

/**
 * Finds Chromium, in which tests run what pages will run: the one that CPDS_CHROMIUM names, else `chromium` on PATH,
 * else root on Debian installs the package of that name. A browser needs its system's libraries, so it comes from the
 * system and not into the user's cache.
 *
 * @throws BinaryUnavailableError says what to do
 */
export async function chromiumBinary(report: Report): Promise<string> {
  const found = (await namedBinary(variable)) ?? (await onPath('chromium'));
  if (found !== null) return found;
  if (process.getuid?.() !== 0 || (await onPath('apt-get')) === null) throw new ChromiumMissingError('none is on PATH');
  return withProgress('installing Debian’s chromium', report, async () =>
    withFileLock(join(await cacheDir(), 'locks', 'chromium.lock'), async () => {
      const byAnother = await onPath('chromium');
      if (byAnother !== null) return byAnother;
      await install().catch((cause: Error) => {
        throw new ChromiumMissingError(cause.message);
      });
      const installed = await onPath('chromium');
      if (installed === null) throw new ChromiumMissingError('the package chromium put none on PATH');
      return installed;
    }),
  );
}

/** Fetches the lists of packages first: a new machine has none, or old ones that name files which are gone. */
async function install(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  await runCommand('apt-get', [...wait, 'update'], { env });
  await runCommand('apt-get', [...wait, 'install', '-y', '--no-install-recommends', 'chromium'], { env });
}

/** There is no Chromium, and none can be installed here. */
class ChromiumMissingError extends BinaryUnavailableError {
  constructor(reason: string) {
    super(
      `chromium: ${reason}. Install it (on Debian, as root: apt-get install -y chromium) or name one in ${variable}`,
    );
  }
}
