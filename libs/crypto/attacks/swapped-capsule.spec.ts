/**
 * Section 11, attacks 3 and 15: another capsule, or the same C with other bytes, handed to storemen at release. What is
 * checked at one time and used at another is an old break of file systems (Bishop and Dilger, 1996); in threshold
 * decryption it is why a ciphertext carries a label (Shoup and Gennaro, EUROCRYPT 1998) and here is named by its whole hash.
 */

import { randomBytes } from 'node:crypto';
import { toHex } from '../src/bytes.js';
import { parseCapsule, sealCapsule, sealedKeyHash, verifyCapsule } from '../src/capsule.js';
import { G } from '../src/curve.js';
import { type PartialContext, releasePartial, verifyPartial } from '../src/partial.js';

const ySeal = G.multiply(1234n);
const recipientKey = G.multiply(55n);
const label = randomBytes(32);
const seal = (fileKey: Uint8Array) => sealCapsule({ fileKey, label, recipientKey, ySeal }, randomBytes);

describe('attack 3: a capsule other than the minted one', () => {
  it('has another sealedKeyHash, though its proof holds for the same label', () => {
    const minted = seal(new Uint8Array(16));
    const other = seal(new Uint8Array(16).fill(1));
    expect(verifyCapsule(parseCapsule(other), label)).toBe(true);
    expect(toHex(sealedKeyHash(other))).not.toBe(toHex(sealedKeyHash(minted)));
  });

  it('does not fit partials made for the minted one', () => {
    const minted = seal(new Uint8Array(16));
    const other = seal(new Uint8Array(16));
    const context = (bytes: Uint8Array): PartialContext => ({
      grantId: new Uint8Array(32),
      epoch: 1,
      sealedKeyHash: sealedKeyHash(bytes),
      C: parseCapsule(bytes).C,
      recipientKey,
    });
    const partial = releasePartial(context(minted), 1, 1234n, randomBytes);
    expect(verifyPartial(context(minted), ySeal, partial)).toBe(true);
    expect(verifyPartial(context(other), ySeal, partial)).toBe(false);
  });
});

describe('attack 15: the same C with a changed wrapped key', () => {
  it('breaks the proof, which binds the wrapped bytes', () => {
    const bytes = seal(new Uint8Array(16));
    for (let at = 130; at < 162; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 0x80;
      expect(verifyCapsule(parseCapsule(changed), label)).toBe(false);
    }
  });

  it('breaks under the label of any other grant', () => {
    const capsule = parseCapsule(seal(new Uint8Array(16)));
    expect(verifyCapsule(capsule, label)).toBe(true);
    expect(verifyCapsule(capsule, randomBytes(32))).toBe(false);
  });
});
