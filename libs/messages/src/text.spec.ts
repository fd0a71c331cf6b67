import { z } from 'zod';
import * as messages from './index.js';

/** No schema of a door takes text that Postgres or RFC 8785 cannot hold. */

const unholdable = ['a\0', 'a\ud800', '\udc00a'];

interface Leaf {
  path: string;
  schema: z.core.$ZodType;
}

/** The parts of a schema that take text of any kind. */
function leavesOf(schema: z.core.$ZodType, path: string): Leaf[] {
  const { def } = schema as unknown as { def: z.core.$ZodTypes['_zod']['def'] };
  switch (def.type) {
    case 'string':
    case 'unknown':
    case 'any':
    case 'record':
      return [{ path, schema }];
    case 'object':
      return Object.entries(def.shape).flatMap(([name, part]) => leavesOf(part, `${path}.${name}`));
    case 'array':
      return leavesOf(def.element, `${path}[]`);
    case 'tuple':
      return def.items.flatMap((part, i) => leavesOf(part, `${path}[${i}]`));
    case 'union':
      return def.options.flatMap((part, i) => leavesOf(part, `${path}|${i}`));
    case 'optional':
    case 'nullable':
    case 'default':
      return leavesOf(def.innerType, path);
    case 'pipe':
      return leavesOf(def.in, path);
    case 'number':
    case 'boolean':
    case 'literal':
    case 'enum':
      return [];
    default:
      throw new Error(`${path}: this test does not know ${def.type}`);
  }
}

/** What of a leaf's values cannot be held: texts of every length that it may want, and objects with such names and values. */
function takes({ schema }: Leaf): boolean {
  const values = unholdable.flatMap((text) => [
    text,
    text.padEnd(16, 'x'),
    { [text]: 1 },
    { a: text },
    { a: [{ b: text }] },
    { a: { [text]: null } },
  ]);
  return values.some((value) => z.safeParse(schema, value).success);
}

const leaves = Object.entries(messages).flatMap(([name, schema]) =>
  schema instanceof z.ZodType ? leavesOf(schema, name) : [],
);

describe('the schemas of all doors', () => {
  it('take no NUL and no half of a surrogate pair, wherever text may stand', () => {
    expect(leaves.length).toBeGreaterThan(300);
    expect(leaves.filter(takes).map(({ path }) => path)).toEqual([]);
  });

  it('would be noticed if they did', () => {
    const careless = z.object({ a: z.string().min(1).max(64), b: z.record(z.string(), z.unknown()), c: z.unknown() });
    expect(
      leavesOf(careless, 'x')
        .filter(takes)
        .map(({ path }) => path),
    ).toEqual(['x.a', 'x.b', 'x.c']);
  });
});
