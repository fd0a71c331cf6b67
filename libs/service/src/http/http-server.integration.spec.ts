import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Body, Controller, Get, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { invalid, parse } from '@cpds/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AccessGuard } from '../access.guard.js';
import { Fhir, OAuth, Open, Scopes } from '../access.js';
import { ErrorFilter } from '../error.filter.js';
import { createLog } from '../log.js';
import { TokenVerifier } from '../token.js';
import { bodyOf } from './body.js';
import { guardDoors, httpServer } from './http-server.js';
import { openLimits } from '../open-limits.js';

const idleMs = 250;
/** Those that a slow machine could reach by itself are longer. */
const limits = { headersMs: 3_000, bodyMs: 400, drain: { bytes: 8 * 1024 ** 2, ms: 5_000 }, finishMs: 100 };

@Controller()
class Doors {
  @Post('guarded')
  @Scopes('records.write')
  @Fhir()
  guarded(): void {
    throw new Error('nobody has a token here');
  }

  @Post('json')
  @Open('facts')
  json(@Body() body: unknown): unknown {
    return body;
  }

  @Post('fhir')
  @Open('facts')
  @Fhir()
  fhir(@Body() body: unknown): unknown {
    return body;
  }

  @Post('token')
  @Open('facts')
  @OAuth()
  token(@Body() body: unknown): unknown {
    return parse(z.object({ grant_type: z.literal('client_credentials'), scope: z.string() }), body, 'token request');
  }

  @Post('enrol')
  @Open('code')
  enrol(): void {}

  @Post('upload')
  @Open('facts')
  async upload(@Req() { raw }: FastifyRequest): Promise<{ bytes: number }> {
    let bytes = 0;
    for await (const piece of bodyOf(raw, idleMs)) bytes += piece.length;
    return { bytes };
  }

  /** Refuses after the first piece, as a check of the content does. */
  @Post('picky')
  @Open('facts')
  @Fhir()
  async picky(@Req() { raw }: FastifyRequest): Promise<void> {
    for await (const piece of bodyOf(raw, idleMs))
      if (piece.length > 0) throw invalid('not-what-it-says', 'body', 'it is not', { status: 422 });
  }

  /** Fails when half of the answer has left. */
  @Get('cut')
  @Open('facts')
  async cut(@Res() reply: FastifyReply): Promise<void> {
    reply.raw.writeHead(200, { 'content-length': '1000' });
    reply.raw.write(Buffer.alloc(500));
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('the store hung up');
  }
}

@Module({ controllers: [Doors] })
class App {}

const opened: NestFastifyApplication[] = [];
let url: string;

async function serve(trustedProxies: string[]): Promise<NestFastifyApplication> {
  const adapter = await httpServer(1 << 20, trustedProxies, limits);
  const served = await NestFactory.create<NestFastifyApplication>(App, adapter, { logger: false });
  served.useGlobalFilters(new ErrorFilter(createLog('test', 'north', 'silent')));
  guardDoors(adapter, new AccessGuard(TokenVerifier.remote('http://127.0.0.1:1', 'north')));
  await served.listen(0, '127.0.0.1');
  opened.push(served);
  return served;
}

beforeAll(async () => {
  url = await (await serve(['127.0.0.1'])).getUrl();
});

afterAll(() => Promise.all(opened.map((served) => served.close())));

const open = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

const head = (path: string, headers: Record<string, string | number>): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: x',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');

/** The first answer on a socket, as text: its head and as much of its body as it announces. */
async function answerOn(socket: Socket): Promise<string> {
  let text = '';
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    text += (bytes as Buffer).toString();
    const [before, body] = text.split('\r\n\r\n', 2);
    const length = /content-length: (\d+)/i.exec(before ?? '')?.[1];
    if (body !== undefined && body.length >= Number(length)) return text;
  }
  throw new Error('the connection ended before the answer did');
}

/** Sends all of a body before it reads a byte, as Python's http.client and many others do. */
async function sendThenRead(path: string, headers: Record<string, string | number>, bytes: number): Promise<string> {
  const socket = await open();
  socket.pause();
  socket.write(head(path, { 'content-length': bytes, ...headers }));
  for (let sent = 0; sent < bytes; sent += 65_536)
    if (!socket.write(Buffer.alloc(Math.min(65_536, bytes - sent), 0x20))) await once(socket, 'drain');
  const answer = await answerOn(socket);
  socket.destroy();
  return answer;
}

/** Posts `size` bytes with Python's own client, four times each, and prints the statuses. */
const python = `
import http.client, json, sys
host, size, cases = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
for path, headers in cases:
    for _ in range(4):
        client = http.client.HTTPConnection(host, timeout=30)
        client.request('POST', path, body=b' ' * size, headers=headers)
        print(path, client.getresponse().status)
        client.close()
`;

