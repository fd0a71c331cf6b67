import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Streams `body` as the answer. The first piece is awaited before the headers go, so that a refusal at the start is an
 * error answer; a failure later cuts the connection short of the announced length, which the reader notices.
 */
export async function sendBytes(
  reply: FastifyReply,
  answer: { status?: number; headers: Record<string, string>; sizeBytes: number; body: AsyncIterable<Uint8Array> },
): Promise<void> {
  const pieces = answer.body[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (let piece = first; !piece.done; piece = await pieces.next()) yield piece.value;
    } finally {
      await pieces.return?.();
    }
  }
  await reply
    .status(answer.status ?? 200)
    .headers({ ...answer.headers, 'content-length': String(answer.sizeBytes), 'cache-control': 'no-store' })
    .send(Readable.from(all(), { objectMode: false, highWaterMark: 256 * 1024 }));
}
