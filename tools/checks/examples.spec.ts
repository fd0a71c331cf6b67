import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Commands, cpdsCommandsIn, stagesIn, unknownCommands } from '../docs/commands.js';
import { CompiledPages, examplesOf } from '../docs/examples.js';
import { root, type Source, sources } from '../docs/sources.js';

/** Code, commands and imports that the pages tell a reader to use exist. */

const pages = sources('**/*.md').map(({ file, text }) => ({ page: relative(root, file), text }));

const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;

const sourceOf = (path: string): Source => ({ file: join(root, path), text: readFileSync(join(root, path), 'utf8') });

/** The package.json nearest to a page, and that of the root. */
function manifestsOf(page: string): string[] {
  let folder = dirname(page);
  while (!existsSync(join(root, folder, 'package.json'))) folder = dirname(folder);
  return ['package.json', join(folder, 'package.json')];
}

const cpds = cpdsCommandsIn(sourceOf('apps/cli/src/main.ts'));
const stages = stagesIn(sourceOf('tools/test.mjs'));

const commandsAt = (page: string): Commands => ({
  scripts: manifestsOf(page).flatMap((manifest) => Object.keys(json(manifest)['scripts'] ?? {})),
  stages,
  cpds,
});

/** Names in the first column of tables whose header begins with "export": `Leases.hold(name, …)`, `.forOperator`. */
function promisedExports(text: string): string[] {
  const rows = [...text.matchAll(/^\| export\b.*\n\|[- |]+\n((?:\|.*\n)*)/gm)].flatMap(([, body]) => body!.split('\n'));
  const cells = rows.map((row) => row.split(' | ')[0]!);
  return cells.flatMap((cell) => {
    let head = '';
    return [...cell.matchAll(/`([^`]+)`/g)]
      .flatMap(([, span]) => span!.replace(/\(.*\)/, '').split(' '))
      .filter((name) => /^\.?[A-Za-z]\w*(\.\w+)*$/.test(name))
      .map((name) => {
        if (!name.startsWith('.')) head = name.split('.')[0]!;
        return name.startsWith('.') ? `${head}${name}` : name;
      });
  });
}

/** The specifiers through which a package is imported. */
function doorsOf(folder: string): string[] {
  const { name, exports = {} } = json(join(folder, 'package.json')) as { name: string; exports?: object };
  return Object.keys(exports).map((door) => name + door.slice(1));
}

const examples = pages.flatMap(({ page, text }) => examplesOf(page, text));

const promises = pages
  .filter(({ page }) => /^libs\/[\w-]+\/README\.md$/.test(page))
  .map(({ page, text }) => ({ page, names: promisedExports(text), doors: doorsOf(dirname(page)) }))
  .filter(({ names }) => names.length > 0);

const compiled = new CompiledPages(
  examples,
  promises.flatMap(({ doors }) => doors),
);

describe('the pages', () => {
  it('hold TypeScript that compiles', () => {
    expect(examples.length).toBeGreaterThan(8);
    expect(compiled.faults()).toEqual([]);
  });

  it.each(promises.map(({ page, ...rest }) => [page, rest] as const))(
    'promise exports that exist: %s',
    (_, promise) => {
      const exports = promise.doors.flatMap((door) => compiled.exports(door));
      const exists = (name: string): boolean => exports.some((one) => one === name || one.endsWith(`.${name}`));
      expect(promise.names.filter((name) => !exists(name))).toEqual([]);
    },
  );

  it('name commands, scripts and stages that exist', () => {
    expect([cpds.size, stages.length].every((count) => count > 9)).toBe(true);
    expect(
      pages.flatMap(({ page, text }) => unknownCommands(text, commandsAt(page)).map((command) => `${page}:${command}`)),
    ).toEqual([]);
  });

  it('tell every command of the cli', () => {
    const { text } = pages.find(({ page }) => page === 'apps/cli/README.md')!;
    expect([...cpds.keys()].filter((name) => !text.includes(`\`cpds ${name}`))).toEqual([]);
  });
});

