import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { k8s, type Manifest, rendered } from './overlays.js';
import { planted } from './planting.js';

/** The table of Secrets in infra/k8s/README.md is what pods, databases and doors ask for, file by file. */

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly items?: readonly { readonly key: string }[] };
}
interface Spec {
  readonly replicas?: number;
  readonly template?: {
    readonly spec: { readonly containers: readonly Container[]; readonly volumes?: readonly Volume[] };
  };
  readonly managed?: { readonly roles: readonly { readonly passwordSecret: { readonly name: string } }[] };
  readonly tls?: readonly { readonly secretName: string }[];
}

/** The files that these texts name below a folder, which configurations name from the folder beside it too. */
function filesBelow(folder: string, texts: readonly string[]): string[] {
  const pattern = new RegExp(`(?:${folder}|\\.\\./${basename(folder)})/([\\w.$()-]+)`, 'g');
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, file]) => file ?? ''));
}

/** What an object asks for, as `secret file`. `settings` are the texts of the ConfigMaps that pods read. */
function askedBy({ kind, metadata, spec }: Manifest, settings: readonly string[]): string[] {
  const { replicas = 1, template, managed, tls = [] } = (spec ?? {}) as Spec;
  const texts = (template?.spec.containers ?? []).flatMap(({ args = [], env = [] }) => [
    ...args,
    ...env.flatMap(({ value }) => value ?? []),
    ...settings,
  ]);
  const mounts = (template?.spec.containers ?? []).flatMap(({ volumeMounts = [] }) => volumeMounts);
  const ofPods = (template?.spec.volumes ?? []).flatMap(({ name, secret }) => {
    if (secret === undefined) return [];
    const below = mounts.filter((mount) => mount.name === name).map(({ mountPath }) => mountPath);
    const files = secret.items?.map(({ key }) => key) ?? below.flatMap((folder) => filesBelow(folder, texts));
    const each = files.flatMap((file) =>
      file === '$(POD_NAME)' ? Array.from({ length: replicas }, (_, i) => `${metadata.name}-${i}`) : [file],
    );
    return each.map((file) => `${secret.secretName} ${file}`);
  });
  const ofDatabases = (managed?.roles ?? []).flatMap(({ passwordSecret: { name } }) => [
    `${name} username`,
    `${name} password`,
  ]);
  const ofDoors =
    kind === 'Ingress' ? tls.flatMap(({ secretName }) => [`${secretName} tls.crt`, `${secretName} tls.key`]) : [];
  return [...ofPods, ...ofDatabases, ...ofDoors];
}

function askedIn(objects: readonly Manifest[]): string[] {
  const settings = objects
    .filter(({ kind, metadata }) => kind === 'ConfigMap' && /^bus-[0-9a-z]{10}$/.test(metadata.name))
    .flatMap(({ data }) => Object.values((data ?? {}) as Record<string, string>));
  return [...new Set(objects.flatMap((object) => askedBy(object, settings)))].sort();
}

/** The rows of the table, as `secret file`. */
function listed(): string[] {
  const rows = readFileSync(join(k8s, 'README.md'), 'utf8').matchAll(/^\| `([\w-]+)` +\| ((?:`[\w.-]+` *)+)\|/gm);
  return [...rows]
    .flatMap(([, name, files = '']) => [...files.matchAll(/`([\w.-]+)`/g)].map(([, file]) => `${name} ${file}`))
    .sort();
}

const overlays = ['hospital-example', 'operator-example', 'consortium-example'];
const objects = await Promise.all(overlays.map((name) => rendered(`overlays/${name}`)));
const all = [...new Set(objects.flatMap(askedIn))].sort();

describe('the Secrets of an installation', () => {
  it('are those of the table', () => {
    expect(all).toEqual(listed());
  });

  it('would be noticed with one more file, and with one less', () => {
    const [hospital = []] = objects;
    const path = 'spec.template.spec.containers.0.env';
    const env = [{ name: 'KEY_FILE', value: '/secrets/others.json' }];
    const asked = askedIn(planted(hospital, { object: 'Deployment identity', path, value: env }));
    expect(asked).toContain('identity others.json');
    expect(asked).not.toContain('identity keys.json');
  });

  it.each(['hospital-example', 'operator-example', 'consortium-example'].map((name, i) => [name, i] as const))(
    'of %s come out of its vault, or are made by an operator',
    (_, i) => {
      const found = objects[i] ?? [];
      const made = found.flatMap(({ kind, metadata, spec }) => {
        if (kind === 'ExternalSecret') return [metadata.name];
        if (kind === 'Certificate') return [(spec as { secretName: string }).secretName];
        return kind === 'Cluster' ? [`${metadata.name}-ca`] : [];
      });
      const needed = [...new Set(askedIn(found).map((file) => file.split(' ')[0]))];
      expect(needed.filter((name) => name === undefined || !made.includes(name))).toEqual([]);
    },
  );
});
