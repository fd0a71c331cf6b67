/**
 * Threshold signatures of FROST (RFC 9591): nonces that are used once, shares, and the signature that they combine to. Whoever gives a bad share
 * is named.
 *
 * ```ts
 * import * as frost from '@cpds/crypto/frost';
 * import { publicOf, type KeyShare } from '@cpds/crypto/group';
 * import { scalarBytes } from '@cpds/crypto/curve';
 * import { randomBytes } from 'node:crypto';
 *
 * const [y1, y2] = [scalarBytes(7n), scalarBytes(9n)]; // shares of the secret 5 on the line 5 + 2·i
 * const verificationShares = new Map([[1, publicOf(y1)], [2, publicOf(y2)]]);
 * const group = { threshold: 2, publicKey: publicOf(scalarBytes(5n)), verificationShares };
 * const shares: KeyShare[] = [{ index: 1, secret: y1, group }, { index: 2, secret: y2, group }];
 * const nonces = shares.map((share) => frost.drawNonces(share));
 * const commitments = nonces.map(({ commitment }) => commitment);
 * const digest = randomBytes(32);
 * const signed = shares.map((share, i) => frost.signShare(share, nonces[i]!, commitments, digest));
 * const combined = frost.combineSignature(group, commitments, digest, signed);
 * 'signature' in combined && frost.isGroupSignature(group.publicKey, digest, combined.signature); // true
 * ```
 */

export * from './threshold/signing.js';
export * from './threshold/nonces.js';
