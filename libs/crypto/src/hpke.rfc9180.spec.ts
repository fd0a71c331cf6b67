/**
 * HPKE against RFC 9180's vectors for P-256, and against Wycheproof's ECDH over P-256 (secp256r1).
 *
 * The RFC's messages have additional data and this suite's never have, so the first is sealed again here, under the RFC's key and
 * nonce without any: that it opens says that encapsulation and key schedule give this key and nonce. For Wycheproof's cases key
 * and nonce come from the key schedule below, a second one, fed with the case's shared secret.
 */

import { createCipheriv, createECDH, createHmac } from 'node:crypto';
import { ascii, concat, toHex, u16, u8, u256, toBigInt } from './bytes.js';
import * as hpke from './hpke.js';
import { hex, isDeep, nameOf, readVectors, readWycheproof } from './testing/vectors.js';

const { derive, base } = readVectors<{
  derive: Record<'ikm' | 'sk' | 'pk', string>[];
  base: Record<'info' | 'skRm' | 'pkRm' | 'enc' | 'shared_secret' | 'key' | 'base_nonce', string> & {
    first: Record<'aad' | 'ct' | 'nonce' | 'pt', string>;
  };
}>('hpke-rfc9180-p256.json');

const kem = concat(ascii('KEM'), u16(0x0010));
const suite = concat(ascii('HPKE'), u16(0x0010), u16(0x0001), u16(0x0002));
const none = new Uint8Array(0);

const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  Uint8Array.from(createHmac('sha256', key).update(data).digest());
/** RFC 9180 section 4: LabeledExtract and, for one block at most, LabeledExpand. */
const extract = (id: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array =>
  hmac(salt, concat(ascii('HPKE-v1'), id, ascii(label), ikm));
const expand = (id: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array =>
  hmac(prk, concat(u16(length), ascii('HPKE-v1'), id, ascii(label), info, u8(1))).slice(0, length);

/** Key and nonce of a context in Base mode (sections 4.1 and 5.1) from the raw Diffie-Hellman result. */
function schedule(dh: Uint8Array, enc: Uint8Array, publicKey: Uint8Array, info: Uint8Array) {
  const sharedSecret = expand(kem, extract(kem, none, 'eae_prk', dh), 'shared_secret', concat(enc, publicKey), 32);
  const context = concat(u8(0), extract(suite, none, 'psk_id_hash', none), extract(suite, none, 'info_hash', info));
  const secret = extract(suite, sharedSecret, 'secret', none);
  const key = expand(suite, secret, 'key', context, 32);
  return { sharedSecret, key, nonce: expand(suite, secret, 'base_nonce', context, 12) };
}

function gcm(key: Uint8Array, nonce: Uint8Array, message: Uint8Array, aad: Uint8Array = none): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return concat(cipher.update(message), cipher.final(), cipher.getAuthTag());
}

describe('HPKE (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, Base', () => {
  it(`derives ${derive.length} key pairs`, async () => {
    for (const { ikm, sk, pk } of derive) {
      const made = await hpke.deriveKey(hex(ikm));
      expect([toHex(made.privateKey), toHex(made.publicKey)]).toEqual([sk, pk]);
      expect(toHex(hpke.publicKey(hex(sk)))).toBe(pk);
    }
  });

  it("opens a message under the RFC's key and nonce", async () => {
    const { key, nonce, pt, aad, ct } = { ...base.first, key: hex(base.key) };
    expect(toHex(gcm(key, hex(nonce), hex(pt), hex(aad)))).toBe(ct);
    const sealed = concat(hex(base.enc), gcm(key, hex(nonce), hex(pt)));
    expect(toHex(await hpke.open(hex(base.skRm), hex(base.info), sealed))).toBe(pt);
    const withData = concat(hex(base.enc), hex(ct));
    await expect(hpke.open(hex(base.skRm), hex(base.info), withData)).rejects.toMatchObject({ code: 'not-openable' });
  });

  it('has the key schedule of the RFC to check the rest with', () => {
    const recipient = createECDH('prime256v1');
    recipient.setPrivateKey(hex(base.skRm));
    const dh = Uint8Array.from(recipient.computeSecret(hex(base.enc)));
    const made = schedule(dh, hex(base.enc), hex(base.pkRm), hex(base.info));
    expect(toHex(made.sharedSecret)).toBe(base.shared_secret);
    expect([toHex(made.key), toHex(made.nonce)]).toEqual([base.key, base.base_nonce]);
  });
});

describe('ECDH over P-256 in HPKE (Wycheproof)', () => {
  const cases = readWycheproof<'public' | 'private' | 'shared'>('ecdh_secp256r1_ecpoint');
  const valid = cases.filter((one) => one.result === 'valid' && hex(one.public).length === 65);
  const good = valid.filter((one) => isDeep || !one.flags.includes('EdgeCaseDoubling'));
  const bad = cases.filter((one) => !valid.includes(one));
  const message = ascii('a dealt share');

  it(`opens under ${good.length} of ${valid.length} encapsulations`, async () => {
    const wrong: string[] = [];
    for (const one of good) {
      const secret = u256(toBigInt(hex(one.private)));
      const enc = hex(one.public);
      const owner = createECDH('prime256v1');
      owner.setPrivateKey(secret);
      const { key, nonce } = schedule(hex(one.shared), enc, Uint8Array.from(owner.getPublicKey()), none);
      const opened = await hpke.open(secret, none, concat(enc, gcm(key, nonce, message)));
      if (toHex(opened) !== toHex(message)) wrong.push(nameOf(one));
    }
    expect(wrong).toEqual([]);
  });

  it(`refuses ${bad.length} that are off the curve or not uncompressed, as keys and as encapsulations`, async () => {
    for (const one of bad) {
      const bytes = hex(one.public);
      expect(() => hpke.checkPublicKey(bytes, 'publicKey', 'member 2')).toThrow(/^publicKey: .*\(by member 2\)$/);
      const sealed = concat(bytes, new Uint8Array(100));
      await expect(hpke.open(hex(base.skRm), none, sealed)).rejects.toMatchObject({ code: 'not-openable' });
    }
  });
});
