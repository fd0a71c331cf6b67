// Once in each thread that runs specs, before the first of them.
import { inspect } from 'node:util';
import { addEventHandler } from 'jest-circus';

/** Milliseconds of a test or hook that names no limit of its own. */
const defaultTimeout = 60_000;

// Servers and services that a spec starts are not to load sources through the hooks of this thread.
delete process.env.NODE_OPTIONS;

// The runner collects tests with jest-circus and runs them by itself, without their time limits.
addEventHandler((event, { currentDescribeBlock }) => {
  if (event.name === 'add_test') limit(currentDescribeBlock.children.at(-1));
  if (event.name === 'add_hook') limit(currentDescribeBlock.hooks.at(-1));
});

function limit(entry) {
  const { fn, timeout = defaultTimeout, name = entry.type } = entry;
  if (fn === undefined) return;
  entry.fn = () => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${name}: not over after ${timeout} ms`)), timeout);
    });
    return Promise.race([Promise.resolve().then(fn), late])
      .catch((cause) => {
        throw cause?.stack ? cause : new Error(`${name} threw ${inspect(cause)}`); // the runner prints a stack and nothing else
      })
      .finally(() => clearTimeout(timer));
  };
}
