// Bundles a service and what it imports into one file, apps/<service>/dist/service.mjs: docs/decisions/0005-services-run-from-one-file.md.
//
// usage: node tools/bundle.mjs <service>
import { createRequire } from 'node:module';
import { copyFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Packages that Nest and typeorm use only if they are installed: left out of the bundle, looked for at run time, and not found there either. */
const notInstalled = {
  name: 'not-installed',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      if (importer === '') return undefined;
      try {
        createRequire(importer).resolve(path);
        return undefined;
      } catch (cause) {
        // `require` does not find a package that is made for `import` only, though it is installed.
        return cause.code === 'MODULE_NOT_FOUND' ? { path, external: true } : undefined;
      }
    });
  },
};

const libsecp256k1 = dirname(fileURLToPath(import.meta.resolve('tiny-secp256k1')));

async function bundle(service) {
  const dist = join(root, 'apps', service, 'dist');
  const { metafile } = await build({
    entryPoints: [join(dist, 'main.js')],
    outfile: join(dist, 'service.mjs'),
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    keepNames: true, // Nest and typeorm know classes by their names
    logLevel: 'error',
    external: ['supports-color'], // debug does without it, and only development installs it
    plugins: [notInstalled],
    // names that CommonJS packages expect to be defined
    banner: {
      js: [
        "import { createRequire as bundleRequireOf } from 'node:module';",
        "import { dirname as bundleFolderOf } from 'node:path';",
        "import { fileURLToPath as bundlePathOf } from 'node:url';",
        'const require = bundleRequireOf(import.meta.url);',
        'const __filename = bundlePathOf(import.meta.url), __dirname = bundleFolderOf(__filename);',
      ].join('\n'),
    },
  });
  // Copied to the bundle: the code that reads it looks beside itself.
  if (Object.keys(metafile.inputs).some((path) => path.endsWith('tiny-secp256k1/lib/wasm_loader.js')))
    copyFileSync(join(libsecp256k1, 'secp256k1.wasm'), join(dist, 'secp256k1.wasm'));
  writeFileSync(join(dist, 'packages.json'), `${JSON.stringify(packagesIn(metafile), null, 2)}\n`);
}

/** Folders of the packages whose code is in the file, from the root of the repository: the list of what an image holds comes from them. */
function packagesIn({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs.flatMap(([path, { bytesInOutput }]) => {
    const found = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(relative(root, join(process.cwd(), path)));
    return found === null || bytesInOutput === 0 ? [] : [found[0]];
  });
  return [...new Set(folders)].sort();
}

await bundle(process.argv[2]);
