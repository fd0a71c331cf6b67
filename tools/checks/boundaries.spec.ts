import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { layers, mayImport, folderOf } = (await import(join(root, 'eslint.config.mjs'))) as {
  layers: string[][];
  mayImport(name: string): string[];
  folderOf(name: string): string;
};

const local = "export * from '@cpds/local';\n";
const cli = "export * from '@cpds/cli';\n";
const chain = "export * from '@cpds/chain';\n";

/** Files to plant with their source, and words that the linter's message must hold; with empty words it must accept the file. */
const planted: readonly (readonly [rule: string, file: string, source: string, says: string])[] = [
  [
    'no import upwards',
    'libs/store/src/planted.ts',
    "export * from '@cpds/outbox';\n",
    'store may import: errors, crypto',
  ],
  [
    'no app in an app, not as a type',
    'apps/records/src/planted.ts',
    "export type { X } from '@cpds/bridge';\n",
    'restricted',
  ],
  [
    'nothing in libs/crypto',
    'libs/crypto/src/planted.ts',
    "export * from '@cpds/errors';\n",
    'no package of this project',
  ],
  ['no back door', 'apps/audit/src/planted.ts', "export * from '@cpds/store/src/lease.js';\n", 'one door'],
  ['no relative path', 'apps/audit/src/planted.ts', "export * from '../../../libs/store/src/lease.js';\n", 'by name'],
  ['no import at run time', 'apps/audit/src/planted.ts', "await import('@cpds/bridge');\n", 'statically'],
  ['no launcher in a service', 'apps/bridge/src/planted.ts', local, 'no-restricted-imports'],
  ['the launcher in a test', 'apps/bridge/src/planted.spec.ts', local, ''],
  ['the launcher in the cli', 'apps/cli/src/planted.ts', local, ''],
  ['the cli in the tests of the whole', 'e2e/test/planted.ts', cli, ''],
  ['no cli in a service', 'apps/bridge/test/planted.ts', cli, 'no-restricted-imports'],
  [
    'no service in the tests of the whole',
    'e2e/test/planted.ts',
    "export * from '@cpds/bridge';\n",
    'no-restricted-imports',
  ],
  ['no database in the wallet', 'libs/wallet/src/planted.ts', chain, 'without a database'],
  ['chains to read in the wallet', 'libs/wallet/src/planted.ts', "export * from '@cpds/chain/read';\n", ''],
  [
    'no fetch as a method where pages run it',
    'libs/client/src/planted.ts',
    "export const ask = (its: { fetcher: typeof fetch }) => its.fetcher('/');\n",
    'refuses fetch as a method',
  ],
  ['fetch by itself', 'libs/client/src/planted.ts', "export const ask = () => fetch('/');\n", ''],
  [
    'no transaction that nothing is told of',
    'apps/bridge/src/planted.ts',
    'unitOfWork.run(work);\n',
    'told of the change',
  ],
  [
    'not in a class either',
    'apps/identity/src/planted.ts',
    'export class X { unitOfWork = { run() {} }; y() { return this.unitOfWork.run(); } }\n',
    'told of the change',
  ],
  [
    'no event appended by hand',
    'apps/records/src/planted.ts',
    'await outbox.append(tx, type, body);\n',
    'Return the event',
  ],
  [
    'no transaction begun elsewhere',
    'apps/bridge/src/planted.ts',
    'changes.within(tx, outcome);\n',
    'hooks of libraries',
  ],
  [
    'what a hook tells',
    'apps/bridge/src/planted.ts',
    'new Sender({ onSigned: (tx, sent) => changes.within(tx, leafOf(sent)) });\n',
    '',
  ],
  ['a change that is told of', 'apps/bridge/src/planted.ts', 'changes.commit(work);\n', ''],
  ['a transaction in a test', 'apps/bridge/src/planted.spec.ts', 'unitOfWork.run(work);\n', ''],
  ['a transaction of what tests share', 'apps/bridge/src/testing/planted.ts', 'unitOfWork.run(work);\n', ''],
  ['a transaction of the log itself', 'apps/audit/src/planted.ts', 'unitOfWork.run(work);\n', ''],
  ['what lies below', 'apps/bridge/src/planted.ts', chain, ''],
];

/** Lints all planted files in one process of its own, since ESLint does not run inside this test's module registry. */
const linter = `
  import { readFileSync } from 'node:fs';
  import { ESLint } from 'eslint';
  const eslint = new ESLint();
  const said = [];
  for (const [, file, source] of JSON.parse(readFileSync(0, 'utf8'))) {
    const [result] = await eslint.lintText(source, { filePath: file });
    said.push(result.messages.map(({ ruleId, message }) => ruleId + ': ' + message).join('\\n'));
  }
  process.stdout.write(JSON.stringify(said));
`;

describe('the import boundaries', () => {
  let said: string[];

  beforeAll(() => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', linter], {
      cwd: root,
      input: JSON.stringify(planted),
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    if (run.status !== 0) throw new Error(`the linter did not run: ${run.stderr}`);
    said = JSON.parse(run.stdout) as string[];
  });

  it.each(planted.map(([rule, , , says], i) => [says === '' ? 'allow' : 'refuse', rule, says, i] as const))(
    '%s: %s',
    (_verdict, _rule, says, i) => {
      if (says === '') expect(said[i]).toBe('');
      else expect(said[i]).toContain(says);
    },
  );

  it.each(layers.flat())('hold for the dependencies that %s declares', (name) => {
    const manifest = JSON.parse(readFileSync(join(root, folderOf(name), 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const inHouse = Object.keys(manifest.dependencies ?? {}).filter((key) => key.startsWith('@cpds/'));
    expect(mayImport(name)).toEqual(expect.arrayContaining(inHouse.map((key) => key.slice('@cpds/'.length))));
  });
});
