import type { IncomingMessage } from 'node:http';
import { invalid } from '@cpds/errors';
import { steady } from './steady.js';

/** Milliseconds that a body sent as a stream may pause. */
export const bodyIdleMs = 30_000;

/**
 * The bytes of a request's body as they come. Leaving it early does not cut the connection, so that a refusal still
 * reaches whoever sends.
 *
 * @throws AppError `body-too-slow` (408) when no byte comes for `idleMs`; ECONNRESET when the sender hangs up
 */
export function bodyOf(request: IncomingMessage, idleMs = bodyIdleMs): AsyncGenerator<Uint8Array> {
  return steady(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>, idleMs, bodyTooSlow);
}

/** How much of a refused body is read away, bytes and milliseconds: a sender that reads only at the end must come to it. */
export interface DrainLimits {
  bytes: number;
  ms: number;
}

/**
 * Reads away what is left of a body that was answered early, then lets the connection go on; beyond the limits it is
 * cut. Closing at once would lose the answer: a peer that gets a reset while it sends drops what it has not read.
 */
export function drain(request: IncomingMessage, limits: DrainLimits): void {
  if (request.complete || request.destroyed) return;
  let left = limits.bytes;
  const timer = setTimeout(() => request.destroy(), limits.ms).unref();
  request.on('data', (bytes: Uint8Array) => {
    left -= bytes.length;
    if (left < 0) request.destroy();
  });
  request.on('error', () => undefined); // the sender hung up after it was answered
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

export const bodyTooSlow = () => invalid('body-too-slow', 'body', 'the body came too slowly', { status: 408 });
