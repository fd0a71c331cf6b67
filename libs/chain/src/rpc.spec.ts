import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeTransport } from './node-transport.js';
import { Rpc } from './rpc.js';

const silence = () => Promise.reject(Object.assign(new Error('no answer in 5000 ms'), { name: 'TimeoutError' }));
const answer = () => Promise.resolve({ jsonrpc: '2.0', id: 0, result: '0x1' });

describe('a node that hangs', () => {
  let now = 1_000_000;
  let asked = 0;
  let node: () => Promise<unknown>;
  let rpc: Rpc;

  beforeEach(() => {
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    asked = 0;
    node = silence;
    const transport = () => {
      asked++;
      return node();
    };
    rpc = new Rpc('http://hanging.test', { transport });
  });
  afterEach(() => void jest.restoreAllMocks());

  const fail = async (times: number) => {
    for (let i = 0; i < times; i++)
      await expect(rpc.request('eth_chainId')).rejects.toMatchObject({
        code: 'chain-unreachable',
        kind: 'unavailable',
      });
  };

  it('is left alone after three silences in a row: a call then fails at once', async () => {
    await fail(3);
    expect(asked).toBe(3);
    await fail(5);
    expect(asked).toBe(3);
  });

  it('is not left alone for two, nor for three with an answer between them', async () => {
    await fail(2);
    node = answer;
    expect(await rpc.request('eth_chainId')).toBe('0x1');
    node = silence;
    await fail(2);
    node = answer;
    expect(await rpc.request('eth_chainId')).toBe('0x1');
  });

  it('is asked once after 10 s, and others do not wait for that one', async () => {
    await fail(3);
    now += 9_999;
    await fail(1);
    expect(asked).toBe(3);
    now += 1;
    let settle: (result: unknown) => void = () => undefined;
    node = () => new Promise((resolve) => (settle = resolve));
    const probe = rpc.request('eth_chainId');
    await new Promise(setImmediate); // calls of one turn leave together
    const manyTurns = async () => {
      for (let i = 0; i < 100; i++) await new Promise(setImmediate);
      return 'still waiting';
    };
    expect(await Promise.race([fail(2).then(() => 'failed'), manyTurns()])).toBe('failed');
    expect(asked).toBe(4);
    settle(await answer());
    expect(await probe).toBe('0x1');
    node = answer;
    expect(await rpc.request('eth_chainId')).toBe('0x1');
  });

  it('is left alone for as long again when that one fails', async () => {
    await fail(3);
    now += 10_000;
    await fail(1);
    expect(asked).toBe(4);
    now += 9_999;
    await fail(3);
    expect(asked).toBe(4);
  });

  it('is another than one that refuses: that is asked each time', async () => {
    node = () => Promise.reject(new Error('ECONNREFUSED'));
    await fail(10);
    expect(asked).toBe(10);
  });
});

describe.each([
  ['fetch', undefined],
  ['node:http', nodeTransport],
])('over %s', (_, transport) => {
  it('a silence has the name by which it is known', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rpc = new Rpc(url, { timeoutMs: 50, ...(transport && { transport }) });
    for (let i = 0; i < 3; i++)
      await expect(rpc.request('eth_chainId')).rejects.toMatchObject({ cause: { name: 'TimeoutError' } });
    await expect(rpc.request('eth_chainId')).rejects.toMatchObject({ cause: { name: 'Error' } });
    server.closeAllConnections();
    server.close();
  });
});