/** Whether the server ends the connection in time. */
async function isClosedWithin(socket: Socket, ms: number): Promise<boolean> {
  socket.on('error', () => undefined).resume();
  const timer = setTimeout(() => socket.destroy(new Error('still open')), ms);
  const closed = await new Promise<boolean>((resolve) => socket.once('close', (hadError) => resolve(!hadError)));
  clearTimeout(timer);
  return closed;
}

const problemOf = (answer: string): Record<string, unknown> =>
  JSON.parse(answer.split('\r\n\r\n')[1] as string) as Record<string, unknown>;

describe('a stranger', () => {
  it.each([
    ['no token', '/guarded', {}, 401],
    ['no token and an encoding', '/guarded', { 'content-encoding': 'gzip' }, 401],
    ['no bearer token', '/guarded', { authorization: 'Basic eDp5' }, 401],
    ['an unknown route', '/nowhere', {}, 404],
    ['an encoding', '/json', { 'content-encoding': 'gzip' }, 415],
  ])('with %s is answered before a byte of the body is there', async (_, path, headers, status) => {
    const socket = await open();
    socket.write(head(path, { ...headers, 'content-type': 'application/json', 'content-length': 1000 }));
    expect(await answerOn(socket)).toContain(`HTTP/1.1 ${status} `);
    socket.destroy();
  });
});

describe('a refusal reaches whoever is still sending', () => {
  const size = 5_000_000;
  const cases: [number, string, Record<string, string>][] = [
    [401, '/guarded', { 'content-type': 'application/json' }],
    [404, '/nowhere', { 'content-type': 'application/dicom' }],
    [413, '/json', { 'content-type': 'application/json' }],
    [415, '/upload', { 'content-type': 'application/dicom', 'content-encoding': 'br' }],
    [422, '/picky', { 'content-type': 'application/dicom' }],
  ];

  it.each(cases)('of %i that reads only after it sent all', async (status, path, headers) => {
    for (let i = 0; i < 4; i++) expect(await sendThenRead(path, headers, size)).toContain(`HTTP/1.1 ${status} `);
  });

  it.each(cases)('of %i by fetch', async (status, path, headers) => {
    for (let i = 0; i < 4; i++) {
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: new Uint8Array(size) });
      expect([answer.status, typeof ((await answer.json()) as object)]).toEqual([status, 'object']);
    }
  });

  it("by Python's http.client, which needs python3 on this machine", async () => {
    const args = [new URL(url).host, String(size), JSON.stringify(cases.map(([, path, headers]) => [path, headers]))];
    const { stdout } = await promisify(execFile)('python3', ['-c', python, ...args]);
    const expected = cases.flatMap(([status, path]) => Array.from({ length: 4 }, () => `${path} ${status}`));
    expect(stdout.trim().split('\n')).toEqual(expected);
  });

  it('and the connection serves the next request', async () => {
    const socket = await open();
    socket.write(head('/nowhere', { 'content-length': 100_000 }));
    expect(await answerOn(socket)).toContain('404');
    socket.write(Buffer.alloc(100_000));
    socket.write(`${head('/json', { 'content-type': 'application/json', 'content-length': 2 })}{}`);
    expect(await answerOn(socket)).toContain('201');
    socket.destroy();
  });

  it('but is not read for ever: beyond the bound the connection is cut', async () => {
    const socket = await open();
    socket.on('error', () => undefined).resume(); // a reset, which is what shall come
    socket.write(head('/nowhere', { 'content-length': 1e12 }));
    let sent = 0;
    await new Promise<void>((resolve) => {
      const piece = Buffer.alloc(65_536);
      const pour = (): void => {
        while (sent < 64 * 1024 ** 2 && socket.write(piece)) sent += piece.length;
        if (sent >= 64 * 1024 ** 2) resolve();
      };
      socket.on('drain', pour).once('close', resolve);
      pour();
    });
    expect(sent).toBeLessThan(64 * 1024 ** 2);
    socket.destroy();
  });

  it('nor waited for: a sender that stops is cut', async () => {
    const socket = await open();
    socket.write(head('/nowhere', { 'content-length': 1000 }));
    expect(await answerOn(socket)).toContain('404');
    expect(await isClosedWithin(socket, 10_000)).toBe(true);
  });
});

const enrol = (forwardedFor: string, at = url): Promise<Response> =>
  fetch(`${at}/enrol`, { method: 'POST', headers: { 'x-forwarded-for': forwardedFor } });

describe('an open route', () => {
  it('answers 429 with Retry-After beyond what one address gets, and others go on', async () => {
    for (let i = 0; i < openLimits.code; i++) expect((await enrol('192.0.2.1')).status).toBe(201);
    const refused = await enrol('192.0.2.1');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await refused.json()).toMatchObject({ code: 'rate-limited', kind: 'unavailable' });
    expect((await enrol('192.0.2.2')).status).toBe(201);
  });

  it('counts an IPv6 network as one address', async () => {
    for (let i = 0; i < openLimits.code; i++) expect((await enrol(`2001:db8::${i}`)).status).toBe(201);
    expect((await enrol('2001:db8::ffff:1')).status).toBe(429);
    expect((await enrol('2001:db8:0:1::1')).status).toBe(201);
  });

  it('believes the nearest address that is no proxy, whatever a stranger wrote before it', async () => {
    for (let i = 0; i < openLimits.code; i++) expect((await enrol(`198.51.100.${i}, 203.0.113.9`)).status).toBe(201);
    expect((await enrol('198.51.100.200, 203.0.113.9')).status).toBe(429);
  });

  it('takes no large body', async () => {
    const answer = await fetch(`${url}/fhir`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify('x'.repeat(200_000)),
    });
    expect(answer.status).toBe(413);
  });
});

