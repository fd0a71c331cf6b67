/**
 * The run of specs that is under way in this process.
 *
 * `spec`: path of the spec that runs. `selected`: ids of the tests that run, null for all. `bails`: stops at the first failure, which `hasFailed` tells.
 * `stray`: an error that no test waited for. `instrumented`: what Stryker's switches in the mutated file read.
 */
export const run = {
  spec: '',
  selected: null,
  bails: false,
  hasFailed: false,
  stray: undefined,
  instrumented: (globalThis.__stryker__ ??= {}),
  /** The id of the test with these names, in the spec that runs. */
  idOf: (names) => [run.spec, ...names].join(' > '),
};
