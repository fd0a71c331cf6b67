import { p384 } from '@noble/curves/nist.js';
import { ascii, toBigInt } from '@cpds/crypto/bytes';
import { hkdfSha256 } from '@cpds/crypto/hash';
import { calculateJwkThumbprint, type CryptoKey, importJWK, type JWK } from 'jose';

/** The key that signs access tokens, ES384. */
export interface TokenKey {
  privateKey: CryptoKey | Uint8Array;
  /** public JWK with `kid` (RFC 7638), as the JWKS shows it */
  publicJwk: JWK;
}

/** Derives the P-384 key of a 32-byte seed: the same seed gives the same key after every restart. */
export async function tokenKeyOf(seed: Uint8Array): Promise<TokenKey> {
  // 72 bytes: FIPS 186-5 A.2.1 wants 64 bits more than the order, so that the reduction has no bias.
  const wide = toBigInt(hkdfSha256(seed, ascii('cpds/v1/identity/token-key'), 72));
  const scalar = (wide % (p384.Point.Fn.ORDER - 1n)) + 1n;
  const secret = p384.Point.Fn.toBytes(scalar);
  const point = p384.getPublicKey(secret, false);
  const coordinates = { kty: 'EC', crv: 'P-384', x: base64url(point.slice(1, 49)), y: base64url(point.slice(49)) };
  const kid = await calculateJwkThumbprint(coordinates);
  return {
    privateKey: await importJWK({ ...coordinates, d: base64url(secret) }, 'ES384'),
    publicJwk: { ...coordinates, kid, alg: 'ES384', use: 'sig' },
  };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
