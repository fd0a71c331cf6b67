// Once in each thread that runs specs, before the first of them.
import { inspect } from 'node:util';
import { addEventHandler } from 'jest-circus';
import { currentLot, drawingAt } from './seeded-randomness.mjs';

// A spec may put others in their place while it runs; the limit of a test is cleared by the ones that set it.
const { setTimeout, clearTimeout } = globalThis;

/** Milliseconds of a test or hook that names no limit of its own. */
const defaultTimeout = 60_000;

// Servers and services that a spec starts must not load sources through the hooks of this thread.
delete process.env.NODE_OPTIONS;

// The runner collects tests with jest-circus and runs them by itself, without their time limits.
addEventHandler((event, { currentDescribeBlock: block }) => {
  const { children, hooks } = block;
  if (event.name === 'add_test') limit(children.at(-1), [...namesOf(block), children.at(-1).name]);
  if (event.name === 'add_hook') limit(hooks.at(-1), [...namesOf(block), hooks.at(-1).type, hooks.length]);
});

/** The names of a block and of those around it. */
function namesOf({ name, parent }) {
  return parent === undefined ? [] : [...namesOf(parent), name];
}

function limit(entry, place) {
  const { fn, timeout = defaultTimeout, name = entry.type } = entry;
  if (fn === undefined) return;
  const lot = currentLot();
  entry.fn = drawingAt(place, () => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${name}: not over after ${timeout} ms`)), timeout);
    });
    return Promise.race([Promise.resolve().then(fn), late])
      .catch((cause) => {
        const error = cause?.stack ? cause : new Error(`${name} threw ${inspect(cause)}`); // the runner prints a stack and nothing else
        if (lot?.hasDrawn) error.stack += `\n    it drew by CPDS_SEED=${lot.seed}`;
        throw error;
      })
      .finally(() => clearTimeout(timer));
  });
}
