/** A linkable ring signature over any transcript, for the weaker rules that are attacked; the rule in use is `../src/lsag.ts`. */

import { randomBytes } from 'node:crypto';
import { G, type Point, scalarFrom48 } from '../src/curve.js';
import { tagBase } from '../src/ring.js';
import { metaAddressOf, newDeedKey, oneTimeSecret } from '../src/stealth.js';

/** A random scalar. */
export const scalar = (): bigint => scalarFrom48(randomBytes(48), 'scalar');

/** Keys P_i, and the bases of their tags. */
export interface Ring {
  keys: readonly Point[];
  bases: readonly Point[];
}

/** The challenge that follows L and R. */
export type Transcript = (L: Point, R: Point) => bigint;

/** Deeds of one patient under `domain`, in `slot`; the secret of each beside it. */
export function deeds(count: number, domain: Uint8Array, slot: number) {
  const spending = scalar();
  const meta = metaAddressOf({ spending, viewing: scalar() });
  const made = Array.from({ length: count }, () => newDeedKey(meta, randomBytes));
  const xs = made.map(({ key }) => key.toAffine().x);
  const ring = { keys: made.map(({ key }) => key), bases: xs.map((x) => tagBase(domain, x, slot).point) };
  return { ring, xs, secrets: made.map(({ sharedScalar }) => oneTimeSecret(spending, sharedScalar)) };
}

const links = ({ keys, bases }: Ring, I: Point, i: number, s: bigint, c: bigint) =>
  [G.mulAddUnsafe(s, keys[i]!, c), bases[i]!.mulAddUnsafe(s, I, c)] as const;

/** Goes round from `place`, where L and R were chosen, and closes with the answer to the challenge that comes back. */
export function closeAt(
  { ring, I, next }: { ring: Ring; I: Point; next: Transcript },
  place: number,
  [L, R]: readonly [Point, Point],
  answer: (c: bigint) => bigint,
): { c0: bigint; s: bigint[] } {
  const size = ring.keys.length;
  const s = ring.keys.map(scalar);
  const c: bigint[] = [];
  c[(place + 1) % size] = next(L, R);
  for (let step = 1; step < size; step++) {
    const i = (place + step) % size;
    c[(i + 1) % size] = next(...links(ring, I, i, s[i]!, c[i]!));
  }
  s[place] = answer(c[place]!);
  return { c0: c[0]!, s };
}

/** Whether the chain closes. */
export function closes(
  { ring, I, next }: { ring: Ring; I: Point; next: Transcript },
  { c0, s }: { c0: bigint; s: readonly bigint[] },
): boolean {
  return ring.keys.reduce((c, _, i) => next(...links(ring, I, i, s[i]!, c)), c0) === c0;
}
