/**
 * Expands a compact ring signature to the witness that LockedAccount checks (libs/contracts/WITNESS.md). Everything here
 * is public: the wallet sends the compact form, the hospital's relayer computes this.
 */

import { checkList } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { checkScalar, Point } from './curve.js';
import { closeRing, parseRingSignature, type RingStatement } from './lsag.js';
import { multiplyPublic } from './public-arithmetic.js';
import { tagBaseRoots } from './tag-base.js';

/** The signature's part of `lock(...)`; the tag itself is in the grant. */
export interface RingWitness {
  c0: bigint;
  /** For each member: s, A = s·H as (x, y), B = c·I as (x, y), slope of A + B, and the roots of the tag base. */
  words: bigint[];
}

/**
 * The witness of a valid signature.
 *
 * @throws CryptoError `bad-signature` when the signature does not verify: a lock with it would revert; `no-slope` where
 * A and B share an x (one in 2^255), for which the wallet signs again
 */
export function expandRing(statement: RingStatement, compact: Uint8Array): RingWitness {
  const signature = parseRingSignature(compact, checkList(statement.xs, 'xs', 256).length);
  const halves: { A: Affine; B: Affine }[] = [];
  const bases = closeRing(statement, signature, (H, s, I, c) => {
    const [A, B] = [multiplyPublic(H, s), multiplyPublic(I, checkScalar(c, 'c'))];
    halves.push({ A: A.toAffine(), B: B.toAffine() });
    return A.add(B);
  });
  if (bases === undefined) throw new CryptoError('bad-signature', 'ringSignature', 'does not verify');
  const words = bases.flatMap((base, i) => {
    const { A, B } = halves[i]!;
    return [signature.s[i]!, A.x, A.y, B.x, B.y, slopeOf(A, B), ...tagBaseRoots(base)];
  });
  return { c0: signature.c0, words };
}

type Affine = { x: bigint; y: bigint };

function slopeOf(A: Affine, B: Affine): bigint {
  const { Fp } = Point;
  if (A.x === B.x) throw new CryptoError('no-slope', 'ringSignature', 'needs the sum of two points with one x');
  return Fp.mul(Fp.sub(B.y, A.y), Fp.inv(Fp.sub(B.x, A.x)));
}
