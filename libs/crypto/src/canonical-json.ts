/**
 * RFC 8785 (JCS): one byte string per JSON value, so that its hash means the value.
 *
 * ```ts
 * import { canonicalText } from '@cpds/crypto/canonical-json';
 *
 * canonicalText({ b: 1, a: [true, null] }); // '{"a":[true,null],"b":1}'
 * ```
 */

import { utf8 } from './bytes.js';
import { CryptoError } from './crypto-error.js';

/** UTF-8 bytes of `canonicalText`, for hashing. @throws CryptoError as `canonicalText` */
export function canonicalJson(value: unknown): Uint8Array {
  return utf8(canonicalText(value));
}

/**
 * `value` in the canonical form of RFC 8785: no white space, object keys sorted by UTF-16 code units, ECMAScript's own
 * number and string forms.
 *
 * Members whose value is `undefined` are absent, as in `JSON.stringify`; every other value that JSON cannot say
 * (NaN, functions, bigint, a lone surrogate, a hole in an array) is refused, because a reader of the text could not get it
 * back, and so is nesting deeper than `maxDepth`, which would end in the engine's own error.
 *
 * @throws CryptoError `not-json` names the path of the member
 */
export function canonicalText(value: unknown): string {
  return textOf(value, 'value', maxDepth);
}

/** Deepest nesting of arrays and objects that is read; FHIR resources stay far below. */
const maxDepth = 128;

function textOf(value: unknown, path: string, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new CryptoError('not-json', path, 'is not a finite number');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return quoted(value, path);
  if (typeof value === 'object' && depth === 0)
    throw new CryptoError('not-json', path, `is nested over ${maxDepth} deep`);
  // Array.from and not map, which passes over holes: [,] is not []
  if (Array.isArray(value))
    return `[${Array.from(value, (item, i) => textOf(item, `${path}[${i}]`, depth - 1)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)) // strings compare by UTF-16 code units in ECMAScript, as RFC 8785 §3.2.3 demands
      .map(([key, member]) => `${quoted(key, path)}:${textOf(member, `${path}.${key}`, depth - 1)}`);
    return `{${members.join(',')}}`;
  }
  throw new CryptoError('not-json', path, `a ${typeof value} has no JSON form`);
}

function quoted(text: string, path: string): string {
  // RFC 8785 §3.2.2.2: a lone surrogate ends the serialisation; as UTF-8 it would collide with U+FFFD.
  if (/\p{Surrogate}/u.test(text)) throw new CryptoError('not-json', path, 'holds a lone surrogate');
  return JSON.stringify(text);
}

/**
 * Dates, maps, byte arrays and the like would serialise to something else than they are. A plain object's prototype is
 * the root of its realm, which need not be this one: runtimes and test runners hand over JSON they parsed in another.
 */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
