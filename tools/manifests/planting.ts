import type { Manifest } from './overlays.js';

type Part = Record<string, unknown>;

/** A fault: a field of one object with another value, or gone where the value is undefined. An empty path is the object itself. */
export interface Fault {
  /** kind and name, e.g. `Deployment identity` */
  readonly object: string;
  /** with dots; a number is a place in a list, e.g. `spec.template.spec.containers.0.image` */
  readonly path: string;
  readonly value: unknown;
}

/** The objects with the fault in the first one of that kind and name. @throws Error there is no such object, or nothing to be changed in it */
export function planted(objects: readonly Manifest[], { object, path, value }: Fault): Manifest[] {
  const at = objects.findIndex(({ kind, metadata }) => `${kind} ${metadata.name}` === object);
  const found = objects[at];
  if (found === undefined) throw new Error(`there is no ${object}`);
  if (path === '')
    return objects.flatMap((one, i) => (i === at ? (value === undefined ? [] : [value as Manifest]) : [one]));
  const changed = structuredClone(found);
  const steps = path.split('.').map((step) => step.replaceAll('~1', '.'));
  const last = steps.pop() ?? '';
  const holder = steps.reduce<unknown>((part, step) => (part as Part | undefined)?.[step], changed) as Part | undefined;
  if (holder === undefined || (value === undefined && !(last in holder))) throw new Error(`${object} has no ${path}`);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return objects.map((one, i) => (i === at ? changed : one));
}
