// `npm test`: installs and builds like `npm start`, runs every check and test on private servers, and ends with `tests: N passed, M failed`.
// Exit code 0 only when nothing failed. `npm test -- unit lint` runs only the stages named. Plain enough for Node 18: an older Node than ours hands over first.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { inPinnedNode } from './node.mjs';
import { SetupError, build, install, prefetch, root, run, withProgress } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const jestEnv = { ...process.env, FORCE_COLOR: process.env.FORCE_COLOR ?? '0' };
const ignored = ['/node_modules/', '/dist/', '/.cpds/'];

/** Runs a target of nx, which keeps its result and output, and runs it again when an input changed that nx.json or package.json names for it. */
const nx = async (project, target) => {
  const { code, text } = await run(bin('nx'), ['run', `${project}:${target}`, '--outputStyle=static'], {
    quiet: true,
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NX_NO_CLOUD: 'true' },
  });
  if (code !== 0) console.error(text);
  return { code, text: stripVTControlCharacters(text) };
};

/** A check that passes or fails as a whole. */
const remembered = (project, target) => async () =>
  (await nx(project, target)).code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };

/** What jest ends with. */
const jestSummary = /^Tests: .*$/gm;

/** Tests that depend on few files alone. Their last summary says how many there were; a skipped test is a promise that nobody keeps. */
const rememberedTests = (project, target, summary) => async () => {
  const { code, text } = await nx(project, target);
  const line = [...text.matchAll(summary)].at(-1)?.[0] ?? '';
  const countOf = (word) => Number(new RegExp(`(\\d+) (tests )?${word}`).exec(line)?.[1] ?? 0);
  const passed = countOf('passed');
  const failed = countOf('failed') + countOf('skipped');
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
};

/** A jest run over the specs whose path matches `patterns` and none of `except`. A suite that does not even load counts as one failure. */
const jest =
  (patterns, { except = [], workers = 2 } = {}) =>
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cpds-jest-'));
    try {
      const json = join(dir, 'results.json');
      const { code } = await run(
        process.execPath,
        [
          join(root, 'node_modules/jest/bin/jest.js'),
          ...patterns,
          ...['--json', '--outputFile', json, `--maxWorkers=${workers}`, '--passWithNoTests'],
          ...['--testPathIgnorePatterns', ...ignored, ...except],
        ],
        { env: jestEnv, hideStdout: true },
      );
      if (!existsSync(json)) return { passed: 0, failed: 1 };
      const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
        readFileSync(json, 'utf8'),
      );
      // A skipped test is a promise that nobody keeps.
      const failed = numFailedTests + numRuntimeErrorTestSuites + numPendingTests;
      if (numPendingTests > 0) console.error(`${numPendingTests} skipped tests count as failed`);
      return { passed: numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };

await inPinnedNode();
const started = Date.now();
const giveUp = (cause) => {
  console.error(cause instanceof SetupError ? cause.message : cause);
  console.log('tests: 0 passed, 1 failed');
  process.exit(1);
};
await install().catch(giveUp);
const { ended: servers } = await prefetch(['--tests'], { quiet: false }).catch(giveUp);
await build().catch(giveUp);

const stages = {
  format: remembered('cpds', 'format'),
  lockfile: remembered('cpds', 'lockfile'),
  // Specs are no part of a build: they may use packages that their own does not depend on.
  types: remembered('cpds', 'types'),
  lint: remembered('cpds', 'lint'),
  // Every export of libs/crypto has a doc comment.
  documented: remembered('@cpds/crypto', 'documented'),
  // Generated again and compared: a generated file that nobody regenerated fails.
  generated: remembered('@cpds/contracts', 'generated'),
  // The tests of test:lots and test:mutants, of what nx remembers and of the hand-over to another Node.
  tools: remembered('cpds', 'tools'),
  // What is rendered from infra/k8s: schemas, policies, arrows, pins.
  manifests: rememberedTests('cpds', 'manifests', jestSummary),
  // Images are built twice and compared.
  images: rememberedTests('cpds', 'images', jestSummary),
  unit: jest(['\\.spec\\.ts$'], {
    except: [
      '/infra/images/',
      '/tools/tests/',
      '/tools/manifests/',
      '/libs/crypto/',
      '\\.integration\\.spec\\.ts$',
      '\\.e2e\\.spec\\.ts$',
      '/e2e/',
    ],
    workers: 1,
  }),
  crypto: rememberedTests('@cpds/crypto', 'test', jestSummary),
  solidity: rememberedTests('@cpds/contracts', 'test', /\d+ tests passed, \d+ failed, \d+ skipped/g),
  servers: async () => ((await servers).code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }),
  // These wait for blocks more than they compute.
  services: jest(['/apps/.*\\.(integration|e2e)\\.spec\\.ts$'], { workers: 4 }),
  // With servers too, but of the packages that services are made of.
  libraries: jest(['\\.integration\\.spec\\.ts$'], { except: ['/apps/'], workers: 2 }),
  e2e: jest(['/e2e/test/'], { workers: 1 }),
};

const named = process.argv.slice(2);
for (const name of named) {
  if (stages[name] !== undefined) continue;
  console.error(`no stage ${name}; there are: ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0 };
/** Lines run one after another, and so do the stages of a row. The rows of a line run side by side: none writes what another reads, none fills both cores. */
const order = [
  [['format'], ['lockfile'], ['types'], ['lint'], ['servers']],
  [['generated'], ['documented'], ['tools'], ['manifests']],
  [['services']],
  [['e2e'], ['unit', 'libraries'], ['crypto', 'solidity', 'images']],
];

const table = [];
const runStage = async (name) => {
  console.log(`\n== ${name}`);
  const start = Date.now();
  const { passed, failed } = await withProgress(name, stages[name]);
  total.passed += passed;
  total.failed += failed;
  table.push(
    `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${String(Math.round((Date.now() - start) / 1000)).padStart(5)} s`,
  );
};
const runRow = async (row) => {
  for (const name of row) if (named.length === 0 || named.includes(name)) await runStage(name);
};
for (const line of order) await Promise.all(line.map(runRow));
console.log(`\n${table.join('\n')}\nin ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`tests: ${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
