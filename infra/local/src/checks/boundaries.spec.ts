import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const { layers, mayImport, folderOf } = (await import(join(root, 'eslint.config.mjs'))) as {
  layers: string[][];
  mayImport(name: string): string[];
  folderOf(name: string): string;
};

/** What the linter says of `source` if it stood in `file`. */
function lint(file: string, source: string): string {
  const args = ['node_modules/eslint/bin/eslint.js', '--stdin', '--stdin-filename', file];
  const run = spawnSync(process.execPath, args, {
    cwd: root,
    input: source,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return run.stdout + run.stderr;
}

describe('the import boundaries', () => {
  it('refuse an import upwards', () => {
    expect(lint('libs/store/src/planted.ts', "export * from '@cpds/outbox';\n")).toContain(
      'store may import: errors, crypto',
    );
  });

  it('refuse an app in another app, also as a type', () => {
    expect(lint('apps/records/src/planted.ts', "export type { X } from '@cpds/bridge';\n")).toContain(
      'no-restricted-imports',
    );
  });

  it('let libs/crypto import nothing of ours', () => {
    expect(lint('libs/crypto/src/planted.ts', "export * from '@cpds/errors';\n")).toContain(
      'no package of this project',
    );
  });

  it('refuse the back door of a package, a relative path into one, and an import at run time', () => {
    expect(lint('apps/audit/src/planted.ts', "export * from '@cpds/store/src/lease.js';\n")).toContain('one door');
    expect(lint('apps/audit/src/planted.ts', "export * from '../../../libs/store/src/lease.js';\n")).toContain(
      'by name',
    );
    expect(lint('apps/audit/src/planted.ts', "await import('@cpds/bridge');\n")).toContain('statically');
  });

  it('keep the launcher to the cli and to tests', () => {
    const source = "export * from '@cpds/local';\n";
    expect(lint('apps/bridge/src/planted.ts', source)).toContain('no-restricted-imports');
    expect(lint('apps/bridge/src/planted.spec.ts', source)).toBe('');
    expect(lint('apps/cli/src/planted.ts', source)).toBe('');
  });

  it('let only the tests of the whole import the cli, and those no service', () => {
    const source = "export * from '@cpds/cli';\n";
    expect(lint('e2e/test/planted.ts', source)).toBe('');
    expect(lint('apps/bridge/test/planted.ts', source)).toContain('no-restricted-imports');
    expect(lint('e2e/test/planted.ts', "export * from '@cpds/bridge';\n")).toContain('no-restricted-imports');
  });

  it('let the wallet read chains and nothing more', () => {
    expect(lint('libs/wallet/src/planted.ts', "export * from '@cpds/chain';\n")).toContain('without a database');
    expect(lint('libs/wallet/src/planted.ts', "export * from '@cpds/chain/read';\n")).toBe('');
  });

  it('let an import downwards pass', () => {
    expect(lint('apps/bridge/src/planted.ts', "export * from '@cpds/chain';\n")).toBe('');
  });

  it.each(layers.flat())('hold for the dependencies that %s declares', (name) => {
    const manifest = JSON.parse(readFileSync(join(root, folderOf(name), 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const inHouse = Object.keys(manifest.dependencies ?? {}).filter((key) => key.startsWith('@cpds/'));
    expect(mayImport(name)).toEqual(expect.arrayContaining(inHouse.map((key) => key.slice('@cpds/'.length))));
  });
});
