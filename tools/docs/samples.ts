import fc from 'fast-check';
import { z } from 'zod';

/** Texts that patterns of this project ask for; what none of them fits is drawn from the pattern itself. */
const texts = [
  'summary',
  'a-text-of-16-or-more',
  '1',
  '11111111-2222-4333-8444-555555555555',
  '2026-01-02T03:04:05Z',
  'https://north.example/',
  `0x${'11'.repeat(64)}1b`,
  ...[1, 16, 20, 32, 33, 65, 162].map((bytes) => `0x${'11'.repeat(bytes)}`),
];
const numbers = [1, 0, 2, 3_600, 1_800_000_000];

/**
 * Values that `schema` takes: each optional part is there, and each option of a union is in one of them.
 *
 * @throws Error names the part of the schema that no value is known for
 */
export function samplesOf(schema: z.core.$ZodType, path = 'value'): unknown[] {
  const samples = candidatesOf(schema, path).filter((value) => z.safeParse(schema, value).success);
  if (samples.length === 0) throw new Error(`${path}: no sample is known for this schema`);
  return samples;
}

function candidatesOf(schema: z.core.$ZodType, path: string): unknown[] {
  const { def } = schema as unknown as { def: z.core.$ZodTypes['_zod']['def'] };
  switch (def.type) {
    case 'string':
      return [textOf(schema as z.ZodString, path)];
    case 'number':
      return numbers.filter((value) => z.safeParse(schema, value).success).slice(0, 1);
    case 'boolean':
      return [true];
    case 'unknown':
      return [{ name: 'text' }];
    case 'literal':
      return [...def.values];
    case 'enum':
      return Object.values(def.entries).slice(0, 1);
    case 'record':
      return [{ name: 'text' }];
    case 'object':
      return zipped(
        Object.entries(def.shape).map(([name, part]) => [name, samplesOf(part, `${path}.${name}`)] as const),
      );
    case 'array':
      return listsOf(schema, samplesOf(def.element, `${path}[]`));
    case 'tuple':
      return [def.items.map((part, i) => samplesOf(part, `${path}[${i}]`)[0])];
    case 'union':
      return def.options.flatMap((part, i) => samplesOf(part, `${path}|${i}`));
    case 'optional':
    case 'nullable':
    case 'default':
      return samplesOf(def.innerType, path);
    case 'pipe':
      return samplesOf(def.in, path);
    default:
      throw new Error(`${path}: no sample is known for ${def.type}`);
  }
}

/** Objects that hold each sample of each part at least once. */
function zipped(parts: readonly (readonly [string, unknown[]])[]): unknown[] {
  const most = Math.max(1, ...parts.map(([, samples]) => samples.length));
  return Array.from({ length: most }, (_, i) =>
    Object.fromEntries(parts.map(([name, samples]) => [name, samples[i % samples.length]])),
  );
}

/** Lists of the lengths that a schema here may want, up to a cohort's sixteen, each long enough for all samples. */
function listsOf(schema: z.core.$ZodType, samples: unknown[]): unknown[] {
  const listOf = (length: number): unknown[] => Array.from({ length }, (_, i) => samples[i % samples.length]);
  const lists = Array.from({ length: 17 }, (_, i) => listOf(samples.length + i));
  const fitting = lists.find((list) => z.safeParse(schema, list).success) ?? listOf(1);
  return [fitting];
}

function textOf(schema: z.ZodString, path: string): string {
  const isTaken = (text: string): boolean => z.safeParse(schema, text).success;
  const known = texts.find(isTaken);
  if (known !== undefined) return known;
  const patterns = (schema.def.checks ?? []).flatMap(({ _zod: { def } }) =>
    'pattern' in def && def.pattern instanceof RegExp ? [def.pattern] : [],
  );
  const drawn = patterns.flatMap((pattern) => fc.sample(fc.stringMatching(pattern), { numRuns: 20, seed: 1 }));
  const fitting = drawn.find(isTaken);
  if (fitting === undefined) throw new Error(`${path}: no sample is known for this text`);
  return fitting;
}
