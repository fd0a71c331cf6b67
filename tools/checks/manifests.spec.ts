import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf, serviceOf, settingsFiles } from '../docs/settings.js';
import { root } from '../docs/sources.js';
import { configs } from '../docs/tables.js';
import { type Manifest, rendered } from '../manifests/overlays.js';

/** A pod's environment is what its process reads, key by key: none is forgotten, none is misspelt, none has gone. */

/** What the C library, Node and the system read; no configuration has them. */
const ofTheRuntime: readonly string[] = ['TMPDIR', 'GLIBC_TUNABLES'];

interface Variable {
  readonly name: string;
  readonly value?: string;
}
interface Container {
  readonly image: string;
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
}
type Data = Readonly<Record<string, string>>;

/** The pods of our images: where each is, its service, and the names of its variables. */
function environments(objects: readonly Manifest[]): { at: string; service: string; variables: string[] }[] {
  return objects.flatMap((object) => {
    const { template } = (object['spec'] ?? {}) as { template?: { spec: { containers: readonly Container[] } } };
    const containers = object.kind === 'Deployment' ? (template?.spec.containers ?? []) : [];
    return containers
      .filter(({ image }) => serviceOf(image) in configs)
      .map(({ image, env = [], envFrom = [] }) => {
        const from = envFrom.flatMap(({ configMapRef }) => {
          const map = objects.find(
            ({ kind, metadata }) =>
              kind === 'ConfigMap' &&
              metadata.name === configMapRef.name &&
              metadata.namespace === object.metadata.namespace,
          );
          return Object.keys((map?.['data'] ?? {}) as Data);
        });
        const variables = [...new Set([...env.map(({ name }) => name), ...from])];
        return { at: `${object.metadata.namespace} ${object.metadata.name}`, service: serviceOf(image), variables };
      });
  });
}

const overlays = ['hospital-example', 'operator-example', 'consortium-example'];
const pods = (await Promise.all(overlays.map((name) => rendered(`overlays/${name}`)))).flatMap(environments);

/** Keys that only one side has. */
function differences(service: string, variables: readonly string[]): string[] {
  const read = [...environmentOf(configs[service] ?? {}), ...ofTheRuntime.filter((name) => variables.includes(name))];
  return [
    ...read.filter((name) => !variables.includes(name)).map((name) => `${name} is given by no manifest`),
    ...variables.filter((name) => !read.includes(name)).map((name) => `${name} is read by no process`),
  ];
}

describe('the environment of a pod', () => {
  it('is there for every service in every role', () => {
    expect(pods.map(({ at }) => at).sort()).toEqual([
      'cpds-hub audit',
      'cpds-storeman storeman',
      'cpds-voucher-1 voucher',
      ...['audit', 'bridge', 'identity', 'records'].map((name) => `cpds-west ${name}`),
    ]);
  });

  it.each(pods.map((pod) => [pod.at, pod] as const))('of %s has the keys that its process reads', (_, pod) => {
    expect(differences(pod.service, pod.variables)).toEqual([]);
  });

  it('would be noticed with a key too many, and with one too few', () => {
    const [{ service, variables }] = pods as [(typeof pods)[number]];
    expect(differences(service, [...variables.slice(1), 'KEY_FLIE'])).toEqual([
      `${variables[0]} is given by no manifest`,
      'KEY_FLIE is read by no process',
    ]);
  });
});

describe('the defaults in infra/k8s', () => {
  it.each(settingsFiles().map(({ path, text }) => [path, text] as const))(
    '%s is what `npm run docs:tables` writes',
    (path, text) => {
      expect(readFileSync(join(root, path), 'utf8')).toBe(text);
    },
  );

  it.each(settingsFiles().map(({ path, text }) => [path, text] as const))('%s changes nothing', (path, text) => {
    const shape = configs[path.includes('/audit') ? 'audit' : (/(identity|records)\.env$/.exec(path)?.[1] ?? 'bridge')];
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) {
      const [name = '', ...value] = line.split('=');
      const given = value.join('=');
      const key = shape?.[name];
      if (key === undefined) expect(given).toBe('');
      else expect(key.schema.parse(given === '' ? undefined : given)).toEqual(key.schema.parse(undefined));
    }
  });
});
