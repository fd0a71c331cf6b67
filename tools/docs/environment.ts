import type { ConfigShape } from '@cpds/service';
import { z, type ZodType } from 'zod';

/** One key of a process's environment, in the words of its `defineConfig`. */
export interface EnvironmentKey {
  name: string;
  /** unit, the values that the schema allows, and whether it is a secret */
  unit: string;
  /** `required`, `none` if the key may be left out, or its default */
  fallback: string;
  consequence: string;
}

/** The keys of a configuration in their order, without those of `others`. */
export function keysOf(shape: ConfigShape, others: ConfigShape = {}): EnvironmentKey[] {
  return Object.entries(shape)
    .filter(([name, key]) => others[name] !== key)
    .map(([name, { schema, unit, consequence, isSecret }]) => ({
      name,
      unit: `${unit}${rangeOf(schema)}${isSecret ? '; secret' : ''}`,
      fallback: fallbackOf(schema),
      consequence,
    }));
}

function fallbackOf(schema: ZodType): string {
  const absent = schema.safeParse(undefined);
  if (!absent.success) return 'required';
  if (absent.data === undefined) return 'none';
  if (Array.isArray(absent.data) && absent.data.length === 0) return 'empty';
  return `\`${String(absent.data)}\``;
}

/** What a schema allows beyond its type: bounds of a number, words of a choice. */
function rangeOf(schema: ZodType): string {
  const { minimum, exclusiveMinimum, maximum, enum: words } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  if (words !== undefined) return `: ${words.join(', ')}`;
  const least = minimum ?? (typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : undefined);
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (least === undefined) return most === undefined ? '' : `, at most ${most}`;
  return most === undefined ? `, at least ${least}` : `, ${least} to ${most}`;
}
