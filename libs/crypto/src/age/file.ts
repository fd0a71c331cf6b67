/** An age v1 file from its first byte to its last (c2sp.org/age): the header for whoever may open it, then the payload. */

import { randomBytes } from '@noble/hashes/utils.js';
import { createHeader, parseHeader, serializeHeader, unwrapHeader } from './header.js';
import { createPassphraseHeader, openPassphraseHeader, portableScrypt, type Scrypt } from './passphrase.js';
import { openPayload, payloadNonceBytes, portableAead, sealPayload, splitFile, type Aead } from './payload.js';
import { fileKeyBytes } from './stanza.js';

/** The readers of a file: recipients `age1…`, each of whom opens it alone, or one passphrase (`logN` as in `createPassphraseHeader`). */
export type Lock = { recipients: readonly string[] } | { passphrase: string; logN?: number | undefined };

/** The secret that opens a file: the `AGE-SECRET-KEY-1…` of one of its recipients, or the passphrase it was made for. */
export type Unlock = { identity: string } | { passphrase: string };

/** The implementations of AEAD and scrypt to use. */
export interface Engine {
  aead: Aead;
  scrypt: Scrypt;
}

/** The engine that runs everywhere. */
export const portableEngine: Engine = { aead: portableAead, scrypt: portableScrypt };

/**
 * An age file of `plaintext`, under a new file key.
 *
 * @throws CryptoError as `createHeader` and `createPassphraseHeader` do for `lock`
 */
export async function* sealFile(
  plaintext: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  lock: Lock,
  { aead, scrypt }: Engine = portableEngine,
): AsyncGenerator<Uint8Array> {
  const fileKey = randomBytes(fileKeyBytes);
  const header =
    'recipients' in lock
      ? createHeader(fileKey, lock.recipients)
      : await createPassphraseHeader(fileKey, lock.passphrase, { logN: lock.logN, scrypt });
  yield serializeHeader(header);
  yield* sealPayload(plaintext, fileKey, randomBytes(payloadNonceBytes), aead);
}

/**
 * The plaintext of an age file. A caller must not trust what it got from a generator that threw (see `openPayload`).
 *
 * @throws CryptoError `bad-age-header`, `bad-age-key`, `no-stanza`, `bad-age-mac` or `bad-age-payload`
 */
export async function* openFile(
  file: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  unlock: Unlock,
  { aead, scrypt }: Engine = portableEngine,
): AsyncGenerator<Uint8Array> {
  const { header, payload } = await splitFile(file);
  const parsed = parseHeader(header);
  const fileKey =
    'identity' in unlock
      ? unwrapHeader(parsed, unlock.identity)
      : await openPassphraseHeader(parsed, unlock.passphrase, scrypt);
  yield* openPayload(payload, fileKey, aead);
}
