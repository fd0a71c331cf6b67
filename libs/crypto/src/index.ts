/**
 * What every door shares: the one error that this package throws, and where its randomness comes from. All else has a door of its own,
 * `@cpds/crypto/<noun>` (docs/decisions/0010-crypto-by-namespaces.md).
 *
 * ```ts
 * import { CryptoError } from '@cpds/crypto';
 * import { parsePoint } from '@cpds/crypto/curve';
 *
 * function refusalOf(bytes: Uint8Array): string | undefined {
 *   try {
 *     parsePoint(bytes, 'ephemeralKey');
 *   } catch (error) {
 *     if (error instanceof CryptoError) return `${error.field}: ${error.code}`;
 *     throw error;
 *   }
 *   return undefined;
 * }
 * refusalOf(new Uint8Array(33)); // 'ephemeralKey: bad-point'
 * ```
 */

export { CryptoError } from './crypto-error.js';
export type { RandomBytes } from './random.js';
