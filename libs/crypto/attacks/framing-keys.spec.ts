/**
 * Section 11, attack 18: a receiver's key that makes an honest dealer look guilty. X25519 has more than one text for one key
 * (RFC 7748 §5 ignores the top bit), and keys with which no secret is shared. Such spellings broke Tendermint's handshake
 * and Secure Scuttlebutt's (Cremers and Jackson, CSF 2019). P-256 has one uncompressed text per key: only that is taken.
 */

import { gcm } from '@noble/ciphers/aes.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import * as HPKE from 'hpke';
import { ascii, concat, toHex, u16 } from '../src/bytes.js';
import { hkdfSha256, sha256 } from '../src/hash.js';
import * as hpke from '../src/hpke.js';

const info = ascii('share');
const share = sha256();

describe('an X25519 key with its top bit set', () => {
  it('is the same key with other bytes: what an honest dealer seals to it does not open for its owner', () => {
    const [receiver, ephemeral] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
    const key = x25519.getPublicKey(receiver);
    const posted = Uint8Array.from(key);
    posted[31]! |= 0x80;
    const secret = x25519.getSharedSecret(ephemeral, posted);
    expect(secret).toEqual(x25519.getSharedSecret(receiver, x25519.getPublicKey(ephemeral)));
    // The key goes into the context as bytes (RFC 9180 §4.1): posted for the dealer, computed for the receiver.
    const context = (publicKey: Uint8Array) => hkdfSha256(secret, concat(info, publicKey), 32);
    expect(context(posted)).not.toEqual(context(key));
    // And a revealed secret does not give the published bytes: then its owner, honest or not, is the liar.
    expect(x25519.getPublicKey(receiver)).not.toEqual(posted);
  });

  it('of zeros shares no secret at all: an honest dealer can seal nothing, and is silent', () => {
    expect(() => x25519.getSharedSecret(sha256(), new Uint8Array(32))).toThrow('invalid private or public key');
  });
});

describe('a P-256 key', () => {
  it('has one text: every other is refused, and its owner named', async () => {
    const { publicKey } = await hpke.deriveKey(sha256());
    const point = p256.Point.fromBytes(publicKey);
    const hybrid = Uint8Array.from(publicKey);
    hybrid[0] = 6 + (publicKey[64]! & 1);
    const off = Uint8Array.from(publicKey);
    off[64]! ^= 1;
    const texts = [
      hybrid,
      off,
      point.toBytes(true),
      concat(point.toBytes(true), new Uint8Array(32)),
      Uint8Array.of(0),
      new Uint8Array(65),
      Uint8Array.of(4, ...new Uint8Array(64)),
      Uint8Array.of(4, ...new Uint8Array(64).fill(0xff)),
      x25519.getPublicKey(sha256()),
    ];
    expect(hpke.checkPublicKey(publicKey, 'keys')).toBe(publicKey);
    for (const text of texts) {
      expect(() => hpke.checkPublicKey(text, 'keys', 'member 3')).toThrow(/^keys: .*\(by member 3\)$/);
      await expect(hpke.seal(text, info, share)).rejects.toMatchObject({ code: 'bad-hpke-key' });
    }
  });
});

describe('a revealed secret that is no scalar', () => {
  it('is refused by name, so judging it ends with its accuser and not with an error of the suite', async () => {
    const sealed = await hpke.seal((await hpke.deriveKey(sha256())).publicKey, info, share);
    for (const secret of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(32).fill(0xff)])
      await expect(hpke.open(secret, info, sealed)).rejects.toMatchObject({ code: 'bad-hpke-key' });
  });
});

describe('a hybrid encapsulation', () => {
  /** RFC 9180 in Base mode, written out, because a library writes its encapsulation in the one right form. */
  function sealWith(first: (y: number) => number, receiver: Uint8Array): Uint8Array {
    const ephemeral = sha256(Uint8Array.of(9));
    const enc = p256.getPublicKey(ephemeral, false);
    enc[0] = first(enc[64]! & 1);
    const labeled = (suite: Uint8Array) => ({
      extract: (salt: Uint8Array, label: string, ikm: Uint8Array) =>
        extract(nobleSha256, concat(ascii('HPKE-v1'), suite, ascii(label), ikm), salt),
      expand: (prk: Uint8Array, label: string, context: Uint8Array, length: number) =>
        expand(nobleSha256, prk, concat(u16(length), ascii('HPKE-v1'), suite, ascii(label), context), length),
    });
    const none = new Uint8Array(0);
    const kem = labeled(concat(ascii('KEM'), u16(0x10)));
    const dh = p256.getSharedSecret(ephemeral, receiver).subarray(1);
    const shared = kem.expand(kem.extract(none, 'eae_prk', dh), 'shared_secret', concat(enc, receiver), 32);
    const hpke = labeled(concat(ascii('HPKE'), u16(0x10), u16(1), u16(2)));
    const hashes = concat(hpke.extract(none, 'psk_id_hash', none), hpke.extract(none, 'info_hash', info));
    const context = concat(Uint8Array.of(0), hashes);
    const secret = hpke.extract(shared, 'secret', none);
    const nonce = hpke.expand(secret, 'base_nonce', context, 12);
    return concat(enc, gcm(hpke.expand(secret, 'key', context, 32), nonce).encrypt(share));
  }

  it('opens on Web Crypto and nowhere else, so two judges of one complaint differ; here it opens for nobody', async () => {
    const { privateKey, publicKey } = await hpke.deriveKey(sha256());
    const plain = sealWith(() => 4, publicKey);
    const hybrid = sealWith((odd) => 6 + odd, publicKey);
    expect(toHex(await hpke.open(privateKey, info, plain))).toBe(toHex(share));

    const suite = new HPKE.CipherSuite(HPKE.KEM_DHKEM_P256_HKDF_SHA256, HPKE.KDF_HKDF_SHA256, HPKE.AEAD_AES_256_GCM);
    const pair = {
      privateKey: await suite.DeserializePrivateKey(privateKey, true),
      publicKey: await suite.DeserializePublicKey(publicKey),
    };
    const opened = await suite.Open(pair, hybrid.slice(0, 65), hybrid.slice(65), { info });
    expect(toHex(opened)).toBe(toHex(share));
    expect(() => p256.Point.fromBytes(hybrid.subarray(0, 65))).toThrow();
    await expect(hpke.open(privateKey, info, hybrid)).rejects.toMatchObject({ code: 'not-openable' });
  });
});