describe('the reading of pages', () => {
  const text = [
    'Prose.',
    '<!-- given:',
    'declare const a: string;',
    '-->',
    '',
    '```ts',
    'a.length;',
    '```',
    '```sh',
    'ls',
    '```',
    '```ts',
    'export const b = 1;',
    '```',
  ].join('\n');

  it('finds blocks of TypeScript with their lines and what they are given', () => {
    expect(examplesOf('page.md', text)).toEqual([
      { page: 'page.md', line: 7, given: 'declare const a: string;', code: 'a.length;\n' },
      { page: 'page.md', line: 13, given: '', code: 'export const b = 1;\n' },
    ]);
  });

  it('says at which line an example is wrong', () => {
    const given = "import { missing } from '@cpds/errors';\ndeclare const code: string;";
    const code = "code.length;\nmissing(code, 'gone', { field: 1 });\nexport const n = code.size;\n";
    expect(new CompiledPages([{ page: 'docs/planted.md', line: 10, given, code }]).faults()).toEqual([
      "docs/planted.md:11: Type 'number' is not assignable to type 'string'.",
      "docs/planted.md:12: Property 'size' does not exist on type 'string'.",
    ]);
  });

  it('names the exports that a table promises', () => {
    const table =
      '| export | for |\n| --- | --- |\n| `Leases.hold(name, …)`, `.free` | `x` |\n| `b c`, `@cpds/x` | y |\n\n| file |\n| --- |\n| `z` |\n';
    expect(promisedExports(table)).toEqual(['Leases.hold', 'Leases.free', 'b', 'c']);
  });
});

describe('the reading of commands', () => {
  const known: Commands = {
    scripts: ['build', 'docs:tables'],
    stages: ['unit', 'e2e'],
    cpds: new Map([
      ['start', ['--once']],
      ['up', ['--dir']],
      ['wallet list', []],
      ['wallet revoke', ['--bridge']],
    ]),
  };

  it.each([
    'runs `npm run build` and `npm run`, then `npm run docs:tables -- x`',
    'npm test -- unit e2e',
    '`npm start -- --once` and `cpds up --dir DIR`; cpds/north/audit',
    'npx cpds wallet list | revoke ID [--bridge URL]   the patients',
    '`npx jest tools/checks` and `npx jest PATH`',
  ])('knows what exists: %s', (line) => {
    expect(unknownCommands(line, known)).toEqual([]);
  });

  it.each([
    ['`npm run biuld`', '1: npm run biuld'],
    ['npm test -- unit e3e', '1: npm test -- e3e'],
    ['npm start -- --twice', '1: cpds start --twice'],
    ['npx cpds up | sideways', '1: cpds sideways'],
    ['npx cpds wallet list | lose', '1: cpds lose'],
    ['`cpds wallet revoke ID --door URL`', '1: cpds wallet revoke --door'],
    ['npx jest apps/nowhere', '1: npx jest apps/nowhere'],
  ])('notices what does not: %s', (line, unknown) => {
    expect(unknownCommands(line, known)).toEqual([unknown]);
  });

  it('finds commands with the options of each, and stages', () => {
    const text = `
      const wallet = program.command('wallet').description('x');
      parent.command(usage).option('--dir <dir>', 'x');
      command(program, 'up', 'x', run).option('--once', 'x').option('--report <file>', 'x');
      command(wallet, 'revoke <id>', 'x', run);
      const stages = { format: one, unit: two };`;
    expect([...cpdsCommandsIn({ file: 'main.ts', text })]).toEqual([
      ['up', expect.arrayContaining(['--dir', '--once', '--report'])],
      ['wallet revoke', ['--dir']],
    ]);
    expect(stagesIn({ file: 'test.mjs', text })).toEqual(['format', 'unit']);
  });
});
