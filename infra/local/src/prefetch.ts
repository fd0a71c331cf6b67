import { onPath } from './machine/command.js';
import { reportToStderr } from './machine/progress.js';
import { postgresBinDir } from './binaries/postgres.js';
import { ageBinary, anvilBinary, minioBinary, natsServerBinary } from './binaries/sources.js';

/**
 * Finds or gets every server, in parallel, and prints one line each. Exits 1 where one that must be there is not: MinIO must when Go is, since Go can build it;
 * the public age tool is for tests only (`--with-age`).
 */
const wanted: [string, () => Promise<string>][] = [
  ['nats-server', () => natsServerBinary(reportToStderr)],
  ['postgres', () => postgresBinDir(reportToStderr)],
  ['minio', () => minioBinary(reportToStderr)],
  ['anvil', () => anvilBinary()],
  ...(process.argv.includes('--with-age')
    ? [['age', () => ageBinary(reportToStderr)] as [string, () => Promise<string>]]
    : []),
];

const results = await Promise.all(
  wanted.map(([name, find]) =>
    find().then(
      (path) => ({ name, path, problem: null }),
      (cause: Error) => ({ name, path: null, problem: cause.message }),
    ),
  ),
);
for (const { name, path, problem } of results) console.log(`${name}: ${path ?? problem}`);

const isGoPresent = (await onPath('go')) !== null;
const missing = results.filter(({ path }) => path === null);
const excused = missing.filter(({ name }) => name === 'minio' && !isGoPresent);
if (missing.length > excused.length) process.exitCode = 1;
