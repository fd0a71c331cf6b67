import type { ZodType } from 'zod';
import { AppError } from './app-error.js';

/**
 * Checks `input` with a zod schema and returns its value; all input from outside comes through here. `what` names the
 * thing parsed in the caller's words, e.g. `grant body`.
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
 * Reads JSON text (or its UTF-8 bytes), checks it with a zod schema and returns its value.
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
