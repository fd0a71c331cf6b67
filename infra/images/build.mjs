// `npm run images`: builds the images of the services, reproducibly, with buildah, podman or docker. README.md beside this file says more.
//   [NAME ...]        services; default all. `nats` is built only when named
//   --with NAME       the builder; default the first that answers
//   --base NAME       `node` (the public image that the Dockerfile pins), `local` (this machine's node), or any image; default node
//   --tag TAG         default the version in package.json
//   --prefix TEXT     before each name, e.g. `registry.example/cpds/`; default `localhost/`
//   --output DIR      writes each image there as an OCI archive, and its list of packages; the result then has the digest too
//   --store DIR       podman, buildah: keeps images in this folder instead of the user's own store
//   --json            the result as JSON on standard output; progress is on standard error either way
// Exit codes: 0 built, 1 the builder failed, 2 wrong arguments, 3 there is no builder, 4 a service is not built yet.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { builderNames, findBuilder, NoBuilderError } from './builder.mjs';
import { bringService, descriptionOf, labelsOf, NotBuiltError, provenance, services, version } from './context.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (line) => console.error(line);

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      with: { type: 'string' },
      base: { type: 'string', default: 'node' },
      tag: { type: 'string', default: version() },
      prefix: { type: 'string', default: 'localhost/' },
      output: { type: 'string' },
      store: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !isImage(name));
  if (unknown !== undefined)
    throw new UsageError(`no image ${unknown}; there are: ${[...services, 'nats'].join(', ')}`);
  if (values.with !== undefined && !builderNames.includes(values.with))
    throw new UsageError(`--with takes one of: ${builderNames.join(', ')}`);
  if (values.store !== undefined && values.with === 'docker')
    throw new UsageError('docker has one store: leave out --store');
  return { ...values, names: positionals.length === 0 ? services : positionals };
}

const isImage = (name) => services.includes(name) || name === 'nats';

/** The images one after another: each needs the disk, and all but the first find the layer with node made. */
async function build({ names, base, tag, prefix, output }, builder, dir) {
  const made = provenance();
  const baseOfServices = names.some((name) => services.includes(name))
    ? await baseOf(base, prefix, builder, dir, made)
    : {};
  const results = [];
  for (const name of names) {
    const start = Date.now();
    const image = `${prefix}cpds-${name}:${tag}`;
    const files = join(dir, name, 'files');
    const recipe =
      name === 'nats' ? await bringNats(files) : { ...bringWithRoot(name, join(dir, name), files), ...baseOfServices };
    const { description, ...rest } = recipe;
    const labels = labelsOf(`cpds-${name}`, description, made, baseNameOf(rest));
    const id = await builder.build({
      ...rest,
      context: join(dir, name),
      tag: image,
      labels,
      seconds: made.seconds,
      dir,
    });
    const result = { name, image, id, sizeBytes: await builder.sizeOf(image) };
    if (output !== undefined) Object.assign(result, await save(builder, result, files, resolve(output)));
    results.push(result);
    const seconds = Math.round((Date.now() - start) / 1000);
    say(`${image}: ${Math.round(result.sizeBytes / 1e6)} MB, ${id.slice(0, 19)}, ${seconds} s`);
  }
  return results;
}

/** The base that an image is made of; nats-server has none. */
function baseNameOf({ file, args }) {
  return args?.BASE ?? /^ARG BASE=(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1];
}

/** What the builder is told of the base: nothing for the one that the Dockerfile pins. */
async function baseOf(base, prefix, builder, dir, { seconds }) {
  if (base === 'node') return {};
  if (base !== 'local') return { args: { BASE: base } };
  const tag = `${prefix}cpds-base:local`;
  const context = join(dir, 'base');
  say(`base of ${process.execPath} (Node ${process.versions.node})`);
  layOut(context, seconds);
  await builder.build({ file: here('base.Dockerfile'), context, tag, seconds, dir });
  return { args: { BASE: tag }, isBaseHere: true };
}

function bringWithRoot(name, context, files) {
  bringService(name, files);
  copyFileSync(here('root.mjs'), join(context, 'root.mjs'));
  return { file: here('Dockerfile'), description: descriptionOf(name) };
}

/** The server that the local consortium runs. */
async function bringNats(files) {
  const { natsServerBinary } = await import('../local/dist/binaries/sources.js');
  const program = join(files, 'usr/local/bin/nats-server');
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync(await natsServerBinary(say), program);
  return { file: here('nats.Dockerfile'), description: 'nats-server for tests' };
}

function layOut(target, seconds) {
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(seconds) };
  const { status, stderr } = spawnSync(process.execPath, [here('root.mjs'), target], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`root.mjs ended with ${status}: ${stderr}`);
}

async function save(builder, { name, image }, files, output) {
  mkdirSync(output, { recursive: true });
  const archive = join(output, `cpds-${name}.tar`);
  rmSync(archive, { force: true }); // an archive that is there would be added to
  await builder.save(image, archive);
  if (name !== 'nats')
    copyFileSync(join(files, 'usr/share/doc/cpds/service.cdx.json'), join(output, `cpds-${name}.cdx.json`));
  return { archive, digest: digestOf(archive) };
}

/** The digest by which a registry knows the image, if it keeps the layers as they are in the archive; docker before 25 writes none. */
function digestOf(archive) {
  const { status, stdout } = spawnSync('tar', ['-xOf', archive, 'index.json'], { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout).manifests[0].digest : undefined;
}

function exitCodeOf(cause) {
  if (cause instanceof UsageError || cause.code?.startsWith('ERR_PARSE_ARGS')) return 2;
  if (cause instanceof NoBuilderError) return 3;
  return cause instanceof NotBuiltError ? 4 : 1;
}

/** Wrong arguments. */
class UsageError extends Error {}

const dir = mkdtempSync(join(tmpdir(), 'cpds-images-'));
try {
  const given = options();
  const builder = findBuilder(given.with, given.store && resolve(given.store));
  say(`building with ${builder.name}`);
  const images = await build(given, builder, dir);
  if (given.json) console.log(JSON.stringify({ builder: builder.name, base: given.base, images }, null, 2));
} catch (cause) {
  console.error(cause.message);
  process.exitCode = exitCodeOf(cause);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
