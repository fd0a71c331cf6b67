import { recoverAddress, SigningKey } from 'ethers';
import { signDigest, signerOf } from './ecdsa.js';
import { fromHex, to0x } from './bytes.js';

const secret = fromHex(`0x${'11'.repeat(32)}`, 'secret', 32);
const digest = fromHex(`0x${'22'.repeat(32)}`, 'digest', 32);
const address = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a';
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const withWord = (signature: Uint8Array, at: number, word: bigint): Uint8Array => {
  const changed = signature.slice();
  changed.set(fromHex(`0x${word.toString(16).padStart(64, '0')}`, 'word', 32), at);
  return changed;
};

describe('ECDSA over a digest', () => {
  const signature = signDigest(secret, digest);

  it('signs as a second implementation does', () => {
    expect(to0x(signature)).toBe(new SigningKey(to0x(secret)).sign(to0x(digest)).serialized);
  });

  it('recovers who signed, as a second implementation does', () => {
    expect(to0x(signerOf(digest, signature)!)).toBe(address);
    expect(recoverAddress(to0x(digest), to0x(signature)).toLowerCase()).toBe(address);
  });

  it('names another for another digest', () => {
    const other = signerOf(digest.slice().fill(3), signature);
    expect(other && to0x(other)).not.toBe(address);
  });

  it.each([
    ['v of another convention', () => Uint8Array.of(...signature.slice(0, 64), signature[64]! - 27)],
    [
      's in the upper half, with the other v',
      () => {
        const s = BigInt(to0x(signature.slice(32, 64)));
        const flipped = withWord(signature, 32, order - s);
        flipped[64] = 55 - signature[64]!;
        return flipped;
      },
    ],
    ['r of zero', () => withWord(signature, 0, 0n)],
    ['s of zero', () => withWord(signature, 32, 0n)],
    ['r of the order', () => withWord(signature, 0, order)],
    ['r that is no x of the curve', () => withWord(signature, 0, 5n)],
    ['a byte too few', () => signature.slice(0, 64)],
    ['a byte too many', () => Uint8Array.of(...signature, 0)],
  ])('takes no signature with %s', (_what, make) => {
    expect(signerOf(digest, make())).toBeUndefined();
  });

  it('refuses a digest of another length', () => {
    expect(() => signDigest(secret, digest.slice(1))).toThrow('digest: must be 32 bytes');
    expect(() => signerOf(digest.slice(1), signature)).toThrow('digest: must be 32 bytes');
  });
});
