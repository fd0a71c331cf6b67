/**
 * Tag bases (section 5): a hash to the curve per deed key and slot. A multiple of `G` or `P`, or one fixed base, would
 * let whoever made two one-time accounts link their tags (see attacks/linked-tags.spec.ts).
 */

import { ascii, checkBytes, checkList, concat, u8, u256 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import {
  checkCoordinate,
  checkNonzero,
  checkScalar,
  evenRootOf,
  N,
  rootOf,
  toCurve,
  type CurveHash,
  type Point,
} from './curve.js';
import { keccak256 } from './hash.js';

/**
 * D of section 5: keccak256("cpds/v1/tag-base" ‖ chainUid ‖ LockedAccount), 32 bytes. Tags of different contracts do
 * not meet, so a deed's slots are per LockedAccount.
 */
export function tagDomain(chainUid: Uint8Array, lockedAccount: Uint8Array): Uint8Array {
  if (checkBytes(chainUid, 'chainUid').length !== 32) throw new CryptoError('bad-hash', 'chainUid', 'must be 32 bytes');
  if (checkBytes(lockedAccount, 'lockedAccount').length !== 20)
    throw new CryptoError('bad-address', 'lockedAccount', 'must be 20 bytes');
  return keccak256(ascii('cpds/v1/tag-base'), chainUid, lockedAccount);
}

/**
 * Hp(P, slot): the base of the tag of the deed with this x in this slot.
 *
 * @param deedX x of a deed key, so in [1, n-1]
 * @param slot 0..255
 */
export function tagBase(domain: Uint8Array, deedX: bigint, slot: number): CurveHash {
  return toCurve(concat(checkDomain(domain), u256(checkScalar(deedX, 'deedX')), slotByte(slot)));
}

/** I = x·Hp(P, slot), the tag of the deed with secret key `deedSecret`. */
export function tagOf(base: CurveHash, deedSecret: bigint): Point {
  return checkNonzero(base.point, 'base').multiply(checkScalar(deedSecret, 'deedSecret')); // secret scalar: constant-time ladder
}

/**
 * Hints with which a contract checks a hash to the curve, one for each x tried: a root of −(x³+7) for each refused
 * counter (−1 is no square as p ≡ 3 mod 4, so it proves that x³+7 is none), the even y for the accepted one. An x ≥ n
 * is refused by itself and its hint is 0. All public.
 */
export function tagBaseRoots(base: CurveHash): bigint[] {
  if (checkList(base.tried, 'tried', 256).length !== base.counter + 1)
    throw new CryptoError('out-of-range', 'counter', 'is not that of the last x tried');
  const accepted = checkNonzero(base.point, 'base').toAffine();
  if (base.tried[base.counter] !== accepted.x)
    throw new CryptoError('bad-point', 'tried', 'does not end in the x of the base');
  return base.tried.map((x, counter) => {
    if (counter === base.counter) return accepted.y;
    if (typeof x === 'bigint' && x >= N) return 0n;
    const root = rootOf(-(checkCoordinate(x, 'tried') ** 3n + 7n));
    if (root === undefined) throw new CryptoError('bad-point', 'tried', 'passed over an x that is on the curve');
    return root;
  });
}

/** Root of x³+7 for a point on the curve with this x: the even y. For the mint of a deed. @throws CryptoError `bad-point` */
export function evenRoot(x: bigint, field: string): bigint {
  const root = evenRootOf(checkCoordinate(x, field));
  if (root === undefined) throw new CryptoError('bad-point', field, 'x is on no curve point');
  return root;
}

let tdh2Base: Point | undefined;

/** Ḡ: the second base of capsules and open proofs, whose logarithm nobody knows (prefix "cpds/v1/tdh2-base"). */
export function gBar(): Point {
  // multiplied in every capsule and proof: its table is made at the first use
  tdh2Base ??= toCurve(ascii('cpds/v1/tdh2-base')).point.precompute(6);
  return tdh2Base;
}

/**
 * A padding deed: a point that nobody has a key to, from 32 random bytes. Without those bytes it cannot be told from
 * a patient's deed.
 */
export function paddingDeed(random: Uint8Array): Point {
  if (checkBytes(random, 'random').length !== 32) throw new CryptoError('bad-randomness', 'random', 'must be 32 bytes');
  return toCurve(concat(ascii('cpds/v1/padding'), random)).point;
}

/** `slot` as its one byte. */
export function slotByte(slot: number): Uint8Array {
  if (!Number.isInteger(slot) || slot < 0 || slot > 255)
    throw new CryptoError('out-of-range', 'slot', 'must be a whole number from 0 to 255');
  return u8(slot);
}

function checkDomain(domain: Uint8Array): Uint8Array {
  if (checkBytes(domain, 'tagDomain').length !== 32) throw new CryptoError('bad-hash', 'tagDomain', 'must be 32 bytes');
  return domain;
}
