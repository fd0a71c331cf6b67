/**
 * Secrets at rest: sealed under a 32-byte key, so that a thief of the database or of a backup holds nothing (protocol
 * section 10). Two forms, told apart by their first byte:
 *
 * - 1, `sealAtRest`, under a key that is found by the place: version (0x01) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag;
 *   additional data "cpds/v1/custody/" ‖ name.
 * - 2, `KeyRing`, under a key-encryption key (KEK) that the bytes name: version (0x02) ‖ key id (8) ‖ nonce (12) ‖
 *   ciphertext and tag; additional data "cpds/v2/custody/" ‖ key id in hex ‖ "/" ‖ name.
 *
 * The additional data holds the name, so a row that is moved to another place does not open there. Nonces are random: one
 * key serves far fewer than the 2^32 sealings that 96 random bits allow (NIST SP 800-38D, section 8.3).
 *
 * ```ts
 * import { ascii } from '@cpds/crypto/bytes';
 * import { KeyRing } from '@cpds/crypto/custody';
 * import { randomBytes } from 'node:crypto';
 *
 * const former = randomBytes(32);
 * const sealed = new KeyRing(former).seal('share/7', ascii('secret'));
 * const ring = new KeyRing(randomBytes(32), [former]); // what the former key sealed opens until all is sealed anew
 * new TextDecoder().decode(ring.open('share/7', sealed)); // 'secret'
 * ```
 */

import { gcm } from '@noble/ciphers/aes.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { ascii, checkBytes, checkList, checkText, concat, fromHex, toHex, utf8 } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import { hkdfExtract, hkdfSha256 } from './hash.js';

const idBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
/** Former keys of one ring: form 1 tries each. */
const MOST_FORMER = 100;

/**
 * Seals `secret` in form 1. The bytes do not name the key: whoever opens them must find it by the place.
 *
 * @param name the secret's kind and place, ASCII, for example `event/records.north/7`
 * @param nonce 12 bytes, fresh for every call
 */
export function sealAtRest(key: Uint8Array, name: string, secret: Uint8Array, nonce = freshNonce()): Uint8Array {
  checkKey(key);
  return concat(Uint8Array.of(1), nonce, encrypt(key, nonce, dataOf1(name), secret));
}

/**
 * Opens what `sealAtRest` made with the same `key` and `name`.
 *
 * @throws CryptoError `unknown-version`; `wrong-kek` when the key or the name is another one, or the bytes changed;
 *   `broken-seal` when they are cut short
 */
export function openAtRest(key: Uint8Array, name: string, sealed: Uint8Array): Uint8Array {
  checkKey(key);
  if (checkBytes(sealed, name)[0] !== 1) throw unknownVersion(name, sealed, 'this reads 1');
  const secret = decrypt(key, name, sealed, 1, dataOf1(name));
  if (secret === null)
    throw new CryptoError('wrong-kek', name, 'does not open: another key sealed it, or its bytes changed');
  return secret;
}

/**
 * A process's key-encryption keys: the current one seals, former ones only open, until everything they sealed is sealed
 * anew. A key's id is public: it tells keys apart and reveals nothing of the key.
 */
