import rateLimit from '@fastify/rate-limit';
import { unavailable } from '@cpds/errors';
import type { FastifyInstance, RouteOptions } from 'fastify';

/** Requests a minute that an open route takes from one address (IPv6: one /64), by what it costs and protects. */
export const openLimits = {
  /** public facts: health, keys, checkpoints, tiles; a verifier reads a log of a million entries in two minutes */
  facts: 6_000,
  /** the authority is a signature in the body, which costs a check */
  signed: 1_200,
  /** the authority is a code, which could be guessed */
  code: 60,
  /** the handler counts after it knows whose statement it is: what strangers send must not use up a patient's share */
  byHandler: null,
} as const;

export type OpenLimit = keyof typeof openLimits;

/** Bytes of a body that a route takes from strangers. */
const openBodyBytes = 128 * 1024;

/** Addresses that are remembered; beyond it those seen longest ago start anew. */
const addresses = 10_000;

/** Makes the open routes of `http`, which are added later, keep their limits; counts are of this process alone. */
export async function limitOpenRoutes(http: FastifyInstance): Promise<void> {
  http.addHook('onRoute', limitRoute);
  await http.register(rateLimit, {
    global: false,
    cache: addresses,
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) =>
      unavailable('rate-limited', 'too many requests from this address', {
        status: 429,
        retryAfterSec: Math.max(1, Math.ceil(ttl / 1_000)),
      }),
  });
}

function limitRoute(route: RouteOptions): void {
  const open = route.config?.marks?.open;
  if (open === undefined) return;
  route.bodyLimit = openBodyBytes;
  const max = openLimits[open];
  if (max !== null) route.config = { ...route.config, rateLimit: { max, timeWindow: 60_000 } };
}
