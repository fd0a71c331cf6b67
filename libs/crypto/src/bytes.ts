/**
 * Fixed-width encodings of protocol section 12: big-endian integers, hex, joining, comparison.
 *
 * ```ts
 * import { concat, fromHex, toHex, u16 } from '@cpds/crypto/bytes';
 *
 * toHex(concat(u16(7), fromHex('0xff', 'flags', 1))); // '0007ff'
 * ```
 */

import { isBytes } from '@noble/hashes/utils.js';
import { CryptoError } from './crypto-error.js';

/**
 * Returns `value` when it is a byte string. Every function that takes bytes asks this before their length, so that a
 * caller without TypeScript gets an error that names the field, and text never passes for bytes.
 *
 * @throws CryptoError `bad-type`; `bad-length` when it is not of `length` bytes
 */
export function checkBytes(value: Uint8Array, field: string, length?: number): Uint8Array {
  if (!isBytes(value)) throw new CryptoError('bad-type', field, 'must be a Uint8Array');
  if (length !== undefined && value.length !== length)
    throw new CryptoError('bad-length', field, `must be ${length} bytes, has ${value.length}`);
  return value;
}

/** Returns `value` when it is a string. @throws CryptoError `bad-type` */
export function checkText(value: string, field: string): string {
  if (typeof value !== 'string') throw new CryptoError('bad-type', field, 'must be a string');
  return value;
}

/** Returns `list` when it is an array of at most `most` items; ask before walking it. @throws CryptoError `bad-type`, `too-many` */
export function checkList<T>(list: readonly T[], field: string, most: number): readonly T[] {
  if (!Array.isArray(list)) throw new CryptoError('bad-type', field, 'must be a list');
  if (list.length > most) throw new CryptoError('too-many', field, `may have ${most} items, has ${list.length}`);
  return list;
}

/** Joins byte strings without lengths: the `‖` of the protocol. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + checkBytes(part, 'bytes').length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** ASCII bytes of a domain tag. */
export function ascii(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(checkText(text, 'tag'));
  if (bytes.length !== text.length) throw new CryptoError('not-ascii', 'tag', 'a domain tag must be ASCII');
  return bytes;
}

/** UTF-8 bytes. @throws CryptoError `not-unicode` for a lone surrogate, which would have the bytes of U+FFFD */
export function utf8(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(checkText(text, 'text')))
    throw new CryptoError('not-unicode', 'text', 'holds a lone surrogate');
  return new TextEncoder().encode(text);
}

/** Lower-case hex without prefix. */
export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of checkBytes(bytes, 'bytes')) out += byte.toString(16).padStart(2, '0');
  return out;
}

/** Hex text with its prefix: the form of every byte string in JSON, in rows and for ethers. */
export type Hex = `0x${string}`;

/** `0x` and lower-case hex, the form of ethers and of EIP-712 fields. */
export function to0x(bytes: Uint8Array): Hex {
  return `0x${toHex(bytes)}`;
}

/**
 * Parses hex, with or without `0x`, of exactly `length` bytes when given.
 *
 * @throws CryptoError `bad-hex` names `field`
 */
export function fromHex(text: string, field: string, length?: number): Uint8Array {
  const digits = checkText(text, field).startsWith('0x') ? text.slice(2) : text;
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw new CryptoError('bad-hex', field, 'is not hex');
  if (length !== undefined && digits.length !== 2 * length)
    throw new CryptoError('bad-hex', field, `must be ${length} bytes, has ${digits.length / 2}`);
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Big-endian unsigned integer of `length` bytes; a value that does not fit is a bug and stops. */
export function uint(value: bigint | number, length: number): Uint8Array {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
    throw new CryptoError('bad-type', 'uint', 'must be a bigint or a whole number');
  let rest = BigInt(value);
  if (rest < 0n || rest >> BigInt(8 * length) !== 0n)
    throw new CryptoError('out-of-range', 'uint', `value does not fit in ${length} bytes`);
  const out = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}

/** One byte. */
export const u8 = (value: bigint | number): Uint8Array => uint(value, 1);
/** Two bytes, big-endian: identifiers of members, counts. */
export const u16 = (value: bigint | number): Uint8Array => uint(value, 2);
/** Eight bytes, big-endian: blocks, times, sizes. */
export const u64 = (value: bigint | number): Uint8Array => uint(value, 8);
/** 32 bytes, big-endian: scalars, coordinates, the EVM's words. */
export const u256 = (value: bigint | number): Uint8Array => uint(value, 32);

/** Unsigned integer of big-endian bytes. */
export function toBigInt(bytes: Uint8Array): bigint {
  return checkBytes(bytes, 'bytes').length === 0 ? 0n : BigInt(to0x(bytes));
}

/** Compares in time that depends on the lengths alone: for secrets and authenticators. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (checkBytes(a, 'bytes').length !== checkBytes(b, 'bytes').length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
