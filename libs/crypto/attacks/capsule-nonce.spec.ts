/**
 * One r for two capsules. Their keys are one, the AEAD's nonce is zero, so the key stream cancels: each file key gives the
 * other. Signing keys fell to repeated randomness in Sony's PlayStation 3 (27C3, December 2010) and Android wallets
 * (August 2013), AEADs in TLS servers (Böck and others, "Nonce-Disrespecting Adversaries", WOOT 2016). Here r is hedged:
 * it depends on file key, label and recipient as well as on randomness (protocol section 12).
 */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { randomBytes } from 'node:crypto';
import { ascii, concat, toHex } from '../src/bytes.js';
import { openCapsule, parseCapsule, sealCapsule } from '../src/capsule.js';
import { compressed, G, type Point } from '../src/curve.js';
import { hkdfSha256 } from '../src/hash.js';
import { scalar } from './ring.js';

const sealing = scalar();
const ySeal = G.multiply(sealing);
const q = scalar();
const [one, two] = [randomBytes(16), randomBytes(16)].map((key) => new Uint8Array(key)) as [Uint8Array, Uint8Array];
const label = randomBytes(32);
const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]!);

describe('an r that comes from randomness alone, which repeats itself', () => {
  it('gives one file key for the other', () => {
    const r = scalar();
    const wrap = (fileKey: Uint8Array, recipientKey: Point) => {
      const [K, rQ, C] = [ySeal.multiply(r), recipientKey.multiply(r), G.multiply(r)];
      const info = concat(ascii('cpds/v1/capsule'), label, compressed(C));
      const key = hkdfSha256(concat(compressed(K), compressed(rQ)), info, 32);
      return chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey).subarray(0, 16);
    };
    const [first, second] = [wrap(one, G.multiply(q)), wrap(two, G.multiply(q))];
    expect(xor(xor(first, second), one)).toEqual(two);
  });
});

describe('an r that is hedged', () => {
  const stuck = (length: number) => new Uint8Array(length).fill(7);
  const seal = (change: Partial<Parameters<typeof sealCapsule>[0]> = {}, random = stuck) =>
    sealCapsule({ fileKey: one, label, recipientKey: G.multiply(q), ySeal, ...change }, random);

  it('differs with file key, label, recipient and group key, though the randomness is stuck', () => {
    const capsules = [
      seal(),
      seal({ fileKey: two }),
      seal({ label: randomBytes(32) }),
      seal({ recipientKey: G.multiply(scalar()) }),
      seal({ ySeal: G.multiply(scalar()) }),
    ];
    const points = capsules.map((bytes) => toHex(compressed(parseCapsule(bytes).C)));
    expect(new Set(points).size).toBe(capsules.length);
    const streams = capsules.map((bytes, i) =>
      toHex(xor(parseCapsule(bytes).wrapped.subarray(0, 16), i === 1 ? two : one)),
    );
    expect(new Set(streams).size).toBe(capsules.length);
  });

  it('repeats only for the very same sealing, which says nothing new', () => {
    expect(seal()).toEqual(seal());
    expect(seal({}, randomBytes)).not.toEqual(seal({}, randomBytes));
    const capsule = parseCapsule(seal());
    const W = capsule.C.add(G.multiply(q)).multiply(sealing);
    expect(openCapsule({ capsule, label, recipientSecret: q, ySeal, W })).toEqual(one);
  });
});
