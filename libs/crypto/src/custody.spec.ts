import { createCipheriv, hkdfSync } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { concat, toHex, utf8 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { KeyRing, openAtRest, parseKek, sealAtRest } from './custody.js';
import { hkdfExpand, hkdfExtract, hkdfSha256 } from './hash.js';

const kek = new Uint8Array(32).fill(7);
const newer = new Uint8Array(32).fill(8);
const secret = new Uint8Array(32).fill(9);
const nonce = new Uint8Array(12).fill(3);
const name = 'share/sign/1';

const codeOf = (open: () => unknown): string => {
  try {
    open();
  } catch (error) {
    if (error instanceof CryptoError) return error.code;
    throw error;
  }
  return 'opens';
};

/** The written form, by node:crypto alone. */
function byHand(key: Uint8Array, head: Uint8Array, additionalData: string): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(utf8(additionalData));
  const ciphertext = concat(cipher.update(secret), cipher.final());
  return concat(head, nonce, ciphertext, cipher.getAuthTag());
}
const idByHand = (key: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), 'cpds/v1/kek-id', 8));

describe('form 1', () => {
  it('is the written one', () => {
    const sealed = byHand(kek, Uint8Array.of(1), `cpds/v1/custody/${name}`);
    expect(sealAtRest(kek, name, secret, nonce)).toEqual(sealed);
    expect(openAtRest(kek, name, sealed)).toEqual(secret);
  });

  it('says clearly that another key sealed it', () => {
    const sealed = sealAtRest(kek, name, secret);
    expect(() => openAtRest(newer, name, sealed)).toThrow(
      'share/sign/1: does not open: another key sealed it, or its bytes changed',
    );
  });

  it('does not open in another place, cut short or in an unknown version', () => {
    const sealed = sealAtRest(kek, name, secret);
    expect(() => openAtRest(kek, 'share/seal/1', sealed)).toThrow(/does not open/);
    expect(() => openAtRest(kek, name, sealed.subarray(0, 20))).toThrow(/cut short/);
    expect(() => openAtRest(kek, name, Uint8Array.of(2, ...sealed.subarray(1)))).toThrow(/version 2/);
    expect(() => sealAtRest(new Uint8Array(31), name, secret)).toThrow(/32 bytes/);
  });

  it('never repeats its bytes and never shows the secret', () => {
    const one = sealAtRest(kek, name, secret);
    expect(one).not.toEqual(sealAtRest(kek, name, secret));
    expect(Buffer.from(one).includes(Buffer.from(secret))).toBe(false);
  });
});