describe('an address that a caller says it has', () => {
  it.each([
    ['no proxy is named', []],
    ['another network has the proxies', ['10.0.0.0/8', 'fd00::/8']],
  ])('counts for nothing where %s', async (_, trustedProxies) => {
    const at = await (await serve(trustedProxies)).getUrl();
    for (let i = 0; i < openLimits.code; i++) expect((await enrol(`198.51.100.${i}`, at)).status).toBe(201);
    expect((await enrol('203.0.113.9', at)).status).toBe(429);
  });
});

describe('a body that drips', () => {
  async function drip(path: string, type: string, everyMs: number): Promise<string> {
    const socket = await open();
    socket.on('error', () => undefined);
    socket.write(head(path, { 'content-type': type, 'content-length': 1e5 }));
    const timer = setInterval(() => socket.write(' '), everyMs);
    const patience = setTimeout(() => socket.destroy(), 10_000);
    try {
      return await answerOn(socket);
    } finally {
      clearInterval(timer);
      clearTimeout(patience);
      socket.destroy();
    }
  }

  it('of JSON is answered 408, however steadily it drips', async () => {
    const answer = await drip('/json', 'application/json', 20);
    expect(answer).toContain('HTTP/1.1 408 ');
    expect(problemOf(answer)).toMatchObject({ code: 'body-too-slow', field: 'body' });
  });

  it('of an upload is answered 408 once it pauses for too long', async () => {
    expect(problemOf(await drip('/upload', 'application/dicom', 1e6))).toMatchObject({ code: 'body-too-slow' });
  });

  it('of an upload that goes on is let through, however long it takes', async () => {
    const socket = await open();
    socket.write(head('/upload', { 'content-type': 'application/dicom', 'content-length': 20 }));
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, limits.bodyMs / 10));
      socket.write(' ');
    }
    expect(await answerOn(socket)).toContain('{"bytes":20}');
    socket.destroy();
  });

  it('of headers, or of nothing at all, ends the connection', async () => {
    const [silent, slow] = await Promise.all([open(), open()]);
    slow.write('POST /json HTTP/1.1\r\nx: ');
    const closed = await Promise.all([silent, slow].map((socket) => isClosedWithin(socket, 10_000)));
    expect(closed).toEqual([true, true]);
  });
});

describe('an answer that fails in the middle', () => {
  it('ends as an error for whoever reads it', async () => {
    const answer = await fetch(`${url}/cut`);
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
  });
});

describe('errors raised before the handler', () => {
  const post = (path: string, body: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/${path}`, { method: 'POST', body, headers });

  it.each([
    ['a missing token', 'guarded', '{}', {}, 401, 'token-missing'],
    ['what is not JSON', 'fhir', '{', {}, 400, 'bad-request'],
    ['a body too large', 'fhir', JSON.stringify('x'.repeat(2 << 20)), {}, 413, 'body-too-large'],
    ['an encoding', 'fhir', '{}', { 'content-encoding': 'gzip' }, 415, 'content-encoding-unknown'],
  ])('are an OperationOutcome on FHIR routes: %s', async (_, path, body, headers, status, code) => {
    const answer = await post(path, body, { 'content-type': 'application/json', ...headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/fhir+json; charset=utf-8',
    ]);
    expect(await answer.json()).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ details: { coding: [{ code }] } }],
    });
  });

  it('name the header of an encoding', async () => {
    const answer = await post('json', '{}', { 'content-type': 'application/json', 'content-encoding': 'deflate' });
    expect([answer.status, await answer.json()]).toEqual([
      415,
      expect.objectContaining({ code: 'content-encoding-unknown', field: 'content-encoding' }),
    ]);
  });

  it('leave an identity encoding alone', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' };
    expect((await post('json', '{}', headers)).status).toBe(201);
  });

  it.each([
    ['{', 'bad-request', 'invalid_request'],
    ['{"grant_type":"password","scope":"x"}', 'invalid-input', 'unsupported_grant_type'],
    ['{"grant_type":"client_credentials"}', 'invalid-input', 'invalid_scope'],
    ['[]', 'invalid-input', 'invalid_request'],
  ])('are RFC 6749 answers on a token endpoint: %s', async (body, code, error) => {
    const answer = await post('token', body, { 'content-type': 'application/json' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/json; charset=utf-8']);
    expect(await answer.json()).toMatchObject({ error, code, error_description: expect.any(String) });
  });
});
