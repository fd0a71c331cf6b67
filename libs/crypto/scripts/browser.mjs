// Bundles the reader of age files for browsers: dist/browser/age.js, one ES module that imports nothing.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** How the reader is bundled, wherever it comes from and goes to. */
export const options = { bundle: true, minify: true, platform: 'browser', target: 'es2022', logLevel: 'error' };

if (process.argv[1] === fileURLToPath(import.meta.url))
  await build({
    ...options,
    entryPoints: [at('dist/age/web.js')],
    outfile: at('dist/browser/age.js'),
    format: 'esm',
  });
