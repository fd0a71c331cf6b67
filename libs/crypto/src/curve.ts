/**
 * secp256k1 as the protocol uses it (section 2): scalars in [1, n-1], points on the curve and never the identity,
 * SEC1 compressed off chain, `(x, y)` in hashes and on chain.
 *
 * ```ts
 * import { compressed, G, parsePoint, parseScalar } from '@cpds/crypto/curve';
 * import { randomBytes } from 'node:crypto';
 *
 * const secret = parseScalar(randomBytes(32), 'secret');
 * const key = G.multiply(secret); // constant time
 * parsePoint(compressed(key), 'key').equals(key); // true
 * ```
 */

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ascii, checkBytes, concat, fromHex, toBigInt, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { hkdfSha256, keccak256 } from './hash.js';

/** Points of the curve, with the library's arithmetic. */
export const Point = secp256k1.Point;
/** A point of the curve. The identity occurs only inside a computation, never as an input or output. */
export type Point = InstanceType<typeof secp256k1.Point>;

/** Base point. */
export const G = Point.BASE;
/** Group order. */
export const N = Point.Fn.ORDER;
/** Field prime. */
export const P = Point.Fp.ORDER;

/**
 * Parses a scalar of 32 bytes big-endian in [1, n-1].
 *
 * @throws CryptoError `bad-scalar` names `field`
 */
export function parseScalar(bytes: Uint8Array, field: string): bigint {
  if (checkBytes(bytes, field).length !== 32)
    throw new CryptoError('bad-scalar', field, `must be 32 bytes, has ${bytes.length}`);
  return checkScalar(toBigInt(bytes), field);
}

/** Returns `value` when it lies in [1, n-1]; otherwise refuses with `bad-scalar`. */
export function checkScalar(value: bigint, field: string): bigint {
  if (checkBigInt(value, field) <= 0n || value >= N) throw new CryptoError('bad-scalar', field, 'must lie in [1, n-1]');
  return value;
}

/** 32 bytes big-endian of a scalar. */
export function scalarBytes(value: bigint): Uint8Array {
  return u256(checkScalar(value, 'scalar'));
}

/**
 * Parses a SEC1 compressed point of 33 bytes: on the curve, canonical, not the identity.
 *
 * @throws CryptoError `bad-point` names `field`
 */
export function parsePoint(bytes: Uint8Array, field: string): Point {
  if (checkBytes(bytes, field).length !== 33)
    throw new CryptoError('bad-point', field, `must be 33 bytes, has ${bytes.length}`);
  try {
    const point = Point.fromBytes(bytes);
    point.assertValidity();
    return point;
  } catch (cause) {
    throw Object.assign(new CryptoError('bad-point', field, 'is not a canonical curve point'), { cause });
  }
}

/** `parsePoint` for hex text, with or without `0x`. */
export function pointFromHex(text: string, field: string): Point {
  return parsePoint(fromHex(text, field, 33), field);
}

/**
 * Returns `point` when it is a point of this curve, the identity included: every function asks this of a point it is
 * given, before it multiplies.
 *
 * @throws CryptoError `bad-type` for anything else, `bad-point` for coordinates off the curve
 */
export function checkPoint(point: Point, field: string): Point {
  if (!(point instanceof Point)) throw new CryptoError('bad-type', field, 'must be a point of secp256k1');
  // Y²Z = X³ + 7Z³: the library's own check divides by Z first, which would slow a ring signature of sixteen.
  const { X, Y, Z } = point;
  if ((Y * Y * Z - X * X * X - 7n * Z * Z * Z) % P !== 0n)
    throw new CryptoError('bad-point', field, 'is not on the curve');
  return point;
}

/** `checkPoint`, the identity refused. */
export function checkNonzero(point: Point, field: string): Point {
  if (checkPoint(point, field).is0()) throw new CryptoError('bad-point', field, 'is the identity');
  return point;
}

/** Refuses the identity and points whose x is not below n: ecrecover could not represent them (protocol section 2). */
export function checkRecoverable(point: Point, field: string): Point {
  if (checkNonzero(point, field).toAffine().x >= N) throw new CryptoError('bad-point', field, 'has x >= n');
  return point;
}

