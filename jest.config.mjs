import { fileURLToPath } from 'node:url';

/** Specs run in plain Node, in threads that load each module once (tools/jest): a context of their own per spec took longer than most specs. */
const register = fileURLToPath(new URL('tools/jest/register.mjs', import.meta.url));
process.env.NODE_OPTIONS = `--import=${register} --no-warnings`;
await import(register);

export default {
  rootDir: '.',
  runner: 'jest-light-runner',
  transform: {},
  globalSetup: '<rootDir>/tools/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/tools/jest/global-teardown.mjs',
  setupFilesAfterEnv: ['<rootDir>/tools/jest/set-up-worker.mjs'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.cpds/'],
  modulePathIgnorePatterns: ['/dist/', '/.cpds/'],
};
