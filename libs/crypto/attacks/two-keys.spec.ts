/**
 * Section 11, attack 13: one ciphertext that opens under two keys, so as two records. ChaCha20-Poly1305 and AES-GCM commit
 * to no key: Facebook's abuse reports were evaded so (Dodis and others, CRYPTO 2018), Shadowsocks passwords guessed (Len,
 * Grubbs and Ristenpart, USENIX Security 2021), and the AWS Encryption SDK gave two recipients two texts (CVE-2020-8897).
 */

import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import * as age from '../src/age.js';
import { ascii, concat, toBigInt, toHex, u64, uint } from '../src/bytes.js';
import { parseCapsule, sealCapsule, verifyCapsule } from '../src/capsule.js';
import { G } from '../src/curve.js';
import { keyCommit, recordCommitment } from '../src/deed.js';
import { sha256 } from '../src/hash.js';

const P1305 = 2n ** 130n - 5n;
const little = (bytes: Uint8Array) => toBigInt(Uint8Array.from(bytes).reverse());
const mod = (a: bigint) => ((a % P1305) + P1305) % P1305;
function power(a: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = power(mod(a * a), exponent / 2n);
  return exponent % 2n ? mod(half * a) : half;
}

/** Whole blocks with a last one so chosen that ciphertext and tag are good under both keys; null where none fits. */
function salamander(keys: readonly [Uint8Array, Uint8Array], nonce: Uint8Array, blocks: Uint8Array): Uint8Array | null {
  const size = blocks.length + 16;
  const end = little(concat(new Uint8Array(8), u64(size).reverse())) + 2n ** 128n;
  const sides = keys.map((key) => {
    const pad = chacha20(key, nonce, new Uint8Array(32));
    const r = little(pad.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
    let sum = 0n;
    for (let at = 0; at < blocks.length; at += 16)
      sum = mod((sum + little(blocks.subarray(at, at + 16)) + 2n ** 128n) * r);
    // tag = x·r² + known + s, with x the free block
    return { square: mod(r * r), known: mod(sum * r * r + end * r), s: little(pad.subarray(16)) };
  });
  const [one, two] = sides as [(typeof sides)[0], (typeof sides)[0]];
  for (let carry = -4n; carry <= 4n; carry++) {
    const difference = two.known + two.s - one.known - one.s + carry * 2n ** 128n;
    const x = mod(difference * power(mod(one.square - two.square), P1305 - 2n)) - 2n ** 128n;
    if (x < 0n || x >= 2n ** 128n) continue;
    const tags = sides.map((of) => (mod((x + 2n ** 128n) * of.square + of.known) + of.s) % 2n ** 128n);
    if (tags[0] === tags[1]) return concat(blocks, uint(x, 16).reverse(), uint(tags[0]!, 16).reverse());
  }
  return null;
}

const key16 = (fill: number) => sha256(Uint8Array.of(fill)).slice(0, 16);
const [one, two] = [key16(1), key16(2)];
const commitmentOf = (fileKey: Uint8Array, payloadSha256: Uint8Array) =>
  toHex(recordCommitment({ payloadSha256, keyCommit: keyCommit(fileKey), metadata: {}, salt: new Uint8Array(32) }));

describe('attack 13: a payload with two file keys', () => {
  const nonce = new Uint8Array(16).fill(3);
  const payloadKey = (fileKey: Uint8Array) => hkdf(nobleSha256, fileKey, nonce, ascii('payload'), 32);
  const lastChunk = Uint8Array.of(...new Uint8Array(11), 1);
  const [textOne, textTwo] = [ascii('blood group: 0- '), ascii('blood group: AB+')];

  function twoKeyed(): Uint8Array {
    const keys = [payloadKey(one), payloadKey(two)] as const;
    // The first block reads as we like under one key, the second under the other; the rest is filling.
    const stream = keys.map((key) => chacha20(key, lastChunk, new Uint8Array(64), undefined, 1));
    const under = (text: Uint8Array, which: 0 | 1, at: number) => text.map((byte, i) => byte ^ stream[which]![at + i]!);
    for (let filling = 0; filling < 64; filling++) {
      const blocks = concat(under(textOne, 0, 0), under(textTwo, 1, 16), new Uint8Array(16).fill(filling));
      const sealed = salamander(keys, lastChunk, blocks);
      if (sealed) return concat(nonce, sealed);
    }
    throw new Error('no block fits');
  }
  const read = async (payload: Uint8Array, fileKey: Uint8Array) => {
    const parts: Uint8Array[] = [];
    for await (const part of age.openPayload([payload], fileKey, age.portableAead)) parts.push(part);
    return concat(...parts);
  };

  it('opens under both, as two texts', async () => {
    const payload = twoKeyed();
    expect((await read(payload, one)).subarray(0, 16)).toEqual(textOne);
    expect((await read(payload, two)).subarray(16, 32)).toEqual(textTwo);
    const payloadSha256 = sha256(payload);
    expect(commitmentOf(one, payloadSha256)).not.toBe(commitmentOf(two, payloadSha256)); // of which the deed names one
  });

  it('has no header that gives both: the MAC is by one file key', () => {
    const [patient, hospital] = [7, 9].map((fill) => age.encodeIdentity(new Uint8Array(32).fill(fill))) as [
      string,
      string,
    ];
    const stanzas = [age.wrapFileKey(one, age.recipientOf(patient)), age.wrapFileKey(two, age.recipientOf(hospital))];
    expect(age.unwrapStanza(stanzas[0]!, patient)).toEqual(one); // a reader that skips the MAC would use this key
    for (const [sealer, reader, other] of [
      [one, patient, hospital],
      [two, hospital, patient],
    ] as const) {
      const header = age.sealHeader(sealer, stanzas);
      expect(age.unwrapHeader(header, reader)).toEqual(sealer);
      expect(() => age.unwrapHeader(header, other)).toThrow('MAC: does not fit the header and the file key');
      expect(() => age.checkHeaderMac(header, sealer === one ? two : one)).toThrow('MAC');
    }
  });
});

describe('a wrapped file key with two keys', () => {
  it('opens under both, and its capsule’s key is one: C, label and both secrets are in it, and a proof over it', () => {
    const zero = new Uint8Array(12);
    const candidates = Array.from({ length: 32 }, (_, i) => sha256(Uint8Array.of(i)));
    const found = candidates
      .slice(1)
      .flatMap((other) => salamander([candidates[0]!, other], zero, new Uint8Array(0)) ?? []);
    const wrapped = found[0]!;
    const opened = candidates.flatMap((key) => {
      try {
        return [toHex(chacha20poly1305(key, zero).decrypt(wrapped))];
      } catch {
        return [];
      }
    });
    expect(wrapped).toHaveLength(32);
    expect(new Set(opened).size).toBe(2);
    const [first, second] = opened.map((hex) => commitmentOf(Uint8Array.from(Buffer.from(hex, 'hex')), sha256()));
    expect(first).not.toBe(second);

    const label = sha256();
    const random = (length: number) => new Uint8Array(length).fill(5);
    const sealing = { fileKey: one, label, recipientKey: G.multiply(5n), ySeal: G.multiply(6n) };
    const capsule = parseCapsule(sealCapsule(sealing, random));
    expect(verifyCapsule(capsule, label)).toBe(true);
    expect(verifyCapsule({ ...capsule, wrapped }, label)).toBe(false);
  });

  it('is not given away by its commitment, which is a key derivation', () => {
    expect(toHex(keyCommit(one))).not.toContain(toHex(one));
  });
});
