/** Sources run straight through swc; `@cpds/<name>` resolves to the source of that package, so no test sees a stale build. */
const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'es6' },
  },
];

export default {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  moduleNameMapper: {
    '^@cpds/crypto/(node|libsecp256k1)$': '<rootDir>/libs/crypto/src/$1.ts',
    '^@cpds/chain/read$': '<rootDir>/libs/chain/src/read.ts',
    '^@cpds/local$': '<rootDir>/infra/local/src/index.ts',
    '^@cpds/cli$': '<rootDir>/apps/cli/src/index.ts',
    '^@cpds/(errors|crypto|messages|contracts|store|bus|outbox|chain|client|wallet|audit-verifier|service)$':
      '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/infra/local/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/infra/local/jest/global-teardown.mjs',
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.cpds/'],
  modulePathIgnorePatterns: ['/dist/', '/.cpds/'],
  testTimeout: 60_000,
};
