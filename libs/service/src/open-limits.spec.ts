import { AppError } from '@cpds/errors';
import fastify from 'fastify';
import { limitOpenRoutes, openLimits } from './open-limits.js';

/** A server with an open route of each kind, a guarded one, and one that says nothing of itself. */
async function open() {
  const http = fastify();
  await limitOpenRoutes(http);
  http.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof AppError)) return reply.code((error as { statusCode?: number }).statusCode ?? 500).send();
    return reply.code(error.status ?? 500).send({ code: error.code, retryAfterSec: error.retryAfterSec });
  });
  const routes = {
    '/code': { marks: { open: 'code' } },
    '/handler': { marks: { open: 'byHandler' } },
    '/guarded': { marks: {} },
    '/plain': {},
  } as const;
  for (const [path, config] of Object.entries(routes)) http.post(path, { config }, () => 'ok');
  http.post('/bare', () => 'ok');
  return http;
}

describe('the limit of an open route', () => {
  it('is a number of requests a minute from one address, and says when to come again', async () => {
    const http = await open();
    const ask = async () => http.inject({ method: 'POST', url: '/code' });
    for (let i = 0; i < openLimits.code; i++) {
      const { statusCode, headers } = await ask();
      expect(statusCode).toBe(200);
      expect(Object.keys(headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
    }
    const refused = await ask();
    expect(refused.statusCode).toBe(429);
    const { code, retryAfterSec } = refused.json<{ code: string; retryAfterSec: number }>();
    expect(code).toBe('rate-limited');
    expect(retryAfterSec).toBeGreaterThan(50);
    expect(retryAfterSec).toBeLessThanOrEqual(60);
  });

  it('is not kept where the handler counts, nor on routes that are not open', async () => {
    const http = await open();
    // The library's own limit for routes that name none is 1,000.
    for (const url of ['/handler', '/guarded', '/plain', '/bare']) {
      for (let i = 0; i <= 1_000; i++)
        expect([url, (await http.inject({ method: 'POST', url })).statusCode]).toEqual([url, 200]);
    }
  });

  it('bounds the body, and no body of other routes', async () => {
    const http = await open();
    const post = async (url: string, length: number) =>
      (await http.inject({ method: 'POST', url, payload: { text: 'x'.repeat(length) } })).statusCode;
    for (const url of ['/code', '/handler'])
      expect([await post(url, 100_000), await post(url, 200_000)]).toEqual([200, 413]);
    for (const url of ['/guarded', '/plain', '/bare']) expect(await post(url, 200_000)).toBe(200);
  });
});
