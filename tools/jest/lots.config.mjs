import base from '../../jest.config.mjs';

/** The unit specs, each under many seeds: what `npm run test:lots` runs. */
const { globalSetup: _setup, globalTeardown: _tearDown, ...rest } = base;

export default {
  ...rest,
  rootDir: '../..',
  runner: '<rootDir>/tools/jest/lots-runner.mjs',
  reporters: [],
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '\\.(integration|e2e)\\.spec\\.ts$'],
};
