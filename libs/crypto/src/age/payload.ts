/**
 * The payload of an age v1 file (c2sp.org/age, "Payload"): a 16-byte nonce, then chunks of 64 KiB, each sealed with
 * ChaCha20-Poly1305 under a counter and a last-chunk flag (STREAM). At most two chunks are in memory.
 *
 * The AEAD is a parameter: @noble/ciphers in a browser, node:crypto (ten times as fast) on a server.
 */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { ascii, checkBytes } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { maxHeaderBytes, headerLength } from './header.js';

/** ChaCha20-Poly1305 of RFC 8439 without additional data; keys of 32 bytes, nonces of 12. */
export interface Aead {
  /** The ciphertext, as long as the plaintext, and its tag of 16 bytes; not joined, since that would copy all. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): { ciphertext: Uint8Array; tag: Uint8Array };
  /** The plaintext of a ciphertext with its tag behind it. @throws an error of any kind when the tag does not fit */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** The AEAD that runs everywhere. */
export const portableAead: Aead = {
  seal: (key, nonce, plaintext) => {
    const sealed = chacha20poly1305(key, nonce).encrypt(plaintext);
    return { ciphertext: sealed.subarray(0, plaintext.length), tag: sealed.subarray(plaintext.length) };
  },
  open: (key, nonce, sealed) => chacha20poly1305(key, nonce).decrypt(sealed),
};

/** Plaintext bytes of a full chunk. */
export const chunkBytes = 64 * 1024;
/** Bytes of the nonce a payload starts with. */
export const payloadNonceBytes = 16;

/** Bytes of a chunk's authenticator. */
export const tagBytes = 16;
/** Bytes of a full chunk in the payload. */
export const sealedChunkBytes = chunkBytes + tagBytes;

/** Length of the payload (nonce included) of `plaintextBytes` bytes of plaintext. */
export function payloadLength(plaintextBytes: number): number {
  if (!Number.isSafeInteger(plaintextBytes) || plaintextBytes < 0)
    throw new CryptoError('out-of-range', 'plaintextBytes', 'is not a length');
  return payloadNonceBytes + plaintextBytes + tagBytes * Math.max(1, Math.ceil(plaintextBytes / chunkBytes));
}

/** Seals a payload piece by piece. The payload is the nonce, what `push` gives for each piece, and what `end` gives. */
export class PayloadSealer {
  private readonly key: Uint8Array;
  private readonly cutter = new ChunkCutter(chunkBytes);

  /** @param nonce 16 random bytes, fresh for each payload */
  constructor(
    fileKey: Uint8Array,
    nonce: Uint8Array,
    private readonly aead: Aead,
  ) {
    this.key = payloadKey(fileKey, nonce);
  }

  /** Ciphertext and tag of each chunk that is full and not the last. `piece` may be reused once all are taken. */
  push(piece: Uint8Array): Generator<Uint8Array> {
    return this.seal(this.cutter.cut(piece));
  }

  /** Ciphertext and tag of the last chunk. Nothing can follow: it would be sealed under a nonce that was used. */
  end(): Generator<Uint8Array> {
    return this.seal(this.cutter.end());
  }

  private *seal(chunks: Iterable<Chunk>): Generator<Uint8Array> {
    for (const { bytes, index, isLast } of chunks) {
      const { ciphertext, tag } = this.aead.seal(this.key, chunkNonce(index, isLast), bytes);
      if (ciphertext.length > 0) yield ciphertext;
      yield tag;
    }
  }
}

/**
 * Opens a payload piece by piece, its nonce apart. A chunk is handed on only after its authenticator held; that the payload
 * is whole is known only when `end` has given its own, so a caller must not trust what it got before one threw.
 */
export class PayloadOpener {
  private readonly key: Uint8Array;
  private readonly cutter = new ChunkCutter(sealedChunkBytes);

  constructor(
    fileKey: Uint8Array,
    nonce: Uint8Array,
    private readonly aead: Aead,
  ) {
    this.key = payloadKey(fileKey, nonce);
  }

