// Runs each spec under many seeds in this one process and sends the parent the result of each run. Modules are loaded
// once, the spec itself for each run.
import LightRunner from 'jest-light-runner';
import { performance } from 'node:perf_hooks';
import { currentLot } from './seeded-randomness.mjs';

/** Limit for memory that loading specs again and again never gives back; above it this process ends, and the parent goes on in a fresh one. */
const FULL_BYTES = 1.5e9;

/**
 * `turns`: path of a spec, its first and last seed. Seeds are `word`, a dot and a number. `until`: the time to be done,
 * in ms since 1970, or null; each turn gets an equal part of the time that is left.
 */
const { word, turns, until } = JSON.parse(process.env.CPDS_LOTS ?? '{"turns":[]}');

/** jest's interface of a runner. */
export default class LotsRunner extends LightRunner {
  async runTests(tests, watcher) {
    for (const [i, [spec, first, last]] of turns.entries()) {
      const test = tests.find(({ path }) => path.endsWith(`/${spec}`));
      const end = until === null ? Infinity : Date.now() + (until - Date.now()) / (turns.length - i);
      for (let number = first; number <= last && Date.now() <= end; number++) {
        process.send({ spec, number });
        const run = await this.#run(test, watcher, `${word}.${number}`);
        const isFull = process.memoryUsage.rss() > FULL_BYTES;
        process.send({ spec, number, isFull, ...run });
        if (isFull) return;
      }
    }
  }

  /** One run: its failures, and the bytes drawn at each place of the spec. */
  async #run(test, watcher, seed) {
    process.env.CPDS_SEED = seed;
    const start = performance.now();
    let failures;
    await super.runTests(
      [test],
      watcher,
      async () => {},
      async (_, { testResults }) => {
        failures = testResults
          .filter(({ status }) => status === 'failed')
          .map(({ ancestorTitles, title, failureMessages }) => ({
            name: [...ancestorTitles, title].join(' '),
            isTest: !/^\((before|after)/.test(title),
            message: failureMessages.join('\n'),
          }));
      },
      async (_, error) => {
        failures = [{ name: '(loading)', isTest: false, message: error.stack }];
      },
    );
    return { failures, drawn: currentLot()?.drawn ?? {}, ms: performance.now() - start };
  }
}
