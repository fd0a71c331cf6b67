/**
 * The linkable ring signature over a cohort (section 5), whole: tag bases, signing and verifying, and what the contract needs beside a signature.
 *
 * ```ts
 * import { compressed } from '@cpds/crypto/curve';
 * import { paddingDeed, signRing, tagBase, tagDomain, tagOf, verifyRing } from '@cpds/crypto/ring';
 * import { metaAddressOf, newDeedKey, oneTimeSecret } from '@cpds/crypto/stealth';
 * import { randomBytes } from 'node:crypto';
 *
 * const deed = newDeedKey(metaAddressOf({ spending: 11n, viewing: 12n }), randomBytes);
 * const secret = oneTimeSecret(11n, deed.sharedScalar);
 * const deedX = deed.key.toAffine().x;
 * const domain = tagDomain(randomBytes(32), randomBytes(20)); // chainUid, LockedAccount
 * const tag = tagOf(tagBase(domain, deedX, 3), secret);
 * const statement = {
 *   message: randomBytes(32),
 *   tagDomain: domain,
 *   slot: 3,
 *   xs: [deedX, paddingDeed(randomBytes(32)).toAffine().x],
 *   tag: compressed(tag),
 * };
 * verifyRing(statement, signRing(statement, secret, randomBytes)); // true
 * ```
 */

export * from './tag-base.js';
export * from './lsag.js';
export * from './witness.js';
