/**
 * The run of specs that is under way in this process.
 *
 * `spec`: path of the spec that runs. `isSelected`: whether the test with an id runs. `bails`: stops at the first failure, which `hasFailed` tells.
 * `stray`: an error that no test waited for. `instrumented`: what Stryker's switches in the mutated file read.
 */
export const run = {
  spec: '',
  isSelected: () => true,
  bails: false,
  hasFailed: false,
  stray: undefined,
  instrumented: (globalThis.__stryker__ ??= {}),
  /** The id of the test with these names, in the spec that runs. */
  idOf: (names) => [run.spec, ...names].join(' > '),
};
