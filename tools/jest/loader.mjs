// Module hooks with which specs run straight from their sources: TypeScript goes through swc, and `@cpds/<name>` is the source of that package, so no
// test sees a stale build.
import { transform } from '@swc/core';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sourceOf = (path) => pathToFileURL(`${root}${path}.ts`).href;

/** Packages and doors of packages that are not `libs/<name>/src/index.ts`. */
const doors = {
  ...doorsOf('crypto'),
  ...doorsOf('chain'),
  ...doorsOf('wallet'),
  '@cpds/local': sourceOf('infra/local/src/index'),
  '@cpds/cli': sourceOf('apps/cli/src/index'),
};

const options = {
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
};

export function resolve(specifier, context, next) {
  const url = sourceUrl(specifier, context.parentURL);
  return url === null ? next(specifier, context) : { url, format: 'module', shortCircuit: true };
}

export async function load(url, context, next) {
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...options, filename });
  return { format: 'module', source: code, shortCircuit: true };
}

/** The import paths of a package and the source of each, from the compiled files that `exports` of its package.json names. */
function doorsOf(name) {
  const { exports } = JSON.parse(readFileSync(`${root}libs/${name}/package.json`, 'utf8'));
  return Object.fromEntries(
    Object.entries(exports).map(([door, { types }]) => [
      `@cpds/${name}${door.slice(1)}`,
      sourceOf(types.replace(/^\.\/dist\/(.+)\.d\.ts$/, `libs/${name}/src/$1`)),
    ]),
  );
}

/** The TypeScript file that an import of this project's packages means; null for other imports. */
function sourceUrl(specifier, parent) {
  if (specifier in doors) return doors[specifier];
  if (/^@cpds\/[a-z-]+$/.test(specifier)) return sourceOf(`libs/${specifier.slice('@cpds/'.length)}/src/index`);
  if (!/^\.{1,2}\/.*\.js$/.test(specifier) || !parent?.split('?')[0].endsWith('.ts')) return null;
  const url = new URL(specifier.replace(/js$/, 'ts'), parent);
  return existsSync(url) ? url.href : null;
}
