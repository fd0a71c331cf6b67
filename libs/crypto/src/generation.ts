/**
 * One key generation (protocol section 3): its arithmetic, and the state machine over the hub's log. `advance` folds what the hub recorded,
 * `due` says what a member must post next.
 *
 * ```ts
 * import * as generation from '@cpds/crypto/generation';
 * import { randomBytes } from 'node:crypto';
 *
 * const seeds = [1, 2, 3].map((member) => ({ member, seed: randomBytes(32) })); // each member knows its own
 * let state = generation.start({ attemptId: randomBytes(32), n: 3, threshold: 2 });
 * while (state.phase !== 'done')
 *   for (const { member, seed } of seeds) {
 *     const post = await generation.due(state, member, seed);
 *     if (post !== null) state = generation.advance(state, post); // in truth the hub's log is between these two
 *   }
 * generation.generatedGroup(state).threshold; // 2
 * ```
 */

export * from './threshold/generation.js';
export * from './threshold/generation-ceremony.js';
