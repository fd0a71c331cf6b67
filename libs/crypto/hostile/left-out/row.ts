/** Rows of the mutation table: the library without one input of one hash, and the attack that then works. */

import * as real from '../library.js';

export type Library = typeof real;
const { G, Point } = real.curve;
export const b = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill);
export const mod = (value: bigint): bigint => Point.Fn.create(value);
/** A point whose logarithm nobody knows. */
export const foreign = real.ring.paddingDeed(b(32));

/** One input, the text that brings it into the hash, what stands there without it, and the attack that then works. */
export interface Row {
  challenge: string;
  input: string;
  file: string;
  from: string;
  to: string;
  caughtBy: string;
  /** Whether the attack works against `library`. */
  succeeds: (library: Library) => boolean;
}

/** Two inputs that must not give one digest. */
const collide = (of: (library: Library) => readonly [Uint8Array, Uint8Array]) => (library: Library) => {
  const [one, two] = of(library);
  return real.bytes.equalBytes(one, two);
};
export const digestRow = (
  challenge: string,
  file: string,
  input: string,
  from: string,
  to: string,
  caughtBy: string,
  of: Parameters<typeof collide>[0],
): Row => ({
  challenge,
  input,
  file,
  from,
  to,
  caughtBy,
  succeeds: collide(of),
});

/** A key of the storemen and one of a recipient, for every row that opens something. */
export const [y, q] = [41n, 43n];
export const [ySeal, Q] = [G.multiply(y), G.multiply(q)];

/** Whether `open` gives the file key that every row seals. */
export const opens = (open: () => Uint8Array): boolean => {
  try {
    return real.bytes.equalBytes(open(), b(16));
  } catch (error) {
    if (error instanceof real.CryptoError) return false;
    throw error;
  }
};
