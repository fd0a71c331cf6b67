/**
 * Ownership proof (section 5): the grant's tag belongs to this deed, and the deed to this spending key. It shows B's
 * hospital that consent came from the enrolled patient; it is transferable, so it is kept as health data.
 *
 * ```ts
 * import { proveOwnership, verifyOwnership } from '@cpds/crypto/ownership';
 * import { tagBase, tagDomain, tagOf } from '@cpds/crypto/ring';
 * import { metaAddressOf, newDeedKey, oneTimeSecret } from '@cpds/crypto/stealth';
 * import { randomBytes } from 'node:crypto';
 *
 * const meta = metaAddressOf({ spending: 11n, viewing: 12n });
 * const deed = newDeedKey(meta, randomBytes);
 * const deedX = deed.key.toAffine().x;
 * const domain = tagDomain(randomBytes(32), randomBytes(20));
 * const tag = tagOf(tagBase(domain, deedX, 3), oneTimeSecret(11n, deed.sharedScalar));
 * const statement = { deedX, tagDomain: domain, slot: 3, tag, grantId: randomBytes(32) };
 * const proof = proveOwnership(statement, 11n, deed.sharedScalar, randomBytes);
 * verifyOwnership(statement, proof, meta.spendingKey); // true
 * ```
 */

import { CryptoError } from './crypto-error.js';
import { checkNonzero, G, liftX, type Point } from './curve.js';
import { proveDleq, verifyDleq, type DleqProof, type DleqStatement } from './dleq.js';
import type { RandomBytes } from './random.js';
import { isOneTimeKeyOf, oneTimeSecret } from './stealth.js';
import { tagBase } from './tag-base.js';

/** The statement: `tag` is the tag of deed `deedX` in `slot`, for this grant. */
export interface OwnershipStatement {
  deedX: bigint;
  tagDomain: Uint8Array;
  slot: number;
  tag: Point;
  grantId: Uint8Array;
}

/** `DLEQ(own; G, P, Hp(P, slot), I; grantId)` and how P follows from the patient's own key (section 5). Kept as health data: it is transferable. */
export interface OwnershipProof extends DleqProof {
  /** B, the patient's spending key, to be compared with the enrolled one. */
  spendingKey: Point;
  /** s with P = B + s·G. */
  sharedScalar: bigint;
}

/**
 * Proves ownership with the spending secret b and the deed's shared scalar s.
 *
 * @throws CryptoError `false-statement` when the deed or the tag is another's
 */
export function proveOwnership(
  statement: OwnershipStatement,
  spending: bigint,
  sharedScalar: bigint,
  random: RandomBytes,
): OwnershipProof {
  const dleq = dleqOf(statement);
  const secret = oneTimeSecret(spending, sharedScalar);
  const spendingKey = G.multiply(spending); // secret: constant-time ladder
  if (!isOneTimeKeyOf(spendingKey, sharedScalar, dleq.X))
    throw new CryptoError('false-statement', 'deedX', 'is not a deed of this spending key');
  return { ...proveDleq(dleq, secret, random), spendingKey, sharedScalar };
}

/**
 * Whether the proof ties tag, deed and `enrolledKey` together.
 *
 * @param enrolledKey B of the patient's signed Enrolment: without it A could have minted the deed to itself
 */
export function verifyOwnership(statement: OwnershipStatement, proof: OwnershipProof, enrolledKey: Point): boolean {
  const dleq = dleqOf(statement);
  return (
    checkNonzero(proof.spendingKey, 'spendingKey').equals(checkNonzero(enrolledKey, 'enrolledKey')) &&
    isOneTimeKeyOf(proof.spendingKey, proof.sharedScalar, dleq.X) &&
    verifyDleq(dleq, proof)
  );
}

/** DLEQ(own; G, P, Hp(P, slot), I; grantId). */
function dleqOf(statement: OwnershipStatement): DleqStatement {
  return {
    use: 'own',
    A: G,
    X: liftX(statement.deedX, 'deedX'),
    B: tagBase(statement.tagDomain, statement.deedX, statement.slot).point,
    Z: statement.tag,
    message: statement.grantId,
  };
}
