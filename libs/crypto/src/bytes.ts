/** Fixed-width encodings of protocol section 12: big-endian integers, hex, joining, comparison. */

import { CryptoError } from './crypto-error.js';

/** Joins byte strings without lengths: the `‖` of the protocol. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** ASCII bytes of a domain tag. */
export function ascii(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length !== text.length) throw new CryptoError('not-ascii', 'tag', 'a domain tag must be ASCII');
  return bytes;
}

/** UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Lower-case hex without prefix. */
export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0');
  return out;
}

/** `0x` and lower-case hex, the form of ethers and of EIP-712 fields. */
export function to0x(bytes: Uint8Array): `0x${string}` {
  return `0x${toHex(bytes)}`;
}

/**
 * Parses hex, with or without `0x`, of exactly `length` bytes when given.
 *
 * @throws CryptoError `bad-hex` names `field`
 */
export function fromHex(text: string, field: string, length?: number): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw new CryptoError('bad-hex', field, 'is not hex');
  if (length !== undefined && digits.length !== 2 * length)
    throw new CryptoError('bad-hex', field, `must be ${length} bytes, has ${digits.length / 2}`);
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Big-endian unsigned integer of `length` bytes; a value that does not fit is a bug and stops. */
export function uint(value: bigint | number, length: number): Uint8Array {
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
  return bytes.length === 0 ? 0n : BigInt(to0x(bytes));
}

/** Compares in time that depends on the lengths alone: for secrets and authenticators. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
