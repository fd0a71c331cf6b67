/**
 * A second copy of this library, bundled with a copy of the curve library in which every variable-time multiplication notes
 * its scalars: the real one freezes its classes, and its inner functions cannot be replaced from outside.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type * as library from './library.js';

/** File (the end of its path), what begins a variable-time multiplication in it, and where its scalars are. */
const doors: readonly (readonly [string, string, string])[] = [
  ['@noble/curves/abstract/weierstrass.js', 'multiplyUnsafe(scalar) {', 'scalar'],
  ['@noble/curves/abstract/weierstrass.js', 'mulAddUnsafe(a, other, b) {', 'a, b'],
  ['@noble/curves/abstract/curve.js', 'mulUnsafe(point, scalar, transform) {', 'scalar'],
  [
    '@noble/curves/abstract/curve.js',
    'export function mulAddUnsafe(c, points, scalars, allowOversized = false) {',
    '...scalars',
  ],
];

export type WatchedLibrary = typeof library & {
  /** Every scalar that went through a variable-time multiplication. */
  seen: bigint[];
};

/** @param changes file of `src/`, text that stands in it once, and what replaces it: to plant a misuse */
export async function watchedLibrary(
  changes: readonly (readonly [string, string, string])[] = [],
): Promise<WatchedLibrary> {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const edits = [
    ...doors.map(([file, begin, scalars]) => [file, begin, `${begin} seen.push(${scalars});`] as const),
    ...changes.map(([file, from, to]) => [`/src/${file}`, from, to] as const),
  ];
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from './hostile/library.ts';`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'error',
    // Each bundle has a list of its own, there before the curve library multiplies for the first time.
    banner: { js: 'export const seen = [];' },
    plugins: [
      {
        name: 'watch',
        setup: ({ onLoad }) =>
          void onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
            const own = edits.filter(([file]) => path.endsWith(file));
            if (own.length === 0) return undefined;
            let contents = readFileSync(path, 'utf8');
            for (const [file, from, to] of own) {
              if (contents.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
              contents = contents.replace(from, () => to);
            }
            return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
          }),
      },
    ],
  });
  const dir = mkdtempSync(join(tmpdir(), 'cpds-watched-'));
  try {
    const path = join(dir, 'library.mjs');
    writeFileSync(path, outputFiles[0]!.text);
    return (await import(pathToFileURL(path).href)) as WatchedLibrary;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
