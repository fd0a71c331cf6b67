import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files that nx compares before it takes a target's result from its cache. */
function inputsOf(target: string): Set<string> {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/nx/dist/bin/nx.js'), 'show', 'target', 'inputs', target, '--json'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
    },
  );
  if (status !== 0) throw new Error(`nx does not tell the inputs of ${target}: ${stderr}`);
  return new Set((JSON.parse(stdout) as { files: string[] }).files);
}

/** Files of the tree, without what is installed or built. */
const filesOf = (patterns: readonly string[]): string[] =>
  globSync(patterns, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist|cache|out|\.(git|nx|cpds))(\/|$)/.test(path),
  });

/** Files of the repository that each target reads. */
const targets: readonly (readonly [target: string, reads: readonly string[], ignores: readonly string[]])[] = [
  [
    '@cpds/crypto:build',
    [
      'libs/crypto/src/**/*.ts',
      'libs/crypto/scripts/*',
      'libs/crypto/*.json',
      'tsconfig.base.json',
      'package-lock.json',
    ],
    ['libs/crypto/README.md', 'docs/protocol.md'],
  ],
  [
    '@cpds/records:build',
    ['apps/records/src/**/*.ts', 'libs/crypto/src/**/*.ts', 'libs/crypto/scripts/*', 'tools/bundle.mjs'],
    ['apps/identity/src/main.ts'],
  ],
  ['@cpds/crypto:documented', ['libs/crypto/src/**/*.ts', 'libs/crypto/typedoc.json'], ['apps/identity/src/main.ts']],
  [
    '@cpds/crypto:test',
    [
      'libs/crypto/{src,attacks,hostile,vectors,interop}/**/*.{ts,json}',
      'libs/crypto/*.json',
      'tools/jest/*.mjs',
      'jest.config.mjs',
      'package-lock.json',
    ],
    ['libs/crypto/README.md', 'apps/identity/src/main.ts'],
  ],
  [
    '@cpds/contracts:test',
    [
      'libs/contracts/{contracts,test,scripts}/**/*.{sol,json,mjs}',
      'libs/contracts/*.{json,toml}',
      'package-lock.json',
    ],
    ['libs/contracts/README.md', 'apps/identity/src/main.ts'],
  ],
  [
    '@cpds/contracts:generated',
    ['libs/contracts/contracts/**/*.sol', 'libs/contracts/scripts/*', 'libs/contracts/src/generated/*'],
    ['apps/identity/src/main.ts'],
  ],
  ['cpds:lint', ['**/*.ts', '**/*.mjs', '**/package.json'], ['README.md']],
  [
    'cpds:tools',
    ['tools/**/*.{ts,mjs}', 'nx.json', 'package.json', 'libs/*/package.json'],
    ['README.md', 'apps/identity/src/main.ts'],
  ],
  [
    'cpds:images',
    ['infra/images/*.mjs', 'infra/images/*Dockerfile', 'infra/local/src/binaries/*.ts', 'package-lock.json', 'LICENSE'],
    ['README.md', 'infra/images/README.md', 'apps/identity/src/main.ts'],
  ],
  [
    'cpds:manifests',
    [
      'infra/k8s/**/*.{yaml,env,conf,rego,json}',
      'docs/ARCHITECTURE.md',
      'tools/{manifests,docs}/**/*.ts',
      'infra/local/src/binaries/*.ts',
      'libs/{bus,messages}/src/**/*.ts',
    ],
    ['README.md', 'apps/identity/src/main.ts'],
  ],
  ['cpds:types', ['**/*.ts', '**/tsconfig*.json'], ['README.md']],
  ['cpds:format', ['**/*.ts', '**/*.mjs', '**/*.md', '.prettierrc.json', '.prettierignore'], []],
  ['cpds:lockfile', ['package-lock.json', 'tools/complete-lockfile.mjs'], ['README.md']],
];

describe('what nx remembers', () => {
  it.each(targets)('%s runs again when what it reads changes, and only then', (target, reads, ignores) => {
    const inputs = inputsOf(target);
    const isTest = /\.spec\.ts$|\/(test|attacks|hostile|interop)\//;
    const isTestToo = /^cpds:|:test$/.test(target);
    const files = filesOf(reads).filter((file) => isTestToo || !isTest.test(file));
    expect(files.length).toBeGreaterThanOrEqual(reads.length);
    expect(files.filter((file) => !inputs.has(file))).toEqual([]);
    expect(ignores.filter((file) => inputs.has(file))).toEqual([]);
  });
});
