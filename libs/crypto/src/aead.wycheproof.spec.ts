/**
 * Wycheproof's AEADs. ChaCha20-Poly1305 by way of the two that age files are sealed with; capsules and stanzas call the
 * portable one. AES-256-GCM by way of the cipher that `custody.ts` seals with: its own additional data starts with a
 * fixed tag, so no public case goes through `sealAtRest` itself. (HPKE's AES-GCM is the platform's;
 * hpke.rfc9180.spec.ts.)
 */

import { gcm } from '@noble/ciphers/aes.js';
import { nodeAead } from './age/node-aead.js';
import { portableAead } from './age/payload.js';
import { concat, toHex } from './bytes.js';
import { hex, nameOf, readWycheproof } from './testing/vectors.js';

type Case = ReturnType<typeof readWycheproof<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag'>>[number];
interface Cipher {
  seal(one: Case): Uint8Array;
  open(one: Case, sealed: Uint8Array): Uint8Array;
}

const ageCipher = (aead: typeof portableAead): Cipher => ({
  seal: (one) => {
    const { ciphertext, tag } = aead.seal(hex(one.key), hex(one.iv), hex(one.msg));
    return concat(ciphertext, tag);
  },
  open: (one, sealed) => aead.open(hex(one.key), hex(one.iv), sealed),
});
const custodyCipher: Cipher = {
  seal: (one) => gcm(hex(one.key), hex(one.iv), hex(one.aad)).encrypt(hex(one.msg)),
  open: (one, sealed) => gcm(hex(one.key), hex(one.iv), hex(one.aad)).decrypt(sealed),
};

/** One bit of byte `at` changed. */
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

describe('AEADs (Wycheproof)', () => {
  const suites = [
    ['chacha20_poly1305', 'portable', ageCipher(portableAead)],
    ['chacha20_poly1305', 'node', ageCipher(nodeAead)],
    ['aes_gcm', 'custody', custodyCipher],
  ] as const;

  it.each(
    suites.map(([file, name, cipher]) => {
      const cases = readWycheproof<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag'>(file);
      const invalid = cases.filter((one) => one.result === 'invalid').length;
      return [`${file}, ${name}: ${cases.length} cases, ${invalid} of them invalid`, cases, cipher] as const;
    }),
  )('%s', (_name, cases, cipher) => {
    const wrong = cases.filter((one) => {
      const sealed = hex(one.ct + one.tag);
      if (one.result === 'valid') {
        // Most of the file's changed tags come with additional data, so every valid case is changed here as well.
        for (const at of [0, sealed.length - 16, sealed.length - 1])
          expect(() => cipher.open(one, flipped(sealed, at))).toThrow();
        return toHex(cipher.seal(one)) !== one.ct + one.tag || toHex(cipher.open(one, sealed)) !== one.msg;
      }
      expect(() => cipher.open(one, sealed)).toThrow();
      return false;
    });
    expect(wrong.map(nameOf)).toEqual([]);
  });
});
