/**
 * A second signature made of the first: (r, n − s) with the other v, or the same bytes in another form. Withdrawals from Mt.
 * Gox were booked as failed so (Decker and Wattenhofer, ESORICS 2014), replay guards over signature bytes were passed
 * (OpenZeppelin, CVE-2022-35961), and r = s = 0 signed everything in Java (CVE-2022-21449). Ours has one form (EIP-2).
 */

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concat, toBigInt, toHex, u256 } from '../src/bytes.js';
import { addressOf, evenRootOf, G, N, Point, scalarBytes } from '../src/curve.js';
import { signDigest, signerOf } from '../src/ecdsa.js';
import { sha256 } from '../src/hash.js';

const digest = sha256();
const secret = scalarBytes(4711n);
const signer = addressOf(G.multiply(4711n));
const signature = signDigest(secret, digest);
const [r, s, v] = [signature.slice(0, 32), toBigInt(signature.slice(32, 64)), signature[64]!];
const twin = concat(r, scalarBytes(N - s), Uint8Array.of(55 - v)); // 27 <-> 28

describe('the other half of a signature', () => {
  it('recovers to the same signer where s may be high, and gets past a guard over its bytes', () => {
    const seen = new Set([toHex(signature)]);
    const recovered = secp256k1.recoverPublicKey(concat(Uint8Array.of(twin[64]! - 27), twin.subarray(0, 64)), digest, {
      prehash: false,
    });
    expect(addressOf(Point.fromBytes(recovered))).toEqual(signer);
    expect(seen.has(toHex(twin))).toBe(false);
  });

  it('is nobody’s', () => {
    expect(signerOf(digest, signature)).toEqual(signer);
    expect(signerOf(digest, twin)).toBeUndefined();
  });
});

describe('the same numbers in another form', () => {
  it('are nobody’s: other v, EIP-2098, DER, out of range, zero', () => {
    const { Signature } = secp256k1;
    const forms = [
      ...[0, 1, 26, 29, 35, 36, 37, 38, 255].map((other) => concat(signature.subarray(0, 64), Uint8Array.of(other))),
      signature.subarray(0, 64),
      concat(signature, new Uint8Array(1)),
      concat(r, u256(s + (BigInt(v - 27) << 255n))), // EIP-2098
      Signature.fromBytes(signature.slice(0, 64), 'compact').toBytes('der'),
      ...[
        [0n, 0n],
        [toBigInt(r), 0n],
        [0n, s],
        [toBigInt(r), N],
        [N, s],
        [toBigInt(r), 2n ** 256n - 1n],
      ].map(([one, two]) => concat(u256(one!), u256(two!), Uint8Array.of(v))),
    ];
    for (const form of forms) expect(signerOf(digest, form)).toBeUndefined();
    const other = signerOf(digest, concat(signature.subarray(0, 64), Uint8Array.of(55 - v)));
    expect(other && toHex(other)).not.toBe(toHex(signer)); // another R, so another key
  });

  it('are nobody’s with an R whose x is above n: libraries read v 29 and 30 for it, ecrecover does not', () => {
    let x = N + 1n;
    while (evenRootOf(x) === undefined) x++;
    const rs = concat(u256(x - N), scalarBytes(1n));
    for (const recovery of [2, 3]) {
      const key = secp256k1.recoverPublicKey(concat(Uint8Array.of(recovery), rs), digest, { prehash: false });
      expect(key).toHaveLength(33);
      expect(signerOf(digest, concat(rs, Uint8Array.of(27 + recovery)))).toBeUndefined();
    }
  });

  it('by many keys are never high', () => {
    for (let key = 1n; key <= 8n; key++) {
      const made = signDigest(scalarBytes(key), sha256(u256(key)));
      expect(toBigInt(made.slice(32, 64)) <= N >> 1n).toBe(true);
      expect(signerOf(sha256(u256(key)), made)).toEqual(addressOf(G.multiply(key)));
    }
  });
});
