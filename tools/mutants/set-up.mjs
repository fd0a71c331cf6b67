// Once in the process that runs mutants, after tools/jest/set-up-worker.mjs: chooses tests, stops after a failure, and says which test runs.
import { addEventHandler } from 'jest-circus';
import fc from 'fast-check';
import { run } from './run.mjs';

// A property that fails has noticed the mutant; the smallest case that fails is nobody's concern here.
const { seed } = Object.getOwnPropertyDescriptors(fc.readConfigureGlobal() ?? {});
fc.configureGlobal(
  Object.defineProperties({}, { ...(seed && { seed }), endOnFailure: { enumerable: true, value: true } }),
);

/** The names of a block and of those around it. */
const namesOf = ({ name, parent }) => (parent === undefined ? [] : [...namesOf(parent), name]);

/** True if a test of the block, or of one inside it, runs. */
const hasTests = (block) =>
  block.children.some((child) => (child.type === 'test' ? child.mode !== 'skip' : hasTests(child)));

/** Lets the code that `entry` runs be counted for `place`, and leaves out the entry while `isLeftOut`. */
function watch(entry, place, isLeftOut) {
  const { fn } = entry;
  if (fn === undefined) return;
  entry.fn = async () => {
    if (isLeftOut()) return;
    const around = run.instrumented.currentTestId;
    run.instrumented.currentTestId = place;
    try {
      await fn();
    } catch (error) {
      run.hasFailed = true;
      throw error;
    } finally {
      run.instrumented.currentTestId = around;
    }
  };
}

addEventHandler((event, { currentDescribeBlock: block }) => {
  if (event.name === 'add_test') {
    const test = block.children.at(-1);
    const id = run.idOf([...namesOf(block), test.name]);
    if (!run.isSelected(id)) test.mode = 'skip';
    watch(test, id, () => run.bails && run.hasFailed);
  }
  if (event.name === 'add_hook') {
    const hook = block.hooks.at(-1);
    const isBefore = hook.type.startsWith('before');
    watch(hook, `${run.idOf(namesOf(block))} > *`, () => !hasTests(block) || (isBefore && run.bails && run.hasFailed));
  }
});
