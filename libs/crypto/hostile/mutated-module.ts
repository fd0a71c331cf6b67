/** A source file of this library with one change in its text, compiled and loaded beside the real one. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';

const sources = new URL('../src/', import.meta.url);

/** Loads `file` of `src/` with `from`, which must stand in it exactly once, replaced by `to`. */
export async function mutated<T>(file: string, from: string, to: string): Promise<T> {
  const url = new URL(file, sources);
  const text = readFileSync(url, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
  const { code: compiled } = transformSync(
    text.replace(from, () => to),
    { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
  );
  // It is loaded from elsewhere, so its imports become absolute.
  const code = compiled.replace(/(from |import )["']([^"']+)["']/g, (_, word: string, specifier: string) => {
    const absolute = specifier.startsWith('.')
      ? new URL(specifier.replace(/js$/, 'ts'), url).href
      : import.meta.resolve(specifier);
    return `${word}'${absolute}'`;
  });
  const dir = mkdtempSync(join(tmpdir(), 'cpds-mutant-'));
  try {
    const path = join(dir, 'mutant.mjs');
    writeFileSync(path, code);
    return (await import(pathToFileURL(path).href)) as T;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
