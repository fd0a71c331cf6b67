/** Reads the files of `vectors/`, for specs. */

import { readFileSync } from 'node:fs';
import { fromHex } from '../bytes.js';

/** One file of `libs/crypto/vectors`, in the shape that its spec says. */
export function readVectors<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')) as Shape;
}

/** Bytes of a vector's hex. */
export const hex = (text: string): Uint8Array => fromHex(text, 'vector');

/** A case of Wycheproof; which other fields it has depends on the file. All are hex. */
export interface WycheproofCase {
  tcId: number;
  comment: string;
  flags: string[];
  result: 'valid' | 'invalid' | 'acceptable';
}

/** A Wycheproof file, as far as `vectors/make/wycheproof.mjs` kept it. */
export function readWycheproof<Fields extends string>(name: string): (WycheproofCase & Record<Fields, string>)[] {
  return readVectors<{ cases: (WycheproofCase & Record<Fields, string>)[] }>(`wycheproof/${name}.json`).cases;
}

/** Whether to run also the cases that take seconds and differ from others only in their numbers: CPDS_SLOW_VECTORS=1. */
export const isDeep = process.env.CPDS_SLOW_VECTORS === '1';

/** Names a case briefly, for the list of failed ones. */
export const nameOf = ({ tcId, comment }: WycheproofCase): string => `${tcId} ${comment}`;
