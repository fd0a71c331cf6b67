// What goes into an image: the files of its service, and the labels that say where they come from.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sbomOf, licencesOf } from './sbom.mjs';

/** The root of the repository that this file is in. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The services, each of which is one image. */
export const services = ['identity', 'records', 'bridge', 'audit'];

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/**
 * Puts the files of a service where its image has them: the joined file with what lies beside it under `app/`, and
 * under `usr/share/doc/cpds/` the licences and the list of the packages in it.
 *
 * @throws NotBuiltError
 */
export function bringService(service, into) {
  const dist = join(root, 'apps', service, 'dist');
  for (const name of ['service.mjs', 'packages.json'])
    if (!existsSync(join(dist, name)))
      throw new NotBuiltError(`apps/${service}/dist/${name} is missing: npm run build`);
  const app = join(into, 'app');
  mkdirSync(app, { recursive: true });
  for (const name of readdirSync(dist))
    if (name === 'service.mjs' || name.endsWith('.wasm')) copyFileSync(join(dist, name), join(app, name));

  const doc = join(into, 'usr/share/doc/cpds');
  mkdirSync(doc, { recursive: true });
  const packages = read(`apps/${service}/dist/packages.json`);
  copyFileSync(join(root, 'LICENSE'), join(doc, 'LICENSE'));
  writeFileSync(join(doc, 'licences.txt'), licencesOf(packages));
  writeFileSync(join(doc, 'service.cdx.json'), `${JSON.stringify(sbomOf(service, packages), null, 2)}\n`);
}

/** The commit that is built and its time, seconds. SOURCE_DATE_EPOCH wins; without both the time is 0. */
export function provenance() {
  const revision = git('rev-parse', 'HEAD');
  const changed = git('status', '--porcelain', '--untracked-files=no') ? '-changed' : '';
  const time = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct') ?? '0';
  return {
    revision: revision && `${revision}${changed}`,
    seconds: Number(time),
    source: publicUrl(git('remote', 'get-url', 'origin')),
  };
}

/** The labels of an image, as the OCI image specification names them (annotations.md). Those without a value are left out. */
export function labelsOf(name, description, { revision, seconds, source }, base) {
  const { version, license } = read('package.json');
  const labels = {
    title: name,
    description,
    version,
    revision,
    source,
    licenses: license,
    created: new Date(seconds * 1000).toISOString(),
    'base.name': base,
  };
  return Object.fromEntries(
    Object.entries(labels).flatMap(([key, value]) => (value ? [[`org.opencontainers.image.${key}`, value]] : [])),
  );
}

/** What a service's package.json says of it. */
export const descriptionOf = (service) => read(`apps/${service}/package.json`).description;

/** The version that images are tagged with unless told otherwise. */
export const version = () => read('package.json').version;

/** What git says here, or undefined where there is no repository or no answer. */
function git(...args) {
  const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}

/** The address of a clone without its credentials; undefined for a path or a name that only this machine knows. */
function publicUrl(remote) {
  if (remote === undefined || !/^https?:/.test(remote)) return undefined;
  const url = new URL(remote);
  url.username = url.password = '';
  return url.href;
}

/** A service is not built. */
export class NotBuiltError extends Error {}
