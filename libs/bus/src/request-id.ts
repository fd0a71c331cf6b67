/** The name of a request, which goes along with all work that is done for it: over HTTP, the bus, the outbox and the stream. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

/** Header that names the request: of HTTP requests and answers, and of messages on the bus. */
export const requestIdHeader = 'x-request-id';

/** Names that are taken: nothing that could hold a sentence about a person, or break a log line. */
const wellFormed = /^[A-Za-z0-9._-]{8,64}$/;

const current = new AsyncLocalStorage<string | undefined>();

/** The name of a request: the caller's own where it is well formed, else a new one. */
export function requestIdOf(named: unknown): string {
  return typeof named === 'string' && wellFormed.test(named) ? named : randomUUID();
}

/** The name of the request that a message of the bus belongs to: its header's, else a new one. */
export function requestIdIn(message: { readonly headers?: MsgHdrs }): string {
  return requestIdOf(message.headers?.get(requestIdHeader));
}

/** Runs `run` and all that it starts within a request. */
export function withinRequest<T>(requestId: string, run: () => T): T {
  return current.run(requestId, run);
}

/** Runs `run`, which works for several requests or for none, outside of the one that happens to start it. */
export function outsideRequests<T>(run: () => T): T {
  return current.run(undefined, run);
}

/** The request that this work belongs to, in an object of the caller's own, as pino wants it; empty outside of any. */
export function requestNow(): { requestId?: string } {
  const requestId = current.getStore();
  return requestId === undefined ? {} : { requestId };
}

/** Headers of an HTTP request that this work makes of another service. */
export function requestHeaders(): Record<string, string> {
  const { requestId } = requestNow();
  return requestId === undefined ? {} : { [requestIdHeader]: requestId };
}

/** Headers of a message that belongs to this request; undefined outside of any. */
export function messageHeaders({ requestId }: { requestId?: string | null } = requestNow()): MsgHdrs | undefined {
  if (typeof requestId !== 'string') return undefined;
  const carried = headers();
  carried.set(requestIdHeader, requestId);
  return carried;
}
