/**
 * Every door of this package begins with what it promises and an example. The examples compile as a caller's code
 * would, run, and give the values that they state. package.json, typedoc and the specs of `hostile/` have the same
 * doors.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import * as library from '../hostile/library.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const json = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;
const { exports } = json('package.json') as { exports: Record<string, { types: string }> };

/** A door: the path that a caller imports, the source behind it, and the example at its head. */
const doors = Object.entries(exports).map(([door, { types }]) => {
  const file = types.replace(/^\.\/dist\/(.+)\.d\.ts$/, 'src/$1.ts');
  const [head = ''] = /^\/\*\*[^]*?\*\//.exec(readFileSync(join(root, file), 'utf8')) ?? [];
  const [, lines = ''] = /^ \* ```ts\n([^]*?)^ \* ```$/m.exec(head) ?? [];
  return { name: `@cpds/crypto${door.slice(1)}`, file, head, example: lines.replace(/^ \* ?/gm, '') };
});

/** A line that states its value: `verifyRing(statement, signature); // true`. */
const STATED = /^(\S.*); \/\/ (true|false|undefined|\d+|'[^']*')$/gm;

describe('the doors', () => {
  it('are the entry points of the documentation', () => {
    const { entryPoints } = json('typedoc.json') as { entryPoints: string[] };
    expect(entryPoints).toEqual(doors.map(({ file }) => file));
  });

  it('are all called, mutated and watched in hostile/', () => {
    const apart = ['', 'node', 'browser', 'libsecp256k1'];
    const names = Object.keys(exports).map((door) => door.slice(2));
    const camel = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const called = Object.keys(library).filter((name) => name !== 'CryptoError');
    expect(called).toEqual(names.filter((name) => !apart.includes(name)).map(camel));
  });
});

describe('the example of a door', () => {
  it.each(doors)('$name is imported in it, after one sentence or more of promise', ({ name, head, example }) => {
    expect(head).toMatch(/^\/\*\*\n \* \S/);
    expect(example).toContain(`'${name}'`);
  });

  it('compiles, and would not with a name that its door does not have', () => {
    const { example } = doors.find(({ name }) => name === '@cpds/crypto/generation')!;
    const planted = example.replace('generation.start', 'generation.begin');
    expect(refusals([...doors.map((door) => door.example), planted])).toEqual([
      expect.stringContaining(`${planted}: Property 'begin' does not exist`),
    ]);
  });

  it.each(doors)('$name gives what it says', async ({ example }) => {
    const given = await run(example);
    expect(given.length).toBeGreaterThan(0);
    for (const [text, value, stated] of given) expect([text, value]).toEqual([text, stated]);
  });
});

/** The compiler's errors in the examples, each compiled as a module of its own. */
function refusals(examples: readonly string[]): string[] {
  const texts = new Map(examples.map((example, i) => [join(root, 'src', `example-${i}.ts`), example]));
  const options: ts.CompilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
    noEmit: true,
    paths: Object.fromEntries(doors.map(({ name, file }) => [name, [join(root, file)]])),
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, language) => {
    const text = texts.get(name);
    return text === undefined ? getSourceFile(name, language) : ts.createSourceFile(name, text, language);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((name) => {
    const source = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText }) => `${texts.get(name)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  });
}

/** Runs an example from a file of its own; returns each line that states a value, with the value it gave and the stated one. */
async function run(example: string): Promise<[string, unknown, unknown][]> {
  const noting = example.replace(STATED, (line, expression: string, value: string) => {
    return `given.push([${JSON.stringify(line)}, ${expression}, ${value}]);`;
  });
  const dir = mkdtempSync(join(tmpdir(), 'cpds-example-'));
  try {
    const path = join(dir, 'example.ts');
    writeFileSync(path, `export const given: unknown[] = [];\n${noting}`); // imports are hoisted, wherever they stand
    return ((await import(pathToFileURL(path).href)) as { given: [string, unknown, unknown][] }).given;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
