// How Stryker runs specs of this project: one process loads the sources once, as `npx jest` does, and a spec anew for each mutant.
// Stryker's own jest runner cannot: it counts on jest to load every module again for every mutant (docs/decisions/0026-planted-faults.md).
import { PluginKind, declareFactoryPlugin } from '@stryker-mutator/api/plugin';
import LightRunner from 'jest-light-runner';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run } from './run.mjs';

/** Limit for memory that loading specs again and again never gives back; above it the process ends, and a fresh one goes on. */
const FULL_BYTES = 1.5e9;

/** Runs the specs of `options.promise.specs` for the mutants of the one file `options.promise.file`. */
class SpecRunner {
  #specs;
  #file;
  #whole = new Set();
  #isSpoilt = false;

  constructor({ promise: { specs, file } }) {
    this.#specs = specs;
    this.#file = file;
  }

  /** A static mutant acts while modules are loaded, so it needs a process of its own. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    await import(pathToFileURL(join(process.cwd(), 'tools/jest/register.mjs')));
    for (const event of ['unhandledRejection', 'uncaughtException'])
      process.on(event, (error) => (run.stray ??= error instanceof Error ? error : new Error(String(error))));
  }

  async dryRun() {
    const coverage = { static: {}, perTest: {} };
    Object.assign(run.instrumented, { mutantCoverage: coverage, currentTestId: undefined, activeMutant: undefined });
    // What runs while the file itself is loaded runs once in a process; all else runs again with each spec.
    await import(pathToFileURL(join(process.cwd(), this.#file)));
    const results = await this.#run(this.#specs, { isSelected: () => true, bails: false });
    const tests = results.filter(({ isTest }) => isTest);
    const broken = results.find(({ failure }) => failure !== undefined);
    if (broken !== undefined) return { status: 'error', errorMessage: `${broken.id}\n${broken.failure}` };
    return {
      status: 'complete',
      mutantCoverage: { static: coverage.static, perTest: sharedOut(coverage.perTest, tests) },
      tests: tests.map(({ id, spec, ms }) => ({ id, name: id, fileName: spec, timeSpentMs: ms, status: 0 })),
    };
  }

  async mutantRun({ activeMutant, mutantActivation, testFilter, hitLimit }) {
    // Stryker takes a runner that throws for broken, starts another and runs this mutant there.
    if (this.#isSpoilt || process.memoryUsage.rss() > FULL_BYTES) throw new Error('this process is used up');
    const ids = testFilter && new Set(testFilter);
    const specs = this.#specs.filter((spec) => !ids || testFilter.some((id) => id.startsWith(`${spec} `)));
    const isSelected = (id) => !ids || ids.has(id) || this.#isWhole(specOf(id));
    Object.assign(run.instrumented, { activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit ? 0 : undefined });
    const results = await this.#run(specs, { isSelected, bails: true });
    const isEndless = run.instrumented.hitCount > hitLimit;
    Object.assign(run.instrumented, { activeMutant: undefined, hitLimit: undefined, hitCount: undefined });
    const failed = results.find(({ failure }) => failure !== undefined);
    const nrOfTests = results.filter(({ isTest }) => isTest).length;
    if (failed === undefined) return { status: 'survived', nrOfTests };
    if (mutantActivation === 'runtime' && !(await this.#passes(failed, results))) {
      // Either its tests build on each other, or the mutant left something in a module that would make the next one fail too.
      if (!this.#isWhole(failed.spec) && (await this.#passes(failed, null))) {
        this.#whole.add(failed.spec);
        return this.mutantRun({ activeMutant, mutantActivation, testFilter, hitLimit });
      }
      this.#isSpoilt = true;
    }
    if (isEndless) return { status: 'timeout', reason: 'a loop without an end' };
    const killedBy = failed.isTest ? [failed.id] : (testFilter ?? []).filter((id) => specOf(id) === failed.spec);
    return { status: 'killed', killedBy, failureMessage: failed.failure, nrOfTests };
  }

  /** True if the spec that failed passes without a mutant: the tests that ran in it up to the failure, or all of them if `results` is null. */
  async #passes(failed, results) {
    const ran = results?.slice(0, results.indexOf(failed) + 1).filter(({ spec }) => spec === failed.spec);
    const ids = failed.isTest && ran ? new Set(ran.map(({ id }) => id)) : null;
    const again = await this.#run([failed.spec], { isSelected: (id) => !ids || ids.has(id), bails: true });
    return again.every(({ failure }) => failure === undefined);
  }

  /** True of a spec whose tests build on each other, so that it runs from its beginning; those with servers mostly are such. */
  #isWhole(spec) {
    return this.#whole.has(spec) || /\.(integration|e2e)\.spec\.ts$/.test(spec);
  }

  /** Runs the tests of `specs` of whose ids `isSelected` is true, up to the first failure if `bails`. */
  async #run(specs, { isSelected, bails }) {
    Object.assign(run, { isSelected, bails, hasFailed: false, stray: undefined });
    const results = [];
    for (const spec of specs) {
      if (bails && run.hasFailed) break;
      run.spec = spec;
      run.instrumented.currentTestId = `${spec} > *`;
      const test = { path: join(process.cwd(), spec), context: { config: projectConfig() } };
      const runner = new LightRunner({ maxWorkers: 1, testNamePattern: null, updateSnapshot: 'none', expand: false });
      await runner.runTests(
        [test],
        undefined,
        async () => {},
        async (_, { testResults }) => {
          for (const { ancestorTitles, title, status, duration, failureMessages } of testResults) {
            const isTest = !/^\((before|after)(All|Each)\)$/.test(title);
            const failure = status === 'failed' ? failureMessages.join('\n') : undefined;
            if (status === 'pending') continue;
            results.push({ id: run.idOf([...ancestorTitles, title]), spec, isTest, ms: duration ?? 0, failure });
          }
        },
        async (_, error) => {
          run.hasFailed = true;
          results.push({ id: `${spec} (loading)`, spec, isTest: false, ms: 0, failure: error.stack });
        },
      );
      await setImmediate();
      if (run.stray !== undefined)
        results.push({ id: `${spec} (stray)`, spec, isTest: false, ms: 0, failure: run.stray.stack });
    }
    return results;
  }
}

/** The spec of a test, from the test's id. */
const specOf = (id) => id.split(' > ')[0];

/** What the runner reads of a jest configuration. */
function projectConfig() {
  const here = fileURLToPath(new URL('set-up.mjs', import.meta.url));
  return {
    rootDir: process.cwd(),
    setupFiles: [],
    setupFilesAfterEnv: [join(process.cwd(), 'tools/jest/set-up-worker.mjs'), here],
    snapshotSerializers: [],
    transform: [],
    transformIgnorePatterns: [],
    snapshotFormat: {},
    slowTestThreshold: 5,
  };
}

/** Coverage by test alone: what a hook or the loading of a spec ran, each test below it ran. */
function sharedOut(perPlace, tests) {
  const perTest = {};
  for (const [place, counts] of Object.entries(perPlace))
    for (const { id } of tests.filter(
      ({ id }) => id === place || (place.endsWith('*') && id.startsWith(place.slice(0, -1))),
    ))
      for (const [mutant, count] of Object.entries(counts))
        (perTest[id] ??= {})[mutant] = (perTest[id][mutant] ?? 0) + count;
  return perTest;
}

const create = (options) => new SpecRunner(options);
create.inject = ['options'];

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'specs', create)];
