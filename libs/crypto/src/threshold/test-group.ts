/** A whole generation in one place, for specs only: no member of a real one ever sees another's share. */

import { ascii, toHex } from '../bytes.js';
import { sha256 } from '../hash.js';
import * as generation from './generation.js';
import type { KeyShare } from './group.js';

/** Parameters of an attempt called `name`. */
export function attempt(name: string, n: number, threshold: number): generation.Parameters {
  return { attemptId: sha256(ascii(name)), n, threshold };
}

/** Everybody's dealing, with seeds that follow from the attempt's id. */
export function dealAll(parameters: generation.Parameters): {
  dealings: generation.Dealing[];
  all: generation.DealerCommitments[];
} {
  const dealings = Array.from({ length: parameters.n }, (_, i) =>
    generation.deal(parameters, i + 1, sha256(parameters.attemptId, Uint8Array.of(i))),
  );
  return { dealings, all: dealings.map((one) => one.commitments) };
}

/** Everybody's key share. */
export function generate(parameters: generation.Parameters): KeyShare[] {
  const { dealings, all } = dealAll(parameters);
  const sent = dealings.flatMap((dealing) => generation.dealtShares(parameters, dealing, all));
  return dealings.map((dealing) => {
    const own = sent.filter((share) => share.receiver === dealing.commitments.dealer);
    return generation.finish(parameters, dealing, all, own);
  });
}

/**
 * Remembers results: the post that is due after the same log is the same, and takes long to compute. Keys may hold
 * JSON, maps, bytes and bigints.
 */
export function remembering<T>(): (key: unknown, ask: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  const plain = (_: string, value: unknown): unknown => {
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
    if (value instanceof Uint8Array) return toHex(value);
    return typeof value === 'bigint' ? String(value) : value;
  };
  return (key, ask) => {
    const text = JSON.stringify(key, plain);
    if (!known.has(text)) known.set(text, ask());
    return known.get(text)!;
  };
}

/** Every subset of `items` with `size` members. */
export function subsets<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}