  /** The plaintext of each chunk that is full and not the last. @throws CryptoError `bad-age-payload` */
  push(piece: Uint8Array): Generator<Uint8Array> {
    return this.open(this.cutter.cut(piece));
  }

  /** The plaintext of the last chunk. @throws CryptoError `bad-age-payload` */
  end(): Generator<Uint8Array> {
    return this.open(this.cutter.end());
  }

  private *open(chunks: Iterable<Chunk>): Generator<Uint8Array> {
    for (const { bytes, index, isLast } of chunks) {
      // An empty last chunk stands for an empty payload only: elsewhere it would give one plaintext two encodings.
      if (bytes.length < tagBytes || (bytes.length === tagBytes && index > 0))
        throw new CryptoError('bad-age-payload', `chunk ${index}`, 'is cut off');
      const opened = tryChunk(this.aead, this.key, bytes, index, isLast);
      if (opened !== null) {
        yield opened;
        continue;
      }
      // If a full chunk opens in the other role, the chunk itself is unchanged, but chunks behind it were cut off or
      // added.
      const misplaced = bytes.length < sealedChunkBytes ? null : tryChunk(this.aead, this.key, bytes, index, !isLast);
      if (misplaced === null) throw notAuthentic(index);
      yield misplaced;
      throw new CryptoError('bad-age-payload', `chunk ${index + 1}`, isLast ? 'is missing' : 'comes after the last');
    }
  }
}

/**
 * Seals `source` as a payload: the nonce first, then each chunk's ciphertext and tag.
 *
 * @param nonce 16 random bytes, fresh for each payload
 */
export async function* sealPayload(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  fileKey: Uint8Array,
  nonce: Uint8Array,
  aead: Aead,
): AsyncGenerator<Uint8Array> {
  const sealer = new PayloadSealer(fileKey, nonce, aead);
  yield nonce;
  for await (const piece of source) yield* sealer.push(piece);
  yield* sealer.end();
}

/**
 * Opens a payload. As with `PayloadOpener`, a caller must not trust what it got from a generator that threw.
 *
 * @throws CryptoError `bad-age-payload` for a changed, missing, moved or added byte
 */
export async function* openPayload(
  payload: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  fileKey: Uint8Array,
  aead: Aead,
): AsyncGenerator<Uint8Array> {
  const { head, rest } = await takeBytes(payload, payloadNonceBytes);
  if (head.length < payloadNonceBytes) throw new CryptoError('bad-age-payload', 'nonce', 'is cut off');
  const opener = new PayloadOpener(fileKey, head, aead);
  for await (const piece of rest) yield* opener.push(piece);
  yield* opener.end();
}

/**
 * Splits an age file into header bytes and the payload that follows.
 *
 * @throws CryptoError `bad-age-header` when there is no whole header in the first 64 KiB
 */
export async function splitFile(
  file: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<{ header: Uint8Array; payload: AsyncIterable<Uint8Array> }> {
  const chunks = iterate(file);
  let head: Uint8Array = new Uint8Array(0);
  for (;;) {
    const length = headerLength(head);
    if (length !== null && length <= maxHeaderBytes)
      return { header: head.slice(0, length), payload: resume(head.subarray(length), chunks) };
    const next = head.length > maxHeaderBytes ? undefined : await chunks.next();
    if (!next || next.done) {
      await chunks.return?.();
      throw new CryptoError('bad-age-header', 'header', next ? 'is cut off' : `is longer than ${maxHeaderBytes} bytes`);
    }
    head = joined(head, next.value);
  }
}

/** Opens the chunk at `index`. @throws CryptoError `bad-age-payload` */
export function openChunk(aead: Aead, key: Uint8Array, bytes: Uint8Array, index: number, isLast: boolean): Uint8Array {
  checkBytes(key, 'key', 32);
  if (!Number.isSafeInteger(index) || index < 0) throw new CryptoError('out-of-range', 'index', 'is not a count');
  const opened = tryChunk(aead, key, checkBytes(bytes, 'chunk'), index, isLast);
  if (opened === null) throw notAuthentic(index);
  return opened;
}

function tryChunk(aead: Aead, key: Uint8Array, bytes: Uint8Array, index: number, isLast: boolean): Uint8Array | null {
  try {
    return aead.open(key, chunkNonce(index, isLast), bytes);
  } catch {
    return null; // an authenticator that does not fit is the only sign of a wrong key or changed bytes
  }
}

function notAuthentic(index: number): CryptoError {
  return new CryptoError('bad-age-payload', `chunk ${index}`, 'does not authenticate');
}

/** The key of all chunks of one payload. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  checkBytes(fileKey, 'fileKey', 16);
  if (checkBytes(nonce, 'nonce').length !== payloadNonceBytes)
    throw new CryptoError('bad-age-payload', 'nonce', 'must be 16 bytes');
  return hkdf(sha256, fileKey, nonce, ascii('payload'), 32);
}

/** 11 bytes of counter, big-endian, and the last-chunk flag. Files end long before the counter leaves a double. */
function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  let rest = index;
  for (let at = 10; rest > 0; at--) {
    nonce[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

interface Chunk {
  bytes: Uint8Array;
  index: number;
  isLast: boolean;
}

/**
 * Cuts pieces of any length into chunks of `size`; holds each back until it is known whether it is the last. A chunk is good
 * until the next call, which therefore must wait until all are taken: whole ones are views of the piece they came in, only
 * what two pieces share is copied.
 */
class ChunkCutter {
  private held: Uint8Array;
  private spare: Uint8Array;
  private used = 0;
  private index = 0;
  private state: 'ready' | 'giving' | 'ended' = 'ready';

  constructor(private readonly size: number) {
    this.held = new Uint8Array(size);
    this.spare = new Uint8Array(size);
  }

  /** The chunks that end before `piece` does. */
  cut(piece: Uint8Array): Generator<Chunk> {
    this.mustBeReady();
    return this.give(this.chunksOf(checkBytes(piece, 'source')), 'ready');
  }

  /** The last chunk. */
  end(): Generator<Chunk> {
    this.mustBeReady();
    return this.give([{ bytes: this.held.subarray(0, this.used), index: this.index, isLast: true }], 'ended');
  }

  private mustBeReady(): void {
    if (this.state === 'ended') throw new CryptoError('bad-age-payload', 'payload', 'has ended');
    if (this.state === 'giving')
      throw new CryptoError('bad-age-payload', 'payload', 'of the piece before, not all was taken');
  }

  private give(chunks: Chunk[], next: 'ready' | 'ended'): Generator<Chunk> {
    this.state = 'giving';
    return this.giving(chunks, next);
  }

  private *giving(chunks: Chunk[], next: 'ready' | 'ended'): Generator<Chunk> {
    yield* chunks;
    this.state = next;
  }

  private chunksOf(piece: Uint8Array): Chunk[] {
    const { size } = this;
    let at = Math.min(this.used === 0 ? 0 : size - this.used, piece.length);
    this.held.set(piece.subarray(0, at), this.used);
    this.used += at;
    if (at === piece.length) return [];
    const chunks: Chunk[] = [];
    if (this.used === size) {
      chunks.push({ bytes: this.held, index: this.index++, isLast: false });
      [this.held, this.spare] = [this.spare, this.held];
    }
    for (; piece.length - at > size; at += size)
      chunks.push({ bytes: piece.subarray(at, at + size), index: this.index++, isLast: false });
    this.held.set(piece.subarray(at));
    this.used = piece.length - at;
    return chunks;
  }
}

async function takeBytes(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  count: number,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const chunks = iterate(source);
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < count) {
    const next = await chunks.next();
    if (next.done) return { head, rest: resume(new Uint8Array(0), chunks) };
    head = joined(head, next.value);
  }
  return { head: head.slice(0, count), rest: resume(head.subarray(count), chunks) };
}

type Chunks = AsyncIterator<Uint8Array, unknown, undefined>;

function iterate(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Chunks {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  return (async function* () {
    yield* source;
  })();
}

/** Gives the bytes that were read too far, then the rest; leaving early closes the source, so that its file or socket is freed. */
async function* resume(first: Uint8Array, chunks: Chunks): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + checkBytes(b, 'source').length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
