/**
 * Everything a wallet holds, derived from its one seed (section 12).
 *
 * ```ts
 * import { metaAddressOf } from '@cpds/crypto/stealth';
 * import { deriveWallet } from '@cpds/crypto/wallet-keys';
 *
 * const seed = new Uint8Array(32).fill(1); // of the patient's recovery words
 * const { spending, viewing } = deriveWallet(seed);
 * metaAddressOf({ spending, viewing }); // what the patient enrols
 * deriveWallet(seed).spending === spending; // true
 * ```
 */

import { ascii, checkBytes, concat } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { addressOf, G, scalarFrom48 } from './curve.js';
import { hkdfSha256 } from './hash.js';

/** The wallet's long-lived secrets. */
export interface WalletSecrets {
  /** b, the spending secret. */
  spending: bigint;
  /** a, the viewing secret. */
  viewing: bigint;
  /** X25519 secret of the age identity, 32 bytes. */
  age: Uint8Array;
  /** Ed25519 seed with which the wallet authenticates at its hospital, 32 bytes. */
  auth: Uint8Array;
}

/** Derives the wallet from `seed`. @param seed 16 to 64 bytes; 32 random bytes for a new wallet */
export function deriveWallet(seed: Uint8Array): WalletSecrets {
  return {
    spending: scalarFrom48(derive(seed, ascii('spend'), 48), 'spending'),
    viewing: scalarFrom48(derive(seed, ascii('view'), 48), 'viewing'),
    age: derive(seed, ascii('age'), 32),
    auth: derive(seed, ascii('auth'), 32),
  };
}

/** The one-time key that can revoke the grant with this nonce; seed and grant are enough to derive it again. */
export interface RevokerKey {
  secret: bigint;
  /** 20 bytes. */
  address: Uint8Array;
}

/** Derives the revoker of a grant from the seed and the grant's 32-byte nonce. */
export function deriveRevoker(seed: Uint8Array, grantNonce: Uint8Array): RevokerKey {
  if (checkBytes(grantNonce, 'grantNonce').length !== 32)
    throw new CryptoError('bad-length', 'grantNonce', 'must be 32 bytes');
  const secret = scalarFrom48(derive(seed, concat(ascii('revoker'), grantNonce), 48), 'revoker');
  return { secret, address: addressOf(G.multiply(secret)) }; // secret: constant-time ladder
}

function derive(seed: Uint8Array, use: Uint8Array, length: number): Uint8Array {
  if (checkBytes(seed, 'seed').length < 16 || seed.length > 64)
    throw new CryptoError('bad-length', 'seed', `must be 16 to 64 bytes, has ${seed.length}`);
  return hkdfSha256(seed, concat(ascii('cpds/v1/wallet/'), use), length);
}
