import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { tokenKeyOf } from './token-key.js';

describe('the token key', () => {
  it('is the same for the same seed, another for another, and signs what its public half verifies', async () => {
    const [first, again, other] = await Promise.all([1, 1, 2].map((byte) => tokenKeyOf(new Uint8Array(32).fill(byte))));
    expect(again!.publicJwk).toEqual(first!.publicJwk);
    expect(other!.publicJwk.kid).not.toBe(first!.publicJwk.kid);
    const token = await new SignJWT({ a: 1 })
      .setProtectedHeader({ alg: 'ES384', kid: first!.publicJwk.kid ?? '' })
      .sign(first!.privateKey);
    await expect(jwtVerify(token, createLocalJWKSet({ keys: [first!.publicJwk] }))).resolves.toBeDefined();
    await expect(jwtVerify(token, createLocalJWKSet({ keys: [other!.publicJwk] }))).rejects.toThrow();
  });

  it('shows no private part', async () => {
    expect((await tokenKeyOf(new Uint8Array(32).fill(1))).publicJwk).not.toHaveProperty('d');
  });
});
