import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { z } from 'zod';
import { type Fetcher, piecesOf, secondsOf } from './exchange.js';
import { HttpClient } from './http-client.js';
import { TokenSource } from './token-source.js';

/** A service that gives these answers in order and repeats the last one. */
function answering(...answers: (() => Response)[]): { fetcher: Fetcher; calls: { url: string; init: RequestInit }[] } {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetcher: Fetcher = async (url, init) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)];
    calls.push({ url, init });
    if (!answer) throw new Error('no answer');
    return answer();
  };
  return { fetcher, calls };
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(JSON.stringify(body), { status, headers });
const away = json({ code: 'away', kind: 'unavailable', detail: 'away' }, 503, { 'retry-after': '0.01' });

describe('HttpClient', () => {
  const schema = z.object({ n: z.number() });

  it('repeats a 503 and gives the typed answer', async () => {
    const { fetcher, calls } = answering(away, away, json({ n: 1 }));
    const http = new HttpClient({ baseUrl: 'http://records/base', fetcher });
    await expect(http.post('things', { a: 1 }, schema)).resolves.toEqual({ n: 1 });
    expect(calls.map(({ url, init }) => [url, init.body])).toEqual(
      Array(3).fill(['http://records/base/things', '{"a":1}']),
    );
  });

  it('gives up after its attempts with the error of the service', async () => {
    const { fetcher, calls } = answering(away);
    const http = new HttpClient({ baseUrl: 'http://records', fetcher });
    await expect(http.get('x', schema)).rejects.toMatchObject({ code: 'away', kind: 'unavailable' });
    expect(calls).toHaveLength(4);
  });

  it('repeats a 429 no sooner than it was told', async () => {
    const busy = json({ code: 'rate-limited', kind: 'unavailable', detail: 'x' }, 429, { 'retry-after': '0.05' });
    const { fetcher, calls } = answering(busy, json({ n: 1 }));
    const http = new HttpClient({ baseUrl: 'http://records', fetcher });
    const began = performance.now();
    await expect(http.get('x', schema)).resolves.toEqual({ n: 1 });
    expect(performance.now() - began).toBeGreaterThan(45);
    expect(calls).toHaveLength(2);
  });

  it('does not ask again where it is told to stay away for long', async () => {
    const { fetcher, calls } = answering(json({ code: 'rate-limited' }, 429, { 'retry-after': '3600' }));
    const http = new HttpClient({ baseUrl: 'http://records', fetcher });
    await expect(http.get('x', schema)).rejects.toMatchObject({ code: 'rate-limited', retryAfterSec: 3600 });
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['7', 7],
    ['Mon, 30 Nov 2026 12:00:10 GMT', 10],
    ['Mon, 30 Nov 2026 11:00:00 GMT', 0],
    ['soon', 1],
    [null, 1],
  ])('reads Retry-After %j as %d s', (text, seconds) => {
    expect(secondsOf(text, Date.UTC(2026, 10, 30, 12))).toBe(seconds);
  });

  it('repeats nothing that was refused, and gives field and code', async () => {
    const { fetcher, calls } = answering(json({ code: 'bad', kind: 'invalid', detail: 'no', field: 'a.b' }, 400));
    const http = new HttpClient({ baseUrl: 'http://records', fetcher });
    await expect(http.get('x', schema)).rejects.toMatchObject({
      code: 'bad',
      kind: 'invalid',
      field: 'a.b',
      status: 400,
    });
    expect(calls).toHaveLength(1);
  });

  it('sends a stream once', async () => {
    const { fetcher, calls } = answering(away);
    const http = new HttpClient({ baseUrl: 'http://records', fetcher });
    const body = new Blob(['x']).stream();
    await expect(http.raw('POST', 'records', {}, { body })).rejects.toMatchObject({ code: 'away' });
    expect(calls).toHaveLength(1);
  });

  it('does not believe an answer of another shape, and says unreachable where there is none', async () => {
    const wrong = new HttpClient({ baseUrl: 'http://records', fetcher: answering(json({ n: 'x' })).fetcher });
    await expect(wrong.get('x', schema)).rejects.toMatchObject({ code: 'invalid-input', field: 'n' });
    const none = new HttpClient({ baseUrl: 'http://records', fetcher: answering().fetcher });
    await expect(none.get('x', schema)).rejects.toMatchObject({ code: 'unreachable', kind: 'unavailable' });
    const page = new HttpClient({ baseUrl: 'http://records', fetcher: answering(() => new Response('<p>')).fetcher });
    await expect(page.get('x', schema)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('answer of GET x'),
    });
  });

  it('says unreachable where the connection ends within an answer, whatever the answer is', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/refused' ? 400 : 200, { 'content-length': 1_000 });
      response.write('{"n":', () => response.destroy());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const http = new HttpClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const unreachable = { code: 'unreachable', kind: 'unavailable' };
    await expect(http.get('x', schema)).rejects.toMatchObject(unreachable);
    await expect(http.post('x', {}, schema)).rejects.toMatchObject(unreachable);
    await expect(http.get('refused', schema)).rejects.toMatchObject(unreachable);
    const stream = piecesOf(await http.raw('GET', 'stream', {}, {}));
    const readAll = async () => {
      for await (const piece of stream) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(readAll()).rejects.toMatchObject(unreachable);
    server.close();
  });
});

describe('TokenSource', () => {
  const grant = (expires_in: number) => json({ access_token: 'token', expires_in });

  async function source(fetcher: Fetcher) {
    const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
    const privateJwk = await exportJWK(privateKey);
    const scopes = ['records.read', 'records.write'];
    const tokens = new TokenSource({
      identityUrl: 'http://identity',
      clientId: 'backend',
      privateJwk,
      scopes,
      fetcher,
    });
    return { tokens, publicKey };
  }

  it('proves itself by an assertion for exactly this endpoint, and keeps the token', async () => {
    const { fetcher, calls } = answering(grant(300));
    const { tokens, publicKey } = await source(fetcher);
    await Promise.all([tokens.token(), tokens.token()]);
    await tokens.token();
    expect(calls).toHaveLength(1);
    const form = calls[0]!.init.body as URLSearchParams;
    expect(form.get('scope')).toBe('records.read records.write');
    const { payload } = await jwtVerify(form.get('client_assertion') ?? '', publicKey, {
      algorithms: ['ES384'],
      issuer: 'backend',
      subject: 'backend',
      audience: 'http://identity/token',
    });
    expect(payload.jti).toEqual(expect.any(String));
  });

  it('asks again when the token is about to end, with a new assertion', async () => {
    const { fetcher, calls } = answering(grant(10));
    const { tokens } = await source(fetcher);
    await tokens.token();
    await tokens.token();
    const assertions = calls.map(({ init }) => (init.body as URLSearchParams).get('client_assertion'));
    expect(new Set(assertions).size).toBe(2);
  });

  it('asks again after a refusal', async () => {
    const { fetcher } = answering(json({ code: 'client-refused', kind: 'denied', detail: 'no' }, 401), grant(300));
    const { tokens } = await source(fetcher);
    await expect(tokens.token()).rejects.toMatchObject({ code: 'client-refused' });
    await expect(tokens.token()).resolves.toBe('token');
  });
});
