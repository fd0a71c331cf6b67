import { to0x, u256 } from '@cpds/crypto/bytes';
import { N } from '@cpds/crypto/curve';
import { SigningKey } from 'ethers';
import { SignatureHex } from './hex.js';

const signature = new SigningKey(to0x(u256(5n))).sign(to0x(u256(7n))).serialized;
const takes = (text: string): boolean => SignatureHex.safeParse(text).success;
const withS = (s: bigint): string => signature.slice(0, 66) + to0x(u256(s)).slice(2) + signature.slice(130);

describe('a signature in JSON', () => {
  it('is what signers make', () => {
    expect(takes(signature)).toBe(true);
  });

  it('has v = 27 or 28 only: contracts take no other for the same key', () => {
    const withV = (v: number): boolean => takes(signature.slice(0, -2) + v.toString(16).padStart(2, '0'));
    expect(Array.from({ length: 256 }, (_, v) => v).filter(withV)).toEqual([27, 28]);
  });

  it('has s in the lower half of the order', () => {
    expect(takes(withS(N / 2n))).toBe(true);
    expect(takes(withS(N / 2n + 1n))).toBe(false);
  });

  it('is 65 bytes of lower-case hex', () => {
    for (const text of ['', '0x', '0x1b', signature.slice(2), signature.toUpperCase(), `${signature}1b`])
      expect(takes(text)).toBe(false);
  });
});
