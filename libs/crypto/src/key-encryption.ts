/**
 * Seals the key-encryption keys themselves: one short secret, opened once when a process starts. The process seals its
 * rows under those keys by itself, so no transaction waits for an outside service.
 *
 * ```ts
 * import { ascii } from '@cpds/crypto/bytes';
 * import { PassphraseKeyEncryption, type KeyEncryption } from '@cpds/crypto/key-encryption';
 *
 * const operator: KeyEncryption = new PassphraseKeyEncryption('correct horse battery staple', { logN: 10 });
 * const sealed = await operator.seal(ascii('key of the key ring'));
 * new TextDecoder().decode(await operator.open(sealed)); // 'key of the key ring'
 * ```
 */

import * as age from './age/file.js';
import type { Scrypt } from './age/passphrase.js';
import { concat } from './bytes.js';

/** Seals short secrets: the passphrase below, or an external key management service whose key stays with it. */
export interface KeyEncryption {
  /** names the key or its holder, for logs and errors; never secret */
  readonly keyId: string;
  /** Sealed bytes, other ones each time. At most 4 KiB of secret, which every service takes. */
  seal(secret: Uint8Array): Promise<Uint8Array>;
  /** Returns the secret that `seal` was given. Rejects when the bytes changed or another key sealed them; the error holds no secret. */
  open(sealed: Uint8Array): Promise<Uint8Array>;
}

/** How a passphrase becomes a key. */
export interface PassphraseOptions {
  /** scrypt's work factor for sealing: N = 2^logN; opening takes that of the file, 22 at most */
  logN?: number;
  scrypt?: Scrypt;
}

/**
 * Seals as an age file (c2sp.org/age, "The scrypt recipient type"): `age -p` makes the same and `age -d` opens it, so a
 * backup needs none of this project's code. It rejects with CryptoError `no-stanza` for another passphrase, `bad-age-header`,
 * `bad-age-mac` or `bad-age-payload` for changed bytes.
 */
export class PassphraseKeyEncryption implements KeyEncryption {
  readonly keyId = 'passphrase';
  readonly #passphrase: string;
  readonly #logN: number | undefined;
  readonly #engine: age.Engine;

  /** @param passphrase not empty; any text that `age` accepts too */
  constructor(passphrase: string, { logN, scrypt = age.portableEngine.scrypt }: PassphraseOptions = {}) {
    this.#passphrase = passphrase;
    this.#logN = logN;
    this.#engine = { ...age.portableEngine, scrypt };
  }

  seal(secret: Uint8Array): Promise<Uint8Array> {
    return collected(age.sealFile([secret], { passphrase: this.#passphrase, logN: this.#logN }, this.#engine));
  }

  open(sealed: Uint8Array): Promise<Uint8Array> {
    return collected(age.openFile([sealed], { passphrase: this.#passphrase }, this.#engine));
  }
}

async function collected(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return concat(...all);
}
