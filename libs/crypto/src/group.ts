/**
 * A key that several members hold together: its public side, a member's share of it, and the identifiers that both count with.
 *
 * ```ts
 * import { scalarBytes } from '@cpds/crypto/curve';
 * import { checkKeyShare, publicOf, type GroupKey } from '@cpds/crypto/group';
 *
 * const [y1, y2] = [scalarBytes(7n), scalarBytes(9n)]; // shares of the secret 5 on the line 5 + 2·i
 * const group: GroupKey = {
 *   threshold: 2,
 *   publicKey: publicOf(scalarBytes(5n)),
 *   verificationShares: new Map([[1, publicOf(y1)], [2, publicOf(y2)]]),
 * };
 * checkKeyShare({ index: 2, secret: y2, group }).index; // 2
 * ```
 */

export * from './threshold/group.js';
