/**
 * New shares of a key that stays (protocol section 3): refresh, rotation of members, repair of a lost share. As in a generation, `advance` folds
 * what the hub recorded and `due` says what a member must post next.
 *
 * ```ts
 * import { scalarBytes } from '@cpds/crypto/curve';
 * import { publicOf } from '@cpds/crypto/group';
 * import * as reshare from '@cpds/crypto/reshare';
 * import { randomBytes } from 'node:crypto';
 *
 * const secrets = [7n, 9n, 11n].map((y) => scalarBytes(y)); // shares of the secret 5 on the line 5 + 2·i
 * const verificationShares = new Map(secrets.map((secret, i) => [i + 1, publicOf(secret)]));
 * const old = { threshold: 2, publicKey: publicOf(scalarBytes(5n)), verificationShares };
 * const nodes = secrets.map((secret, i) => {
 *   const self: reshare.Self = { member: i + 1, share: { index: i + 1, secret, group: old }, receiver: i + 1 };
 *   return { self, seed: randomBytes(32) };
 * });
 * let state = reshare.start({ attemptId: randomBytes(32), old, n: 3, nMin: 3, threshold: 2 });
 * while (state.phase !== 'done')
 *   for (const { self, seed } of nodes) {
 *     const post = await reshare.due(state, self, seed);
 *     if (post !== null) state = reshare.advance(state, post); // in truth the hub's log is between these two
 *   }
 * reshare.resharedKey(state).publicKey === old.publicKey; // true
 * ```
 */

export * from './threshold/reshare.js';
export * from './threshold/reshare-ceremony.js';
