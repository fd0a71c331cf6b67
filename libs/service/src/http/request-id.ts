import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Header in which a caller may name its request, and in which every answer names it. */
export const requestIdHeader = 'x-request-id';

/** Names that are taken: nothing that could hold a sentence about a person, or break a log line. */
const wellFormed = /^[A-Za-z0-9._-]{8,64}$/;

const current = new AsyncLocalStorage<{ requestId: string }>();

/** The name of a request: the caller's own where it is well formed, else a new one. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const named = headers[requestIdHeader];
  return typeof named === 'string' && wellFormed.test(named) ? named : randomUUID();
}

/** Runs `run` and all that it starts within a request. */
export function withinRequest(requestId: string, run: () => void): void {
  current.run({ requestId }, run);
}

/** The request that this work belongs to, in an object of the caller's own, as pino wants it; empty outside of any. */
export function requestNow(): { requestId?: string } {
  return { ...current.getStore() };
}
