/**
 * Any range of an age payload without the rest of it: each chunk of 64 KiB is sealed by itself, under its place and
 * whether it is the last (c2sp.org/age, "Payload").
 */

import { checkBytes } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import {
  chunkBytes,
  openChunk,
  payloadKey,
  payloadNonceBytes,
  sealedChunkBytes,
  tagBytes,
  type Aead,
} from './payload.js';

/** Bytes that can be read anywhere: a file, or an object behind range requests. */
export interface RangeSource {
  /** bytes in all */
  readonly length: number;
  /** The bytes from `from` up to, not with, `to`. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** A payload whose length is authentic. */
export class PayloadReader {
  private constructor(
    /** Bytes of plaintext. */
    readonly length: number,
    private readonly source: RangeSource,
    private readonly key: Uint8Array,
    private readonly aead: Aead,
  ) {}

  /**
   * Reads nonce and last chunk. Only the last chunk opens as the last, so a payload that was cut off or extended is
   * refused here, and not when somebody reads its end.
   *
   * @param source the payload: what follows the header
   * @throws CryptoError `bad-age-payload`
   */
  static async open(source: RangeSource, fileKey: Uint8Array, aead: Aead): Promise<PayloadReader> {
    if (!Number.isSafeInteger(source.length) || source.length < 0)
      throw new CryptoError('out-of-range', 'source', 'has no length');
    const sealed = source.length - payloadNonceBytes;
    const chunks = Math.max(1, Math.ceil(sealed / sealedChunkBytes));
    const length = sealed - chunks * tagBytes;
    // No writer leaves a last chunk empty, except where it is the only one.
    if (length < 0 || (chunks > 1 && length <= (chunks - 1) * chunkBytes))
      throw new CryptoError('bad-age-payload', `chunk ${chunks - 1}`, 'is cut off');
    const key = payloadKey(fileKey, await readAll(source, 0, payloadNonceBytes));
    const reader = new PayloadReader(length, source, key, aead);
    await reader.chunk(chunks - 1);
    return reader;
  }

  /**
   * Plaintext from `from` up to, not with, `to`, in pieces of at most 64 KiB; each was authenticated before it is handed on.
   *
   * @throws CryptoError `bad-range` outside of the plaintext; `bad-age-payload`
   */
  async *read(from: number, to: number): AsyncGenerator<Uint8Array> {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || from > to || to > this.length)
      throw new CryptoError('bad-range', 'range', `must lie within the ${this.length} bytes of the file`);
    for (let at = from; at < to;) {
      const index = Math.floor(at / chunkBytes);
      const start = index * chunkBytes;
      const piece = (await this.chunk(index)).subarray(at - start, Math.min(to - start, chunkBytes));
      yield piece;
      at += piece.length;
    }
  }

  private async chunk(index: number): Promise<Uint8Array> {
    const at = payloadNonceBytes + index * sealedChunkBytes;
    const end = Math.min(at + sealedChunkBytes, this.source.length);
    return openChunk(this.aead, this.key, await readAll(this.source, at, end), index, end === this.source.length);
  }
}

async function readAll(source: RangeSource, from: number, to: number): Promise<Uint8Array> {
  const bytes = await source.read(from, to);
  if (checkBytes(bytes, 'payload').length !== to - from)
    throw new CryptoError('bad-age-payload', 'payload', 'is cut off');
  return bytes;
}
