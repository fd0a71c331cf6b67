import { Readable } from 'node:stream';
import { bug } from '@cpds/errors';
import type { FastifyReply } from 'fastify';

/** Milliseconds without a byte after which an answer is given up: longer than a store may be silent. */
const stalledMs = 60_000;

/**
 * Streams `body` as the answer. The first piece is awaited before the headers go, so that a refusal at the start is an
 * error answer; a failure later, or a body of another length than announced, cuts the connection short of that length,
 * which the reader notices. A reader that takes nothing for a minute is cut too.
 */
export async function sendBytes(
  reply: FastifyReply,
  answer: { status?: number; headers: Record<string, string>; sizeBytes: number; body: AsyncIterable<Uint8Array> },
): Promise<void> {
  const pieces = answer.body[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      let left = answer.sizeBytes;
      for (let piece = first; !piece.done; piece = await pieces.next()) {
        left -= piece.value.length;
        yield piece.value;
      }
      // Without an error, the reader of a keep-alive connection would wait for the rest for ever.
      if (left !== 0) throw bug('answer-cut-off', 'the answer has another length than announced');
    } finally {
      await pieces.return?.();
    }
  }
  reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
  await reply
    .status(answer.status ?? 200)
    .headers({ ...answer.headers, 'content-length': String(answer.sizeBytes), 'cache-control': 'no-store' })
    .send(Readable.from(all(), { objectMode: false, highWaterMark: 256 * 1024 }));
}
