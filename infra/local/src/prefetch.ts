import { onPath } from './machine/command.js';
import { reportToStderr } from './machine/progress.js';
import { bubblewrapBinary, buildahBinary, chromiumBinary, promtoolBinary } from './binaries/debian.js';
import { customResources, kubectlBinary, kubernetesSchemas, opaBinary } from './binaries/kubernetes.js';
import { postgresBinDir } from './binaries/postgres.js';
import { ageBinary, anvilBinary, minioBinary, natsServerBinary, pydicomFolder } from './binaries/sources.js';

/**
 * Finds or gets every server, in parallel, and prints one line each. Exits 1 if a required one is missing: MinIO is
 * required if there is Go, since Go can build it. With `--tests` also what only tests use; without, MinIO only where
 * CPDS_S3_ENDPOINT names no other server.
 */
const isForTests = process.argv.includes('--tests');
const wanted: (readonly [string, () => Promise<string>])[] = [
  ['nats-server', () => natsServerBinary(reportToStderr)],
  ['postgres', () => postgresBinDir(reportToStderr)],
  ...(isForTests || !process.env['CPDS_S3_ENDPOINT'] ? [['minio', () => minioBinary(reportToStderr)] as const] : []),
  ['anvil', () => anvilBinary()],
  ...(isForTests
    ? [
        ['age', () => ageBinary(reportToStderr)] as const,
        ['pydicom', () => pydicomFolder(reportToStderr)] as const,
        ['chromium', () => chromiumBinary(reportToStderr)] as const,
        ['bubblewrap', () => bubblewrapBinary(reportToStderr)] as const,
        ['buildah', () => buildahBinary(reportToStderr)] as const,
        ['kubectl', () => kubectlBinary(reportToStderr)] as const,
        ['schemas of Kubernetes', () => kubernetesSchemas(reportToStderr)] as const,
        ['custom resources', () => customResources(reportToStderr)] as const,
        ['opa', () => opaBinary(reportToStderr)] as const,
        ['promtool', () => promtoolBinary(reportToStderr)] as const,
      ]
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
