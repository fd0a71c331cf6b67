import type { ZodType } from 'zod';
import { AppError } from './app-error.js';

/**
 * The value of `input` under a zod schema: the edge's only door. `what` is the thing parsed, in words of the caller, e.g.
 * `grant body`.
 *
 * @throws AppError `invalid-input` with the dotted path of the first wrong field; the value itself is never quoted
 */
export function parse<T>(schema: ZodType<T>, input: unknown, what: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const unknownKeys = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...unknownKeys.slice(0, 1)].join('.');
  const field = path === '' ? undefined : path;
  throw new AppError('invalid-input', 'invalid', `${what}: ${field ?? 'value'}: ${issue?.message ?? 'is invalid'}`, {
    field,
  });
}

/**
 * The value of JSON text (or its UTF-8 bytes) under a zod schema.
 *
 * @throws AppError `invalid-input`: the text is not JSON, or as `parse`; the text itself is never quoted
 */
export function parseJson<T>(schema: ZodType<T>, json: string | Uint8Array, what: string): T {
  return parse(schema, jsonOf(json, what), what);
}

function jsonOf(json: string | Uint8Array, what: string): unknown {
  try {
    return JSON.parse(typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    // the parser's own message quotes the text
    throw new AppError('invalid-input', 'invalid', `${what}: is not JSON`);
  }
}
