import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customResources, kubernetesSchemas, reportToStderr } from '@cpds/local';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { k8s, type Manifest, objectsIn } from './overlays.js';

/** Says what is wrong with an object by the schema of its kind; nothing if it is right. */
export type Complaints = (object: Manifest) => string[];

type Schema = Record<string, unknown>;

interface Definition extends Manifest {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/**
 * Checks objects against the API's own schemas and the definitions of the operators, without a cluster. A field that no
 * schema has is a complaint, and so is a kind without one.
 */
export async function schemaCheck(): Promise<Complaints> {
  // The API's schemas use formats and keywords of Kubernetes' own, which say nothing about shape.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true, code: { regExp: goPattern } });
  const native = await kubernetesSchemas(reportToStderr);
  ajv.addSchema(JSON.parse(readFileSync(join(native, '_definitions.json'), 'utf8')) as Schema);
  const definitions = definitionsIn([
    ...globSync(join(await customResources(reportToStderr), '*.yaml')),
    ...globSync(join(k8s, 'schemas/*.yaml')),
  ]);
  const known = new Map<string, ValidateFunction>();
  const compiled = (object: Manifest): ValidateFunction | undefined => {
    const name = kindOf(object);
    const earlier = known.get(name);
    if (earlier !== undefined) return earlier;
    const file = join(native, nativeFile(object));
    const schema = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Schema) : definitions.get(name);
    if (schema === undefined) return undefined;
    const validate = ajv.compile(schema);
    known.set(name, validate);
    return validate;
  };
  return (object) => {
    const validate = compiled(object);
    const name = `${object.kind} ${object.metadata.name}`;
    if (validate === undefined) return [`${name}: no schema for ${kindOf(object)}`];
    if (validate(object)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${name}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/** A pattern in Go's language, which writes a flag into the pattern. */
const goPattern = Object.assign(
  (pattern: string, flags: string): RegExp =>
    new RegExp(pattern.replace('(?i)', ''), pattern.includes('(?i)') ? `${flags}i` : flags),
  { code: 'goPattern' },
);

const kindOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }): string => `${apiVersion}/${kind}`;

/** `apps/v1` `Deployment` -> `deployment-apps-v1.json`, `networking.k8s.io/v1` -> `networkpolicy-networking-v1.json`. */
function nativeFile({ apiVersion, kind }: Manifest): string {
  const [version, group] = apiVersion.split('/').reverse();
  const short = group === undefined ? [] : [group.replace(/\.k8s\.io$/, '')];
  return `${[kind.toLowerCase(), ...short, version].join('-')}.json`;
}

/** Schemas by kind. A file that is a template for another tool's values holds a definition between its lines. */
function definitionsIn(files: readonly string[]): Map<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const file of files) {
    const objects = objectsIn(readFileSync(file, 'utf8').replace(/^\{\{.*\}\}$/gm, ''));
    const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition') as Definition[];
    for (const { spec } of definitions)
      for (const { name, schema } of spec.versions)
        schemas.set(
          kindOf({ apiVersion: `${spec.group}/${name}`, kind: spec.names.kind }),
          closed(schema.openAPIV3Schema),
        );
  }
  return schemas;
}

/** The same schema, refusing fields that it does not name: the API server would drop them without a word. */
function closed(schema: Schema): Schema {
  const { properties, items, additionalProperties, ...rest } = schema as {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema | boolean;
  } & Schema;
  const isOpen = rest['x-kubernetes-preserve-unknown-fields'] === true || properties === undefined;
  const parts = Object.entries(properties ?? {}).map(([name, part]) => [name, closed(part)] as const);
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(parts) }),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: closed(additionalProperties) }
      : isOpen
        ? {}
        : { additionalProperties: false }),
  };
}
