import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as rest } from 'node:timers/promises';
import { within } from '@cpds/service';
import { S3ObjectStore } from './s3.object-store.js';

/** A store that falls silent, or answers before it should, holds nobody. */

const silenceMs = 800;
const size = 4_000_000;
const away = { code: 'object-store-away', kind: 'unavailable' };

let server: Server;
let store: S3ObjectStore;
let behave: (request: IncomingMessage, response: ServerResponse) => void;
let closed: Promise<void>[];

beforeAll(async () => {
  server = createServer((request, response) => {
    closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
    behave(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

beforeEach(() => {
  closed = [];
  const { port } = server.address() as { port: number };
  store = new S3ObjectStore({
    endpoint: `http://127.0.0.1:${port}`,
    accessKey: 'key',
    secretKey: 'secret',
    bucket: 'bucket',
    silenceMs,
  });
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function* pieces(pauseMs = 0): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += 100_000) {
    if (pauseMs > 0 && at === 2_000_000) await rest(pauseMs);
    yield Buffer.alloc(100_000);
  }
}

/** Answers HEAD, and GET as told. */
const serving =
  (get: (response: ServerResponse) => void): typeof behave =>
  ({ method }, response) => {
    if (method === 'HEAD')
      response.writeHead(200, { 'content-length': size, etag: '"x"', 'last-modified': new Date().toUTCString() }).end();
    else get(response);
  };

async function read(pauseMs = 0): Promise<number> {
  let bytes = 0;
  for await (const piece of (await store.get('objects/one')).body) {
    if (bytes === 0 && pauseMs > 0) await rest(pauseMs);
    bytes += piece.length;
  }
  return bytes;
}

/** Fails by its name, and not by the time limit of the test, where nothing else ends the wait. */
const inTime = <T>(work: Promise<T>): Promise<T> => within(work, 10_000, () => new Error('held by the store'));

const never = (): void => undefined;

describe('a store that is silent', () => {
  it.each<[string, typeof behave]>([
    ['from the start', never],
    ['before the first byte', serving(never)],
    [
      'in the middle',
      serving((response) => response.writeHead(200, { 'content-length': size }).write(Buffer.alloc(1000))),
    ],
  ])('%s ends a reading', async (_, how) => {
    behave = how;
    await expect(inTime(read())).rejects.toMatchObject(away);
  });

  it.each<[string, typeof behave]>([
    ['and takes no byte', (request) => void request.pause()],
    ['when it has all', (request) => void request.resume()],
  ])('%s ends a writing', async (_, how) => {
    behave = how;
    await expect(inTime(store.put('objects/one', size, pieces()))).rejects.toMatchObject(away);
  });

  it('ends a removal, and is not up', async () => {
    behave = never;
    await expect(inTime(store.delete('objects/one'))).rejects.toMatchObject(away);
    expect(await store.isUp()).toBe(false);
    await Promise.all(closed);
  });
});

describe('a store that answers before the end', () => {
  it.each([403, 500, 200])('with %d ends a writing that it does not read', async (status) => {
    behave = (request, response) => {
      request.pause();
      response.writeHead(status, { 'content-length': 0 }).end();
    };
    await expect(inTime(store.put('objects/one', size, pieces()))).rejects.toMatchObject(away);
  });

  it('with 412 says that the object is there', async () => {
    behave = (request, response) => {
      request.pause();
      response.writeHead(412, { 'content-length': 0 }).end();
    };
    await expect(inTime(store.put('objects/one', size, pieces()))).rejects.toMatchObject({ code: 'object-exists' });
  });
});

describe('a store that hangs up in the middle', () => {
  it('ends a reading as an error', async () => {
    behave = serving((response) => {
      response.writeHead(200, { 'content-length': size }).write(Buffer.alloc(1000), () => response.destroy());
    });
    await expect(inTime(read())).rejects.toMatchObject(away);
  });
});

describe('whoever is slow on this side', () => {
  it('may read slowly', async () => {
    behave = serving((response) => response.writeHead(200, { 'content-length': size }).end(Buffer.alloc(size)));
    expect(await read(3 * silenceMs)).toBe(size);
  });

  it('may send slowly', async () => {
    behave = (request, response) => void request.resume().once('end', () => response.writeHead(200).end());
    await store.put('objects/one', size, pieces(3 * silenceMs));
  });
});