/** SEC1 compressed, 33 bytes. @throws CryptoError `bad-point` for the identity, which has no such form */
export function compressed(point: Point): Uint8Array {
  return checkNonzero(point, 'point').toBytes(true);
}

/** x ‖ y, 64 bytes: the form of points inside hashes. @throws CryptoError `bad-point` for the identity, which has neither */
export function xy(point: Point): Uint8Array {
  const { x, y } = checkNonzero(point, 'point').toAffine();
  return concat(u256(x), u256(y));
}

/** Ethereum address of a public key: the last 20 bytes of keccak256(x ‖ y). @throws CryptoError `bad-point` for the identity */
export function addressOf(point: Point): Uint8Array {
  return keccak256(xy(point)).slice(12);
}

/** The point with this x and even y. @throws CryptoError `bad-point` where x³+7 is not a square or x ≥ p */
export function liftX(x: bigint, field: string): Point {
  checkCoordinate(x, field);
  return parsePoint(concat(Uint8Array.of(2), u256(x)), field);
}

/** A point found by `toCurve`, with every x that was tried on the way. */
export interface CurveHash {
  point: Point;
  counter: number;
  /** Every x tried, the accepted one last. */
  tried: bigint[];
}

/**
 * Try-and-increment hash to the curve (protocol section 12): the first x = keccak256(prefix ‖ u8 ctr) that is below n
 * with x³+7 a square; y even. Nobody knows its discrete logarithm. Inputs are public: variable time is fine.
 */
export function toCurve(prefix: Uint8Array): CurveHash {
  const tried: bigint[] = [];
  for (let counter = 0; counter < 256; counter++) {
    const x = toBigInt(keccak256(prefix, Uint8Array.of(counter)));
    tried.push(x);
    if (x >= N) continue;
    const y = evenRootOf(x);
    if (y !== undefined) return { point: Point.fromAffine({ x, y }), counter, tried };
  }
  throw new CryptoError('no-point', 'prefix', 'no counter gives a curve point');
}

/** Returns `x` when it can be a coordinate, 0 ≤ x < p. @throws CryptoError `bad-type`, `bad-point` */
export function checkCoordinate(x: bigint, field: string): bigint {
  if (checkBigInt(x, field) < 0n || x >= P) throw new CryptoError('bad-point', field, 'x is out of range');
  return x;
}

/** The even y of the point with this x, 0 ≤ x < p; undefined where x³+7 is no square. */
export function evenRootOf(x: bigint): bigint | undefined {
  const root = rootOf(checkCoordinate(x, 'x') ** 3n + 7n);
  return root === undefined || (root & 1n) === 0n ? root : P - root;
}

/** A square root mod p, either one; undefined where there is none. */
export function rootOf(square: bigint): bigint | undefined {
  const { Fp } = Point;
  const residue = Fp.create(checkBigInt(square, 'square'));
  try {
    return Fp.sqrt(residue);
  } catch {
    return undefined; // the library throws when there is no root
  }
}

/** A hash reduced mod n; zero is refused (section 12), which happens with probability 2^-256. */
export function challenge(hash: Uint8Array): bigint {
  return checkScalar(toBigInt(checkBytes(hash, 'challenge', 32)) % N, 'challenge');
}

/** 48 uniform bytes reduced mod n; zero refused. */
export function scalarFrom48(bytes: Uint8Array, field: string): bigint {
  return checkScalar(toBigInt(checkBytes(bytes, field, 48)) % N, field);
}

/**
 * A hedged blinding scalar (section 12): safe while either the secret or the randomness is unknown, never reused
 * because the public inputs enter the derivation.
 *
 * @param random 32 fresh random bytes
 * @param publicInputs everything public that the proof or sealing binds
 */
export function hedgedScalar(use: string, secret: Uint8Array, random: Uint8Array, publicInputs: Uint8Array): bigint {
  if (checkBytes(random, 'random').length !== 32) throw new CryptoError('bad-randomness', 'random', 'must be 32 bytes');
  const info = concat(ascii('cpds/v1/nonce/'), ascii(use), keccak256(publicInputs));
  return scalarFrom48(hkdfSha256(concat(secret, random), info, 48), 'nonce');
}

function checkBigInt(value: bigint, field: string): bigint {
  if (typeof value !== 'bigint') throw new CryptoError('bad-type', field, 'must be a bigint');
  return value;
}
