/**
 * HKDF-SHA-256: Wycheproof's file, whose first cases are RFC 5869's A.1 to A.3. `hkdfSha256` has no salt, so those without one
 * go through it; age's keys have one, and their cases go through the function that age/ calls.
 */

import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex } from './bytes.js';
import { hkdfSha256 } from './hash.js';
import { hex, nameOf, readWycheproof } from './testing/vectors.js';

type Case = ReturnType<typeof readWycheproof<'ikm' | 'salt' | 'info' | 'okm'>>[number] & { size: number };
const cases = readWycheproof<'ikm' | 'salt' | 'info' | 'okm'>('hkdf_sha256') as Case[];

/** Cases with another result than the file's; more than 255 blocks must be refused. */
const wrong = (of: readonly Case[], derive: (one: Case) => Uint8Array): string[] =>
  of
    .filter((one) => {
      if (one.result === 'valid') return toHex(derive(one)) !== one.okm;
      expect(() => derive(one)).toThrow();
      return false;
    })
    .map(nameOf);

describe('HKDF-SHA-256 (RFC 5869, Wycheproof)', () => {
  const unsalted = cases.filter((one) => one.salt === '');

  it(`has the vectors of the RFC`, () =>
    expect(cases.filter((one) => one.comment === 'RFC 5869').map((one) => one.tcId)).toEqual([1, 2, 3]));

  it(`without salt: ${unsalted.length} cases`, () =>
    expect(wrong(unsalted, (one) => hkdfSha256(hex(one.ikm), hex(one.info), one.size))).toEqual([]));

  it(`with any salt: ${cases.length} cases`, () =>
    expect(wrong(cases, (one) => hkdf(sha256, hex(one.ikm), hex(one.salt), hex(one.info), one.size))).toEqual([]));
});