describe('a key ring', () => {
  const ring = new KeyRing(newer, [kek]);
  const id = toHex(idByHand(newer));

  it('seals in the written form 2, under its current key', () => {
    const sealed = byHand(newer, concat(Uint8Array.of(2), idByHand(newer)), `cpds/v2/custody/${id}/${name}`);
    expect(ring.seal(name, secret, nonce)).toEqual(sealed);
    expect(ring.open(name, sealed)).toEqual(secret);
    expect(sealed.subarray(0, 9)).toEqual(ring.prefix);
  });

  it('opens what each of its keys sealed, in either form', () => {
    const before = new KeyRing(kek);
    expect(ring.open(name, before.seal(name, secret))).toEqual(secret);
    expect(ring.open(name, sealAtRest(kek, name, secret))).toEqual(secret);
    expect(ring.open(name, sealAtRest(newer, name, secret))).toEqual(secret);
    expect(ring.keyIds).toEqual([id, ...before.keyIds]);
  });

  it('says which key sealed what it cannot open, and which it holds', () => {
    const other = new KeyRing(new Uint8Array(32).fill(1));
    expect(() => ring.open(name, other.seal(name, secret))).toThrow(
      `share/sign/1: was sealed under key ${other.keyIds[0]}, this process holds ${id}, ${toHex(idByHand(kek))}`,
    );
    expect(() => ring.open(name, sealAtRest(new Uint8Array(32), name, secret))).toThrow(
      `was sealed under another key or its bytes changed, this process holds ${id}`,
    );
  });

  it.each([
    [
      'form 2',
      ring.seal(name, secret),
      (at: number) => (at === 0 ? 'unknown-version' : at < 9 ? 'wrong-kek' : 'broken-seal'),
    ],
    ['form 1', sealAtRest(kek, name, secret), (at: number) => (at === 0 ? 'unknown-version' : 'wrong-kek')],
  ])('opens nothing when any one bit of %s is flipped', (_, sealed, expected) => {
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      // version 1 ^ 3 is 2: what follows is then read as a key's id, which nobody holds
      const code = changed[0] === 2 && sealed[0] === 1 ? 'wrong-kek' : expected(bit >> 3);
      expect([bit, codeOf(() => ring.open(name, changed))]).toEqual([bit, code]);
    }
  });

  it('opens nothing that is cut at any length or goes on, and nothing in another place', () => {
    for (const sealed of [ring.seal(name, secret), sealAtRest(kek, name, secret)]) {
      for (let length = 0; length < sealed.length; length++)
        expect(codeOf(() => ring.open(name, sealed.subarray(0, length)))).not.toBe('opens');
      expect(codeOf(() => ring.open(name, concat(sealed, Uint8Array.of(0))))).not.toBe('opens');
      expect(codeOf(() => ring.open('share/sign/2', sealed))).toMatch(/broken-seal|wrong-kek/);
    }
    expect(() => ring.open(name, ring.seal(name, secret).subarray(0, 30))).toThrow('share/sign/1: is cut short');
  });

  it('opens nothing whose name was given to another key’s bytes, or that is said to be of form 1', () => {
    const [sealed, before] = [ring.seal(name, secret), new KeyRing(kek).seal(name, secret)];
    const swapped = concat(before.subarray(0, 9), sealed.subarray(9));
    expect(codeOf(() => ring.open(name, swapped))).toBe('broken-seal');
    expect(codeOf(() => ring.open(name, concat(Uint8Array.of(1), sealed.subarray(9))))).toBe('wrong-kek');
  });

  it('seals JSON as text, and opens it in its place only', () => {
    const value = { grant: 'Ärztin', list: [1, null] };
    const text = ring.sealJson(name, value);
    const sealed = Buffer.from(text, 'base64');
    expect(sealed.toString('base64')).toBe(text);
    expect(new TextDecoder().decode(ring.open(name, sealed))).toBe(JSON.stringify(value));
    expect(ring.openJson(name, text)).toEqual(value);
    expect(new KeyRing(kek, [newer]).openJson(name, text)).toEqual(value);
    expect(codeOf(() => ring.openJson('share/sign/2', text))).toBe('broken-seal');
    for (const broken of [text.slice(1), `${text.slice(0, -4)}*===`, ''])
      expect(() => ring.openJson(name, broken)).toThrow(CryptoError);
  });

  it('refuses keys of another length and a key that is there twice', () => {
    expect(codeOf(() => new KeyRing(new Uint8Array(31)))).toBe('bad-kek');
    expect(codeOf(() => new KeyRing(kek, [new Uint8Array(33)]))).toBe('bad-kek');
    expect(() => new KeyRing(kek, [newer, kek.slice()])).toThrow('kek: is there twice in one key ring');
  });

  it('shows no byte of a key, printed, as JSON or in an error', () => {
    const shown = [inspect(ring, { depth: 9, showHidden: true }), JSON.stringify(ring), String(ring)].join();
    expect(shown).not.toMatch(/0808|8, ?8|0707|7, ?7/);
    const error = (() => {
      try {
        ring.open(name, new KeyRing(secret).seal(name, secret));
      } catch (thrown) {
        return inspect(thrown, { depth: 9 });
      }
    })();
    expect(error).toContain('wrong-kek');
    expect(error).not.toMatch(/0808|0707|0909/);
  });

  it('keeps its keys when the caller wipes its own', () => {
    const mine = kek.slice();
    const kept = new KeyRing(mine);
    mine.fill(0);
    expect(kept.open(name, sealAtRest(kek, name, secret))).toEqual(secret);
  });

  it('derives from the oldest key, whatever is current, and gives the key away to nobody', () => {
    expect(ring.origin()).toEqual(new KeyRing(kek).origin());
    expect(ring.origin()).not.toEqual(kek);
    expect(hkdfExpand(ring.origin(), utf8('use'), 20)).toEqual(hkdfSha256(kek, utf8('use'), 20));
    expect(hkdfExpand(hkdfExtract(kek), utf8('use'), 20)).toEqual(
      new Uint8Array(hkdfSync('sha256', kek, new Uint8Array(0), 'use', 20)),
    );
  });
});

describe('a key-encryption key as it is stored', () => {
  it('is raw, hex or base64, with at most one newline behind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom('', '\n', '\r\n'), (key, end) => {
        const [hex, base64] = [toHex(key), Buffer.from(key).toString('base64')];
        expect(parseKek(key, 'KEK')).toEqual(key);
        for (const text of [hex, hex.toUpperCase(), base64])
          expect(parseKek(utf8(`${text}${end}`), 'KEK')).toEqual(key);
      }),
    );
  });

  it.each([
    ['is empty', ''],
    ['is one byte short', '0'.repeat(31)],
    ['is one digit short', 'a'.repeat(63)],
    ['has a prefix', `0x${'a'.repeat(64)}`],
    ['has a space behind', `${'a'.repeat(64)} `],
    ['has two newlines', `${'a'.repeat(64)}\n\n`],
    ['is base64 without padding', 'A'.repeat(43)],
    ['is base64 of 33 bytes', 'A'.repeat(44)],
    ['is base64 that no encoder writes', `${'A'.repeat(42)}B=`],
  ])('is refused when it %s, and not quoted', (_, text) => {
    expect(() => parseKek(utf8(text), 'KEK')).toThrow('KEK: must be 32 bytes, raw, in hex or in base64');
  });
});
