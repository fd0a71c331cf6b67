/**
 * Bitcoin Core's libsecp256k1, compiled to WebAssembly, for public scalars. `@cpds/crypto/libsecp256k1` is a door
 * apart: importing it puts it in place for the whole process.
 *
 * ```ts
 * import '@cpds/crypto/libsecp256k1'; // from here on, in the whole process
 * import { G } from '@cpds/crypto/curve';
 * import { multiplyPublic } from '@cpds/crypto/public-arithmetic';
 *
 * multiplyPublic(G, 5n).equals(G.multiply(5n)); // true
 * ```
 */

import { pointAdd, pointAddScalar, pointMultiply } from 'tiny-secp256k1';
import { toBigInt, u256 } from './bytes.js';
import { G, Point } from './curve.js';
import { usePublicArithmetic, type PublicArithmetic } from './public-arithmetic.js';

/** SEC1 uncompressed, so that no root is taken on the way; null is the identity. */
type SecPoint = Uint8Array | null;

function product(P: Point, a: bigint): SecPoint {
  return P.is0() ? null : pointMultiply(P.toBytes(false), u256(a), false);
}

function pointOf(bytes: SecPoint): Point {
  if (bytes === null) return Point.ZERO;
  return Point.fromAffine({ x: toBigInt(bytes.subarray(1, 33)), y: toBigInt(bytes.subarray(33)) });
}

/** `multiplyPublic` and `combinePublic` use this once the module was imported: the same results as `nobleArithmetic`, several times as fast. */
export const libsecp256k1: PublicArithmetic = {
  multiply: (P, a) => pointOf(product(P, a)),
  combine(P, a, Q, b) {
    const bQ = product(Q, b);
    if (bQ === null) return pointOf(product(P, a));
    // libsecp256k1 has a table of its own for the base point
    if (P === G) return pointOf(pointAddScalar(bQ, u256(a), false));
    const aP = product(P, a);
    return pointOf(aP === null ? bQ : pointAdd(aP, bQ, false));
  },
};

usePublicArithmetic(libsecp256k1);
