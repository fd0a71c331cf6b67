/**
 * RFC 7914 section 12 with r = 8 and p = 1, which are age's: its third and fourth vectors. They are 64 bytes long; the
 * last step of scrypt is PBKDF2, whose first 32 bytes do not depend on how many follow. The fourth takes a gigabyte and
 * seconds, so it runs only with CPDS_SLOW_VECTORS=1.
 */

import { toHex, utf8 } from '../bytes.js';
import { isDeep, readVectors } from '../testing/vectors.js';
import { nodeScrypt } from './node-scrypt.js';
import { portableScrypt } from './passphrase.js';

interface Case {
  passphrase: string;
  salt: string;
  N: number;
  r: number;
  p: number;
  out: string;
}

const ours = readVectors<{ cases: Case[] }>('scrypt-rfc7914.json').cases.filter(({ r, p }) => r === 8 && p === 1);
const inReach = ours.filter(({ N }) => N <= 2 ** 14 || isDeep);

describe('scrypt (RFC 7914)', () => {
  it.each(inReach)('N = $N: portable and node', async ({ passphrase, salt, N, out }) => {
    for (const scrypt of [portableScrypt, nodeScrypt]) {
      const key = await scrypt(utf8(passphrase), utf8(salt), Math.log2(N));
      expect(toHex(Uint8Array.from(key))).toBe(out.slice(0, 64));
    }
  });

  it('has both vectors with r = 8 and p = 1', () => expect(ours.map(({ N }) => N)).toEqual([2 ** 14, 2 ** 20]));
});
