import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { kubectlBinary, reportToStderr } from '@cpds/local';
import { parseAllDocuments } from 'yaml';
import { root } from '../docs/sources.js';

/** An object of the Kubernetes API as a manifest holds it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly [field: string]: unknown;
}

/** Where the manifests are, from the root. */
export const k8s = join(root, 'infra/k8s');

/** Every overlay that is applied as a whole: each folder of `overlays` with a kustomization in it. */
export function overlays(): string[] {
  return globSync('overlays/*/kustomization.yaml', { cwd: k8s }).map(dirname).sort();
}

/** What was rendered already: specs share this module, and nobody changes an object. */
const known = new Map<string, Promise<readonly Manifest[]>>();

/** The objects that a folder of `infra/k8s` renders to. @throws Error with what kustomize said */
export function rendered(folder: string): Promise<readonly Manifest[]> {
  const objects = known.get(folder) ?? render(folder);
  known.set(folder, objects);
  return objects;
}

async function render(folder: string): Promise<Manifest[]> {
  const { stdout } = await promisify(execFile)(
    await kubectlBinary(reportToStderr),
    ['kustomize', '--', join(k8s, folder)],
    { maxBuffer: 2 ** 26 },
  );
  return objectsIn(stdout);
}

/** The objects of a YAML stream. @throws Error it is not YAML */
export function objectsIn(yaml: string): Manifest[] {
  const documents = parseAllDocuments(yaml);
  if (!Array.isArray(documents)) return [];
  for (const { errors } of documents) if (errors[0] !== undefined) throw errors[0];
  return documents.map((document) => document.toJS() as Manifest);
}
