import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readinessOf, statusWords } from './lifecycle.commands.js';

describe('the status of a process', () => {
  let server: Server;
  let url: string;
  let answer: { code: number; body: string };

  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.writeHead(answer.code, { 'content-type': 'application/json' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const says = (code: number, body: unknown) => {
    answer = { code, body: typeof body === 'string' ? body : JSON.stringify(body) };
    return readinessOf(url);
  };

  it('names what the process says is down', async () => {
    const up = { store: 'up', bus: 'up', hub: 'up', 'hub-history': 'up' };
    expect(await says(200, { status: 'ready', checks: up })).toEqual({ isReady: true, down: [] });
    const halted = { status: 'not-ready', checks: { ...up, 'hub-history': 'down' } };
    expect(await says(503, halted)).toEqual({ isReady: false, down: ['hub-history'] });
  });

  it('is not ready, without a reason, when its answer is none', async () => {
    expect(await says(502, 'bad gateway')).toEqual({ isReady: false, down: [] });
    expect(await readinessOf('http://127.0.0.1:9')).toEqual({ isReady: false, down: [] });
  });

  it('is one line, with the reason', () => {
    const [pid, base] = [17, { name: 'north-bridge', url: 'http://127.0.0.1:1' }];
    const lines = statusWords([
      { ...base, pid, isReady: false, down: ['hub-history', 'bus'] },
      { ...base, pid, isReady: false, down: [] },
      { ...base, pid, isReady: true, down: [] },
      { name: 'nats', pid, url: null, isReady: null, down: [] },
    ]).split('\n');
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'north-bridge 17 NOT READY: hub-history, bus http://127.0.0.1:1',
      'north-bridge 17 NOT READY http://127.0.0.1:1',
      'north-bridge 17 http://127.0.0.1:1',
      'nats 17',
    ]);
  });
});
