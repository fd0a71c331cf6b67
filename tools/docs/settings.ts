import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigKey, type ConfigShape, secretFileKeys } from '@cpds/service';
import { parseAllDocuments } from 'yaml';
import { root } from './sources.js';
import { configs } from './tables.js';

/** A file of `infra/k8s/bases` with the keys that a process leaves at their defaults, and its text made anew. */
export interface SettingsFile {
  /** from the root */
  readonly path: string;
  readonly text: string;
}

interface Container {
  readonly image: string;
  readonly env?: readonly { readonly name: string }[];
}

/** What every pod is given beside what its own manifest names. */
const common = 'infra/k8s/bases/pod/deployment.yaml';

/** The manifests of the processes. */
const processes = [
  ...['identity', 'records', 'bridge', 'audit'].map((name) => `infra/k8s/bases/hospital/${name}.yaml`),
  'infra/k8s/bases/hub/audit.yaml',
  'infra/k8s/bases/storeman/storeman.yaml',
  'infra/k8s/bases/voucher/voucher.yaml',
];

/**
 * The keys that a process of this configuration has in its environment: a secret comes as a file, so its key is the one
 * that names the file.
 */
export function environmentOf(shape: ConfigShape): string[] {
  const files = secretFileKeys(shape);
  return Object.entries(shape).flatMap(([name, { isSecret }]) => {
    if (!isSecret) return [name];
    const file = files.get(name);
    // A shape that has the file's key itself lists it on its own.
    return file === undefined ? [] : [file];
  });
}

/** The files of defaults: every key that a process' manifest does not name, so that together they name all. */
export function settingsFiles(): SettingsFile[] {
  const given = containerOf(common).env ?? [];
  return processes.map((path) => {
    const { image, env = [] } = containerOf(path);
    const shape = configs[serviceOf(image)] ?? {};
    const named = new Set([...given, ...env].map(({ name }) => name));
    const left = environmentOf(shape).filter((name) => !named.has(name));
    const lines = left.map((name) => `${name}=${defaultOf(shape[name])}`);
    return {
      path: path.replace(/\.yaml$/, '.env'),
      text: `# Written by \`npm run docs:tables\`: what an overlay may change, at its default; empty is not set.\n${lines.join('\n')}\n`,
    };
  });
}

/** The service in an image: `registry.example/cpds-identity:1.2.3` is identity's. */
export function serviceOf(image: string): string {
  return /(?:^|\/)cpds-(\w+)/.exec(image)?.[1] ?? '';
}

function containerOf(path: string): Container {
  const documents = parseAllDocuments(readFileSync(join(root, path), 'utf8'));
  if (!Array.isArray(documents)) throw new Error(`${path} is empty`);
  const objects = documents.map((document) => document.toJS() as { kind: string; spec: unknown });
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error(`${path} has no Deployment`);
  const { template } = deployment.spec as { template: { spec: { containers: [Container] } } };
  return template.spec.containers[0];
}

/** The text that means the same as no text. Secrets' files have none. */
function defaultOf(key: ConfigKey<unknown> | undefined): string {
  const value = key?.schema.safeParse(undefined).data;
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
}