export class KeyRing {
  /** by id: the current one first, the oldest last */
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  /**
   * @param current 32 bytes
   * @param former newest first, each 32 bytes
   * @throws CryptoError `bad-kek` for another length, or a key that is there twice; `too-many`
   */
  constructor(current: Uint8Array, former: readonly Uint8Array[] = []) {
    const all = [current, ...checkList(former, 'kek', MOST_FORMER)];
    all.forEach(checkKey);
    this.#keys = new Map(all.map((key) => [keyIdOf(key), key.slice()]));
    if (this.#keys.size < all.length) throw new CryptoError('bad-kek', 'kek', 'is there twice in one key ring');
  }

  /** Ids of all keys, 16 hex digits each: the current one first, the oldest last. */
  get keyIds(): string[] {
    return [...this.#keys.keys()];
  }

  /** The first 9 bytes of every secret under the current key, by which a database finds those under other keys. */
  get prefix(): Uint8Array {
    return prefixOf(this.keyIds[0]!);
  }

  /** Seals in form 2 under the current key. `name` and `nonce` as for `sealAtRest`. */
  seal(name: string, secret: Uint8Array, nonce = freshNonce()): Uint8Array {
    const [[id, key]] = [...this.#keys] as [[string, Uint8Array]];
    return concat(prefixOf(id), nonce, encrypt(key, nonce, dataOf2(id, name), secret));
  }

  /**
   * Opens what `seal` made under any key of the ring, or `sealAtRest` with one of them: form 1 names no key, so each is
   * tried.
   *
   * @throws CryptoError `wrong-kek` says which key sealed it and which are held; `broken-seal` when that key is held and
   *   the bytes are cut short, changed or of another place; `unknown-version`
   */
  open(name: string, sealed: Uint8Array): Uint8Array {
    if (checkBytes(sealed, name)[0] === 1) return this.#openUnnamed(name, sealed);
    if (sealed[0] !== 2) throw unknownVersion(name, sealed, 'this reads 1 and 2');
    if (sealed.length < 1 + idBytes) throw new CryptoError('broken-seal', name, 'is cut short');
    const id = toHex(sealed.subarray(1, 1 + idBytes));
    const key = this.#keys.get(id);
    if (key === undefined) throw new CryptoError('wrong-kek', name, `was sealed under key ${id}, ${this.#held}`);
    const secret = decrypt(key, name, sealed, 1 + idBytes, dataOf2(id, name));
    if (secret === null)
      throw new CryptoError('broken-seal', name, `is not what key ${id} sealed here: its place or its bytes changed`);
    return secret;
  }

  /** Seals `value` as JSON in form 2, for a column of text: padded base64. `name` as for `sealAtRest`. */
  sealJson(name: string, value: unknown): string {
    return base64.encode(this.seal(name, utf8(JSON.stringify(value))));
  }

  /**
   * Opens what `sealJson` made for the same `name`.
   *
   * @throws CryptoError as `open` does; `broken-seal` for text that is not base64
   */
  openJson(name: string, sealed: string): unknown {
    return JSON.parse(new TextDecoder().decode(this.open(name, bytesOf(name, sealed))));
  }

  /**
   * A pseudorandom key made from the oldest key (`hkdfExtract`), which opens nothing. A database derives its keyed
   * hashes from it, so it must outlive the key that the database began with.
   */
  origin(): Uint8Array {
    return hkdfExtract([...this.#keys.values()].at(-1)!);
  }

  #openUnnamed(name: string, sealed: Uint8Array): Uint8Array {
    for (const key of this.#keys.values()) {
      const secret = decrypt(key, name, sealed, 1, dataOf1(name));
      if (secret !== null) return secret;
    }
    throw new CryptoError('wrong-kek', name, `was sealed under another key or its bytes changed, ${this.#held}`);
  }

  get #held(): string {
    return `this process holds ${this.keyIds.join(', ')}`;
  }
}

/**
 * A key-encryption key as a file or a variable holds it: 32 raw bytes, or text of 64 hex digits or padded base64 with
 * at most one newline behind. Each of these forms has a length of its own.
 *
 * @throws CryptoError `bad-kek` names `field`, and no byte
 */
export function parseKek(bytes: Uint8Array, field: string): Uint8Array {
  if (checkBytes(bytes, field).length === 32) return bytes.slice();
  const text = new TextDecoder('latin1').decode(bytes).replace(/\r?\n$/, '');
  if (/^[0-9a-fA-F]{64}$/.test(text)) return fromHex(text, field, 32);
  // 43 digits and one "=" are 32 bytes when the last digit's two lowest bits are zero, which is its canonical form.
  if (/^[0-9A-Za-z+/]{42}[048AEIMQUYcgkosw]=$/.test(text)) return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  throw new CryptoError('bad-kek', field, 'must be 32 bytes, raw, in hex or in base64');
}

/** @throws CryptoError `broken-seal` */
function bytesOf(name: string, text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw new CryptoError('broken-seal', name, 'is not base64'); // the decoder's own words repeat the text
  }
}

function keyIdOf(key: Uint8Array): string {
  return toHex(hkdfSha256(key, ascii('cpds/v1/kek-id'), idBytes));
}

function encrypt(key: Uint8Array, nonce: Uint8Array, data: Uint8Array, secret: Uint8Array): Uint8Array {
  checkBytes(nonce, 'nonce', nonceBytes); // GCM takes any length, and the opener reads 12
  return gcm(key, nonce, data).encrypt(checkBytes(secret, 'secret'));
}

/** The secret that begins behind the first `at` bytes, or null. @throws CryptoError `broken-seal` */
function decrypt(
  key: Uint8Array,
  name: string,
  sealed: Uint8Array,
  at: number,
  additionalData: Uint8Array,
): Uint8Array | null {
  if (sealed.length < at + nonceBytes + tagBytes) throw new CryptoError('broken-seal', name, 'is cut short');
  try {
    return gcm(key, sealed.subarray(at, at + nonceBytes), additionalData).decrypt(sealed.subarray(at + nonceBytes));
  } catch {
    return null; // the authenticator does not hold; the cipher tells no more
  }
}

const freshNonce = (): Uint8Array => randomBytes(nonceBytes);
const dataOf1 = (name: string): Uint8Array => ascii(`cpds/v1/custody/${checkName(name)}`);
const dataOf2 = (id: string, name: string): Uint8Array => ascii(`cpds/v2/custody/${id}/${checkName(name)}`);
const prefixOf = (id: string): Uint8Array => concat(Uint8Array.of(2), fromHex(id, 'key id', idBytes));

function checkName(name: string): string {
  if (checkText(name, 'name') === '') throw new CryptoError('bad-length', 'name', 'is empty');
  return name;
}

function unknownVersion(name: string, sealed: Uint8Array, reads: string): CryptoError {
  return new CryptoError('unknown-version', name, `is sealed in version ${sealed[0] ?? 'none'}, ${reads}`);
}

function checkKey(key: Uint8Array): void {
  if (checkBytes(key, 'kek').length !== 32)
    throw new CryptoError('bad-kek', 'kek', `must be 32 bytes, has ${key.length}`);
}
