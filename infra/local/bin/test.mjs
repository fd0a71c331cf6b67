// `npm test`: installs and builds like `npm start`, runs every check and test on private servers, and ends with `tests: N passed, M failed`.
// Exit code 0 only when nothing failed. `npm test -- unit lint` runs only the stages named.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SetupError, build, buildLocal, install, requireNode, root, run, withProgress } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const jestEnv = { ...process.env, FORCE_COLOR: process.env.FORCE_COLOR ?? '0' };
const ignored = ['/node_modules/', '/dist/', '/.cpds/'];

/** A check that passes or fails as one. */
const check = (command, args) => async () => {
  const { code } = await run(command, args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
};

/** Two checks that count one each. */
const both = (first, second) => async () => {
  const [one, other] = [await first(), await second()];
  return { passed: one.passed + other.passed, failed: one.failed + other.failed };
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

/** The Solidity tests; their last line says how many there were. */
const solidity = async () => {
  const { code, text } = await run('npm', ['run', '--silent', '--workspace', 'libs/contracts', 'test'], {
    env: { ...process.env, NO_COLOR: '1', FOUNDRY_COLOR: 'never' },
  });
  const totals = [...text.matchAll(/(\d+) tests passed, (\d+) failed, (\d+) skipped/g)].at(-1);
  if (totals === undefined) return { passed: 0, failed: 1 };
  const failed = Number(totals[2]) + Number(totals[3]);
  return { passed: Number(totals[1]), failed: code !== 0 && failed === 0 ? 1 : failed };
};

/**
 * Runs `check` unless it passed before on the very same files of `folder` and the same packages. A fresh clone remembers nothing.
 */
const onceFor = (name, folder, check) => async () => {
  const stamp = join(root, 'node_modules', '.cache', `${name}-passed`);
  const hash = hashOf(folder);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) {
    console.log(`${name}: passed on these very files before`);
    return { passed: 1, failed: 0 };
  }
  const result = await check();
  mkdirSync(dirname(stamp), { recursive: true });
  if (result.failed === 0) writeFileSync(stamp, hash);
  return result;
};

/** Generates everything again and compares: a generated file that nobody regenerated fails. */
const generated = async () => {
  const before = hashOf('libs/contracts');
  const { code } = await run('npm', ['run', '--silent', '--workspace', 'libs/contracts', 'generate'], { quiet: true });
  if (code === 0 && hashOf('libs/contracts') === before) return { passed: 1, failed: 0 };
  console.error('generated files were stale (they are regenerated now: look at the difference and commit it)');
  return { passed: 0, failed: 1 };
};

/** Of every file in a folder that is not made from the others, and of the packages' versions. */
function hashOf(folder) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const made = new Set(['node_modules', 'dist', 'cache', 'out', '.git', '.cpds']);
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (made.has(entry.name)) continue;
      const full = join(path, entry.name);
      if (entry.isDirectory()) visit(full);
      else if (entry.isFile()) hash.update(full).update(readFileSync(full));
    }
  };
  visit(join(root, folder));
  return hash.digest('hex');
}

requireNode();
const started = Date.now();
const giveUp = (cause) => {
  console.error(cause instanceof SetupError ? cause.message : cause);
  console.log('tests: 0 passed, 1 failed');
  process.exit(1);
};
await install().then(buildLocal).catch(giveUp);
// The longest wait of a cold machine (MinIO is built from source) runs beside the build and the checks that need no server.
const servers = run(process.execPath, [join(root, 'infra/local/dist/prefetch.js'), '--with-age']);
await build().catch(giveUp);

const stages = {
  format: check(bin('prettier'), ['--check', '--cache', '--cache-strategy', 'content', '--log-level', 'warn', '.']),
  lockfile: check(process.execPath, [join(root, 'infra/local/bin/complete-lockfile.mjs'), '--check']),
  // Specs are no part of a build: they may use packages that their own does not depend on.
  types: both(check(bin('tsc'), ['-b', 'tsconfig.json']), check(bin('tsc'), ['-p', 'tsconfig.spec.json'])),
  lint: onceFor('lint', '.', check(bin('eslint'), ['--max-warnings', '0', '.'])),
  // What somebody could import says what it promises.
  documented: onceFor(
    'documented',
    'libs/crypto',
    check(bin('typedoc'), ['--options', 'libs/crypto/typedoc.json', '--emit', 'none', '--logLevel', 'Warn']),
  ),
  generated: onceFor('generated', 'libs/contracts', generated),
  unit: jest(['\\.spec\\.ts$'], {
    except: ['\\.integration\\.spec\\.ts$', '\\.e2e\\.spec\\.ts$', '/e2e/'],
    workers: 1,
  }),
  solidity,
  servers: async () => ((await servers).code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }),
  // These wait for blocks more than they compute.
  integration: jest(['\\.integration\\.spec\\.ts$', '/apps/.*\\.e2e\\.spec\\.ts$'], {
    except: ['/e2e/test/'],
    workers: 4,
  }),
  e2e: jest(['/e2e/test/'], { workers: 1 }),
};

const named = process.argv.slice(2);
for (const name of named) {
  if (stages[name] !== undefined) continue;
  console.error(`no stage ${name}; there are: ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0 };
/** Stages of one line run side by side: none of them writes what another reads, and none fills both cores. */
const order = [
  ['format', 'lockfile', 'types', 'lint', 'servers'],
  ['generated', 'documented'],
  ['integration'],
  ['e2e', 'unit', 'solidity'],
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
for (const line of order)
  await Promise.all(line.filter((name) => named.length === 0 || named.includes(name)).map(runStage));
console.log(`\n${table.join('\n')}\nin ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`tests: ${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
