/**
 * Where the key-encryption keys themselves are sealed: one short secret, opened once when a process starts. What the
 * process stores is sealed under those keys here and not there, so no transaction waits for anybody.
 */

import { randomBytes } from '@noble/hashes/utils.js';
import { parseHeader, serializeHeader } from './age/header.js';
import { createPassphraseHeader, openPassphraseHeader, portableScrypt, type Scrypt } from './age/passphrase.js';
import { openPayload, payloadNonceBytes, portableAead, sealPayload, splitFile } from './age/payload.js';
import { fileKeyBytes } from './age/stanza.js';
import { concat } from './bytes.js';

/** Seals short secrets: the passphrase below, or an external key management service whose key stays with it. */
export interface KeyEncryption {
  /** names the key or its holder, for logs and errors; never secret */
  readonly keyId: string;
  /** Sealed bytes, other ones each time. At most 4 KiB of secret, which every service takes. */
  seal(secret: Uint8Array): Promise<Uint8Array>;
  /** What `seal` was given. Rejects when the bytes changed or another key sealed them; the error holds no secret. */
  open(sealed: Uint8Array): Promise<Uint8Array>;
}

/** How a passphrase becomes a key. */
export interface PassphraseOptions {
  /** scrypt's work factor for what is sealed: N = 2^logN; what is read brings its own, 22 at most */
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
  readonly #options: PassphraseOptions;

  /** @param passphrase not empty; any text that `age` is given too */
  constructor(passphrase: string, options: PassphraseOptions = {}) {
    this.#passphrase = passphrase;
    this.#options = options;
  }

  async seal(secret: Uint8Array): Promise<Uint8Array> {
    const fileKey = randomBytes(fileKeyBytes);
    const header = await createPassphraseHeader(fileKey, this.#passphrase, this.#options);
    const payload = sealPayload([secret], fileKey, randomBytes(payloadNonceBytes), portableAead);
    return concat(serializeHeader(header), ...(await collected(payload)));
  }

  async open(sealed: Uint8Array): Promise<Uint8Array> {
    const { header, payload } = await splitFile([sealed]);
    const { scrypt = portableScrypt } = this.#options;
    const fileKey = await openPassphraseHeader(parseHeader(header), this.#passphrase, scrypt);
    return concat(...(await collected(openPayload(payload, fileKey, portableAead))));
  }
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
