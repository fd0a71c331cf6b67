/**
 * Partial releases (section 6): a storeman multiplies C + Q by its share, never C, so that no published value helps
 * anybody without q (section 11, attack 1). Every partial carries its proof, so a storeman that lies is named.
 *
 * ```ts
 * import { parseCapsule, sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
 * import { G } from '@cpds/crypto/curve';
 * import { releasePartial, verifyPartial } from '@cpds/crypto/partial';
 * import { randomBytes } from 'node:crypto';
 *
 * const share = 31n; // of one storeman
 * const [ySeal, recipientKey] = [G.multiply(share), G.multiply(37n)];
 * const sealed = { fileKey: randomBytes(16), label: randomBytes(32), recipientKey, ySeal };
 * const bytes = sealCapsule(sealed, randomBytes);
 * const { C } = parseCapsule(bytes);
 * const context = { grantId: randomBytes(32), epoch: 1, sealedKeyHash: sealedKeyHash(bytes), C, recipientKey };
 * verifyPartial(context, ySeal, releasePartial(context, 1, share, randomBytes)); // true
 * ```
 */

import { checkBytes, checkList, concat, u16, u64 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { checkScalar, G, N, Point } from './curve.js';
import { checkReleasePoint } from './capsule.js';
import { proveDleq, verifyDleq, type DleqProof, type DleqStatement } from './dleq.js';
import { keccak256 } from './hash.js';
import { multiplyPublic } from './public-arithmetic.js';
import type { RandomBytes } from './random.js';

/** Identifiers are u16 from 1. */
const MOST_MEMBERS = 0xffff;

/** One storeman's answer. */
export interface Partial {
  /** The member's identifier, from 1. */
  index: number;
  /** W_i = y_i·(C + Q) */
  W: Point;
  proof: DleqProof;
}

/** The release that a partial is made for. All public. */
export interface PartialContext {
  grantId: Uint8Array;
  epoch: bigint | number;
  sealedKeyHash: Uint8Array;
  /** C of the capsule. */
  C: Point;
  /** Q of the grant. */
  recipientKey: Point;
}

/**
 * Makes the partial of member `index` with its share y_i. The caller has verified the capsule, the proof of q and the
 * chains before: this is mathematics only.
 *
 * @throws CryptoError `bad-point` when C + Q is the identity or has x ≥ n; `out-of-range` for the index
 */
export function releasePartial(context: PartialContext, index: number, share: bigint, random: RandomBytes): Partial {
  checkScalar(share, 'share');
  const point = checkReleasePoint(context.C, context.recipientKey);
  // Secret share: constant-time ladder.
  const W = point.multiply(share);
  const proof = proveDleq(partStatement(context, index, G.multiply(share), W), share, random);
  return { index, W, proof };
}

/** Whether a partial is right for the member's public share Y_i. Public inputs: variable time. */
export function verifyPartial(context: PartialContext, verificationShare: Point, partial: Partial): boolean {
  return verifyDleq(partStatement(context, partial.index, verificationShare, partial.W), partial.proof);
}

/**
 * W = Σ λ_i·W_i over exactly `threshold` partials of one epoch, verified before.
 *
 * @throws CryptoError `wrong-count`, `duplicate` (names the member)
 */
export function combinePartials(partials: readonly { index: number; W: Point }[], threshold: number): Point {
  if (checkList(partials, 'partials', MOST_MEMBERS).length !== threshold || threshold < 1)
    throw new CryptoError('wrong-count', 'partials', `needs exactly ${threshold}, has ${partials.length}`);
  const indices = partials.map((partial) => partial.index);
  const terms = partials.map((partial) => multiplyPublic(partial.W, lagrangeAtZero(partial.index, indices)));
  return terms.reduce((sum, term) => sum.add(term));
}

/**
 * λ_i = Π_{j≠i} j/(j−i) mod n over the identifiers used (section 12).
 *
 * @throws CryptoError `duplicate`, `out-of-range`, `not-a-member`
 */
export function lagrangeAtZero(index: number, indices: readonly number[]): bigint {
  const seen = new Set<number>();
  for (const j of checkList(indices, 'indices', MOST_MEMBERS)) {
    checkIndex(j);
    if (seen.has(j)) throw new CryptoError('duplicate', 'indices', 'names a member twice', String(j));
    seen.add(j);
  }
  if (!seen.has(index)) throw new CryptoError('not-a-member', 'index', 'is not among the identifiers', String(index));
  let numerator = 1n;
  let denominator = 1n;
  for (const j of indices) {
    if (j === index) continue;
    numerator = (numerator * BigInt(j)) % N;
    denominator = (denominator * (N + BigInt(j) - BigInt(index))) % N;
  }
  return (numerator * Point.Fn.inv(denominator)) % N;
}

/** DLEQ(part; G, Y_i, C+Q, W_i; keccak256(grantId ‖ u64 epoch ‖ u16 i ‖ sealedKeyHash)). */
function partStatement(context: PartialContext, index: number, verificationShare: Point, W: Point): DleqStatement {
  checkIndex(index);
  for (const field of ['grantId', 'sealedKeyHash'] as const)
    if (checkBytes(context[field], field).length !== 32) throw new CryptoError('bad-hash', field, 'must be 32 bytes');
  return {
    use: 'part',
    A: G,
    X: verificationShare,
    B: checkReleasePoint(context.C, context.recipientKey),
    Z: W,
    message: keccak256(concat(context.grantId, u64(context.epoch), u16(index), context.sealedKeyHash)),
  };
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 1 || index > MOST_MEMBERS)
    throw new CryptoError('out-of-range', 'index', 'must be a whole number from 1 to 65535');
}
