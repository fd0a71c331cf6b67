import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { requestIdHeader, requestIdOf, withinRequest } from '@cpds/bus';
import { AppError, invalid, missing, toProblem } from '@cpds/errors';
import type { FastifyError, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { AccessGuard } from '../access.guard.js';
import { type GuardedRequest, marksOf, type RouteMarks } from '../access.js';
import { limitOpenRoutes } from '../open-limits.js';
import { bodyTooSlow, drain, type DrainLimits } from './body.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    marks?: RouteMarks;
  }
}

/** Limits of a connection; times in milliseconds. */
export interface HttpLimits {
  /** from the connection, or its last answer, to the end of a request's headers */
  headersMs: number;
  /** a whole body that is held in memory: JSON or a form */
  bodyMs: number;
  /** how much of a body is read away whose request was answered already */
  drain: DrainLimits;
  /** from a close to the answers of the requests under way; their connections are then cut */
  finishMs: number;
}

/** Milliseconds that requests under way have for their answers once the server closes. */
export const finishWithinMs = 5_000;

export const httpLimits: HttpLimits = {
  headersMs: 20_000,
  bodyMs: 30_000,
  drain: { bytes: 64 * 1024 ** 2, ms: 30_000 },
  finishMs: finishWithinMs,
};

/**
 * The HTTP server under Nest. Every refusal that needs no body comes before the body is read: unknown route, missing or
 * bad token, encoding, too many from one address. `trustedProxies` are addresses or networks whose `X-Forwarded-For` is
 * believed. Every answer names its request in `x-request-id`, and so does every log line of the work on it.
 */
export async function httpServer(
  bodyLimitBytes: number,
  trustedProxies: string[] = [],
  limits: HttpLimits = httpLimits,
): Promise<FastifyAdapter> {
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    // An empty list would trust none as well, and would still parse the header.
    trustProxy: trustedProxies.length > 0 && trustedProxies,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    requestIdHeader: false,
    frameworkErrors: refuseAddress,
    genReqId: ({ headers }: IncomingMessage) => requestIdOf(headers[requestIdHeader]),
    // Node's own limit for whole requests is off, as Fastify sets it: a large upload may take its time.
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: Math.min(limits.headersMs, 5_000) },
  });
  const http = adapter.getInstance();
  http.addHook('preClose', (done) => {
    const cut = setTimeout(() => http.server.closeAllConnections(), limits.finishMs);
    http.server.once('close', () => clearTimeout(cut));
    done();
  });
  // Content types without a parser of their own arrive as streams.
  http.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  http.addHook('onRoute', copyMarks);
  http.addHook('onRequest', (request, reply, done) => {
    void reply.header(requestIdHeader, request.id);
    withinRequest(request.id, done);
  });
  await limitOpenRoutes(http);
  // A body that was collected came by events of the connection, which is no request's.
  http.addHook('preValidation', (request, _reply, done) => withinRequest(request.id, done));
  http.addHook('preParsing', (request, reply, payload, done) => {
    if (isHeld(request)) limitBody(request, reply, limits.bodyMs);
    done(null, payload);
  });
  http.addHook('onSend', (request, _reply, payload, done) => {
    drain(request.raw, limits.drain);
    done(null, payload);
  });
  return adapter;
}

/** Asks `guard` about each request of `adapter` before its body is read. */
export function guardDoors(adapter: FastifyAdapter, guard: AccessGuard): void {
  adapter.getInstance().addHook('onRequest', async (request) => {
    if (request.is404) throw missing('route-unknown', 'there is no such route');
    await guard.admit(request as GuardedRequest, request.routeOptions.config.marks ?? {});
    checkEncoding(request.headers['content-encoding']);
  });
}

/** Nest gives a route its handler, which carries the marks; the hooks before it know the route only. */
function copyMarks(route: RouteOptions): void {
  route.config = { marks: marksOf(route.handler), ...route.config };
}

/** An address that is not UTF-8, or too long, belongs to no route; Fastify's own answer would quote it. */
function refuseAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 400;
  const refusal = new AppError('bad-request', 'invalid', 'the address of the request cannot be read', {
    status,
    field: 'url',
  });
  void reply
    .header(requestIdHeader, request.id)
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(refusal)));
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding !== undefined && !/^\s*identity\s*$/i.test(encoding))
    throw invalid('content-encoding-unknown', 'content-encoding', 'content-encoding: only identity is taken here', {
      status: 415,
    });
}

/** Whether a body comes that is collected before the handler runs. */
function isHeld({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return /^\s*application\/(json|x-www-form-urlencoded)\s*(;|$)/i.test(headers['content-type'] ?? '');
}

/** Answers 408 when the body is not complete in time, and leaves the connection to be closed. */
function limitBody(request: FastifyRequest, reply: FastifyReply, ms: number): void {
  const { raw } = request;
  if (raw.complete) return;
  const timer = setTimeout(() => void reply.send(bodyTooSlow()), ms);
  for (const end of ['end', 'close']) raw.once(end, () => clearTimeout(timer));
}
