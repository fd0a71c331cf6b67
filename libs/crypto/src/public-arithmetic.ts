/**
 * Computes a·P and a·P + b·Q of public scalars, which takes most of the time of verifying. Variable time, so never use
 * it with a secret.
 *
 * @noble/curves does it everywhere. Whoever runs on Node may put libsecp256k1 in its place by importing
 * `@cpds/crypto/libsecp256k1` (docs/decisions/0006-libsecp256k1-verifies.md): both give the same results.
 *
 * ```ts
 * import { G } from '@cpds/crypto/curve';
 * import { combinePublic, multiplyPublic } from '@cpds/crypto/public-arithmetic';
 *
 * combinePublic(G, 2n, G, 3n).equals(multiplyPublic(G, 5n)); // true
 * ```
 */

import { checkPoint, checkScalar, type Point } from './curve.js';

/** Scalars in [1, n-1]; results may be the identity. */
export interface PublicArithmetic {
  /** a·P */
  multiply(P: Point, a: bigint): Point;
  /** a·P + b·Q */
  combine(P: Point, a: bigint, Q: Point, b: bigint): Point;
}

/** The arithmetic that runs everywhere. */
export const nobleArithmetic: PublicArithmetic = {
  multiply: (P, a) => P.multiplyUnsafe(a),
  combine: (P, a, Q, b) => P.mulAddUnsafe(a, Q, b),
};

let chosen = nobleArithmetic;

/** The arithmetic in use; set once, at start, by a process that has a faster one. */
export function usePublicArithmetic(arithmetic: PublicArithmetic): void {
  chosen = arithmetic;
}

/** a·P of a public scalar in [1, n-1]. */
export const multiplyPublic: PublicArithmetic['multiply'] = (P, a) =>
  chosen.multiply(checkPoint(P, 'point'), checkScalar(a, 'scalar'));

/** a·P + b·Q of public scalars in [1, n-1]. */
export const combinePublic: PublicArithmetic['combine'] = (P, a, Q, b) =>
  chosen.combine(checkPoint(P, 'point'), checkScalar(a, 'scalar'), checkPoint(Q, 'point'), checkScalar(b, 'scalar'));
