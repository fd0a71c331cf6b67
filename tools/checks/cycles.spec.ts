import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type IModule } from 'dependency-cruiser';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { layers, folderOf } = (await import(join(root, 'eslint.config.mjs'))) as {
  layers: string[][];
  folderOf(name: string): string;
};

/** The other parts that each part of a folder imports, with one import that shows it. */
type Imports = Map<string, Map<string, string>>;

/**
 * The files of these packages with their imports, types included. Specs are left out: a spec beside the code starts what lies above it, and nothing
 * imports a spec. What tests share (`testing/`) is code like any other.
 */
async function modulesOf(baseDir: string, packages: readonly string[]): Promise<IModule[]> {
  const { output } = await cruise(
    packages.map((name) => `${name}/src`),
    { baseDir, tsPreCompilationDeps: true, includeOnly: '/src/.*\\.ts$|^\\.', exclude: '\\.spec\\.ts$' },
    { extensions: ['.ts'], extensionAlias: { '.js': ['.ts'] } },
  );
  if (typeof output === 'string') throw new Error(`no graph came back: ${output}`);
  const modules = output.modules.filter(({ source }) => !source.startsWith('.'));
  return modules.sort((a, b) => (a.source < b.source ? -1 : 1));
}

/**
 * The shortest import cycle of every folder of one package that has one.
 *
 * Two parts of a folder are compared: its folders, each with all that lies below it, and its files, each on its own. So a file at the root of `src` is a
 * part like a folder: `app.module.ts` may import every folder because no folder imports it, and every folder may import `config.ts` as long as `config.ts`
 * imports none of them. One part for all root files would be in a cycle with every folder, and no part for them would hide a cycle that leads through one.
 */
function cyclesOf(modules: readonly IModule[]): string[] {
  const importsIn = new Map<string, Imports>();
  for (const { source, dependencies } of modules)
    for (const { resolved } of dependencies) {
      const from = source.split('/');
      const to = resolved.split('/');
      const depth = from.findIndex((part, at) => part !== to[at]);
      const folder = from.slice(0, depth).join('/');
      if (!/(^|\/)src(\/|$)/.test(folder)) continue; // another package
      const imports = importsIn.get(folder) ?? new Map<string, Map<string, string>>();
      const ofPart = imports.get(from[depth]!) ?? new Map<string, string>();
      ofPart.set(to[depth]!, `${from.slice(depth).join('/')} imports ${to.slice(depth).join('/')}`);
      importsIn.set(folder, imports.set(from[depth]!, ofPart));
    }
  return [...importsIn].flatMap(([folder, imports]) => {
    const cycle = shortestCycle(imports);
    return cycle ? [`${folder}: ${cycle.join(', ')}`] : [];
  });
}

/** The imports along the shortest way from a part back to itself. */
function shortestCycle(imports: Imports): string[] | undefined {
  const cycles: string[][] = [];
  for (const start of imports.keys()) {
    const seen = new Set<string>();
    const ways: { at: string; by: string[] }[] = [{ at: start, by: [] }];
    // grows while it is walked: breadth first
    for (const { at, by } of ways)
      for (const [next, example] of imports.get(at) ?? []) {
        if (next === start) cycles.push([...by, example]);
        if (!seen.has(next)) ways.push({ at: next, by: [...by, example] });
        seen.add(next);
      }
  }
  return cycles.sort((a, b) => a.length - b.length)[0];
}

describe('the folders of one package', () => {
  const packages = layers.flat().map(folderOf);
  let modules: IModule[];

  beforeAll(async () => {
    modules = await modulesOf(root, packages);
  }, 120_000);

  it('are all read, and every import in them is found', () => {
    const lost = modules.flatMap(({ source, dependencies }) =>
      dependencies.filter(({ couldNotResolve }) => couldNotResolve).map(({ module }) => `${source}: ${module}`),
    );
    expect(lost).toEqual([]);
    expect(packages.filter((name) => !modules.some(({ source }) => source.startsWith(`${name}/`)))).toEqual([]);
  });

  it.each(packages)('import each other in one direction: %s', (name) => {
    expect(cyclesOf(modules.filter(({ source }) => source.startsWith(`${name}/`)))).toEqual([]);
  });
});

/** Packages, each with the imports of its files, and the folders a cycle is to be seen in. */
const planted: Record<string, { imports: Record<string, string>; seen: string[] }> = {
  'a pair': {
    imports: { 'a/one.ts': "import '../b/two.js';", 'b/two.ts': '', 'b/three.ts': "export * from '../a/one.js';" },
    seen: ['src: a/one.ts imports b/two.ts, b/three.ts imports a/one.ts'],
  },
  'a longer one': {
    imports: {
      'a/one.ts': "import { two } from '../b/two.js'; two();",
      'b/two.ts': "export { three as two } from '../c/three.js';",
      'c/three.ts': "import '../a/four.js'; export const three = () => 3;",
      'a/four.ts': '',
    },
    seen: ['src: a/one.ts imports b/two.ts, b/two.ts imports c/three.ts, c/three.ts imports a/four.ts'],
  },
  'one of types': {
    imports: {
      'a/one.ts': "import type { Two } from '../b/two.js'; export type One = Two;",
      'b/two.ts': "import { type One } from '../a/one.js'; export type Two = 2; export type Other = One;",
    },
    seen: ['src: a/one.ts imports b/two.ts, b/two.ts imports a/one.ts'],
  },
  'one through a root file': {
    imports: { 'config.ts': "import './a/two.js';", 'a/one.ts': "import '../config.js';", 'a/two.ts': '' },
    seen: ['src: a/one.ts imports config.ts, config.ts imports a/two.ts'],
  },
  'one between a folder and its own': {
    imports: { 'a/one.ts': "import './in/two.js';", 'a/in/two.ts': '', 'a/in/three.ts': "import '../one.js';" },
    seen: ['src/a: in/three.ts imports one.ts, one.ts imports in/two.ts'],
  },
  'none in a composition': {
    imports: {
      'app.module.ts': "import './a/one.js'; import './b/two.js'; import './config.js';",
      'config.ts': '',
      'a/one.ts': "import '../config.js';",
      'b/two.ts': "import '../config.js'; import '../a/one.js';",
      'a/one.spec.ts': "import '../b/two.js';",
    },
    seen: [],
  },
};

describe('a planted import cycle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cycles-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(Object.entries(planted))('is seen: %s', async (name, { imports, seen }) => {
    for (const [file, source] of Object.entries(imports)) {
      const path = join(folder, name, 'src', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${source}\n`);
    }
    expect(cyclesOf(await modulesOf(folder, [name]))).toEqual(seen.map((cycle) => `${name}/${cycle}`));
  });
});
