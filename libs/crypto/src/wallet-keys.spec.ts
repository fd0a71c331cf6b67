import { toHex } from './bytes.js';
import { addressOf, G } from './curve.js';
import { deriveRevoker, deriveWallet } from './wallet-keys.js';

const seed = new Uint8Array(32).fill(7);

describe('wallet derivation', () => {
  it('gives the same wallet for a seed, and different keys for each use and seed', () => {
    const one = deriveWallet(seed);
    expect(deriveWallet(seed)).toEqual(one);
    const two = deriveWallet(new Uint8Array(32).fill(8));
    const all = [one, two].flatMap(({ spending, viewing, age, auth }) => [
      spending.toString(16),
      viewing.toString(16),
      toHex(age),
      toHex(auth),
    ]);
    expect(new Set(all).size).toBe(all.length);
  });

  it('gives one revoker per grant, found again from seed and nonce', () => {
    const nonce = new Uint8Array(32).fill(1);
    const revoker = deriveRevoker(seed, nonce);
    expect(deriveRevoker(seed, nonce)).toEqual(revoker);
    expect(revoker.address).toEqual(addressOf(G.multiply(revoker.secret)));
    expect(deriveRevoker(seed, new Uint8Array(32)).secret).not.toBe(revoker.secret);
  });

  it('refuses short seeds and nonces', () => {
    expect(() => deriveWallet(new Uint8Array(15))).toThrow('seed: must be 16 to 64 bytes, has 15');
    expect(() => deriveRevoker(seed, new Uint8Array(31))).toThrow('grantNonce: must be 32 bytes');
  });
});
