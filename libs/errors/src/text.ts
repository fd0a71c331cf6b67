import { z } from 'zod';

const cannotBeHeld = 'must not contain NUL or half of a surrogate pair';

/**
 * Text of `least` (1) to `most` UTF-16 units that every place here can hold: no NUL, which Postgres refuses, and no half
 * of a surrogate pair, which UTF-8 and RFC 8785 cannot say. Every door uses it; a pattern that excludes both does as well.
 */
export function text(most: number, least = 1): z.ZodString {
  return z.string().min(least).max(most).refine(isHoldable, cannotBeHeld);
}

/** Text without a limit of its own, as services of this project write it to each other: up to 64 Ki units, or none. */
export const anyText = text(65_536, 0);

/** A JSON object whose names and texts, however deep, can be held as `text` says. */
export const jsonObject = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const path = unholdableIn(value, []);
  if (path) context.addIssue({ code: 'custom', path, message: cannotBeHeld });
});

function isHoldable(value: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(value);
}

/** Where the first text is that cannot be held: its path, or that of the object whose name it is. */
function unholdableIn(value: unknown, path: string[]): string[] | undefined {
  if (typeof value === 'string') return isHoldable(value) ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, part] of Object.entries(value)) {
    const found = isHoldable(name) ? unholdableIn(part, [...path, name]) : path;
    if (found) return found;
  }
  return undefined;
}
