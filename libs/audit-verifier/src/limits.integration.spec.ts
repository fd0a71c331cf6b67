/** The verifier against a real HTTP server whose logs and node limit, fail, and drop partial tiles. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Policy } from './policy.js';
import { exitCodes, run } from './program.js';
import type { Fetch } from './requests.js';
import { account, address, chainOf, rootOf } from './testing/memory-chain.js';
import { MemoryLog } from './testing/memory-log.js';
import { verify } from './verify.js';

/** What the server does with a call before it is answered; false when it has answered. */
type Whim = (call: { path: string; body: string }, response: ServerResponse) => boolean;

const leaves = 300;
const log = new MemoryLog('north');
let whim: Whim;
let calls: { path: string; body: string }[];
let waits: number[];
let chain: Fetch;
let url: string;
let dir: string;

const server = createServer((call, response) => void answer(call, response));

async function answer(call: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of call) parts.push(part as Buffer);
  const asked = { path: call.url!, body: Buffer.concat(parts).toString() };
  calls.push(asked);
  if (!whim(asked, response)) return;
  const [, name, ...path] = asked.path.split('/');
  const door = name === 'north' ? log.fetch : chain;
  const headers = { authorization: call.headers.authorization ?? '' };
  const answered = await door(`http://${name}/${path.join('/')}`, { headers, body: asked.body });
  response.writeHead(answered.status).end(Buffer.from(await answered.arrayBuffer()));
}

const refuse =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): false => {
    response.writeHead(status, headers).end('');
    return false;
  };

/** Refuses the first call of a path so often. */
function failing(path: string, times: number, refusal: (response: ServerResponse) => false): Whim {
  let left = times;
  return (call, response) => (call.path.endsWith(path) && left-- > 0 ? refusal(response) : true);
}

const policy = (over: { token?: string | undefined } = {}) =>
  Policy.parse({
    logs: [{ ...log.policy, url: `${url}/north/`, ...over }],
    anchors: [{ rpc: `${url}/chain/`, address, account, origin: log.policy.origin }],
  });

const pause = (ms: number): Promise<void> => {
  waits.push(ms);
  return Promise.resolve();
};

const verified = (over: { token?: string | undefined } = {}) => verify(policy(over), globalThis.fetch, pause);

beforeAll(async () => {
  for (let seq = 1; seq <= leaves; seq++) log.add('records.stored.v1', `record-${seq}`, 'records.north');
  chain = chainOf(log.policy.origin, [{ size: leaves, root: rootOf(log, leaves) }]);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  dir = await mkdtemp(join(tmpdir(), 'verifier-'));
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true });
});

beforeEach(() => {
  whim = () => true;
  calls = [];
  waits = [];
});

describe('a log that is busy', () => {
  it.each([429, 500, 503])('is asked again after %d, when Retry-After says', async (status) => {
    whim = failing('/checkpoint', 2, refuse(status, { 'retry-after': '7' }));
    expect(await verified()).toMatchObject({ verdict: 'holds', discrepancies: [] });
    expect(waits).toEqual([7_000, 7_000]);
  });

  it('is asked after growing waits where it names none', async () => {
    whim = failing('/tile/0/000', 3, refuse(502));
    expect(await verified()).toMatchObject({ verdict: 'holds' });
    expect(waits).toEqual([500, 1_000, 2_000]);
  });

  it('is waited for 30 seconds at a time, and asked five times', async () => {
    whim = failing('/checkpoint', Infinity, refuse(503, { 'retry-after': '86400' }));
    const result = await verified();
    expect(result).toMatchObject({ verdict: 'unreachable', first: { code: 'unreachable', party: 'north' } });
    expect(waits).toEqual([30_000, 30_000, 30_000, 30_000]);
    expect(calls.filter(({ path }) => path.endsWith('/checkpoint'))).toHaveLength(5);
  });

  it('is asked again when it hangs up in the middle of an answer', async () => {
    whim = failing('/checkpoint', 1, (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('cpds');
      response.destroy();
      return false;
    });
    expect(await verified()).toMatchObject({ verdict: 'holds' });
    expect(waits).toEqual([500]);
  });

  it('accuses nobody while its entries stay away, and its anchors are compared', async () => {
    whim = (call, response) => (call.path.includes('/entries/') ? refuse(503)(response) : true);
    const result = await verified();
    expect(result.discrepancies.map(({ code }) => code)).toEqual(['unreachable']);
    expect(result.logs[0]).toMatchObject({ size: leaves, entries: null, anchors: [{ size: leaves, checked: 2 }] });
  });
});

describe('a log that drops partial tiles', () => {
  /** 404 for partial paths; the full tile is there, as after growth. */
  const partialGone: Whim = (call, response) => (call.path.includes('.p/') ? refuse(404)(response) : true);

  it('is read from the full ones, hashes and entries', async () => {
    const checkpoint = log.sign(leaves);
    const shorter = [...log.entries];
    for (let seq = leaves + 1; seq <= 512; seq++) log.add('records.stored.v1', `record-${seq}`, 'records.north');
    log.checkpoint = checkpoint;
    // The tile above holds two hashes by now, and its narrower form is the one that stays.
    whim = (call, response) => (call.path.includes('/tile/1/') ? true : partialGone(call, response));
    const result = await verified();
    log.entries = shorter;
    log.checkpoint = null;
    expect(result.discrepancies).toEqual([]);
    expect(result.logs[0]).toMatchObject({ size: leaves, entries: leaves });
    expect(calls.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/north/tile/0/001', '/north/tile/entries/001']),
    );
  });

  it('was cut when the full one is not there either', async () => {
    whim = partialGone;
    expect(await verified()).toMatchObject({ verdict: 'violation', first: { code: 'log-cut', party: 'north' } });
  });

  it('was cut when a full tile is gone', async () => {
    whim = failing('/tile/0/000', Infinity, refuse(404));
    expect(await verified()).toMatchObject({ verdict: 'violation', first: { code: 'log-cut' } });
  });

  it('is unreachable where there is no checkpoint at all', async () => {
    whim = failing('/checkpoint', Infinity, refuse(404));
    expect(await verified()).toMatchObject({ verdict: 'unreachable', first: { code: 'unreachable' } });
    expect(waits).toEqual([]);
  });
});

describe('a log that lies', () => {
  it('in a tile above the leaves is named', async () => {
    whim = (call, response) => {
      if (!call.path.includes('/tile/1/')) return true;
      response.writeHead(200).end(Buffer.alloc(32, 7));
      return false;
    };
    const result = await verified();
    expect(result).toMatchObject({ verdict: 'violation', first: { code: 'tile-altered', leafIndex: 0 } });
    expect(result.first!.message).toContain('tile/1/000.p/1');
  });

  it('in the form of its entries is named', async () => {
    whim = (call, response) => {
      if (!call.path.includes('/entries/001')) return true;
      response.writeHead(200).end(Buffer.from([0xff, 0xff, 1]));
      return false;
    };
    expect(await verified()).toMatchObject({
      verdict: 'violation',
      first: { code: 'entry-altered', leafIndex: 256 },
    });
  });
});

describe('a node that limits eth_getLogs', () => {
  interface Question {
    readonly method: string;
    readonly params: [{ readonly fromBlock: string; readonly toBlock: string }];
  }
  const asked = (call: { body: string }): { from: number; to: number } | null => {
    const { method, params } = JSON.parse(call.body) as Question;
    return method === 'eth_getLogs' ? { from: Number(params[0].fromBlock), to: Number(params[0].toBlock) } : null;
  };

  /** Answers ranges up to `most` blocks, with the anchors of those blocks. */
  const limited =
    (most: number, refusal: (response: ServerResponse) => false): Whim =>
    (call, response) => {
      const range = call.path.startsWith('/chain') ? asked(call) : null;
      if (range === null) return true;
      if (range.to - range.from + 1 > most) return refusal(response);
      if (range.from === 0) return true;
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: [] }));
      return false;
    };
  const inJson =
    (status: number) =>
    (response: ServerResponse): false => {
      response.writeHead(status).end(JSON.stringify({ error: { code: -32005, message: 'range too wide' } }));
      return false;
    };

  it.each([
    ['in JSON', inJson(200)],
    ['in JSON with 400', inJson(400)],
    ['with 413 and no JSON', refuse(413)],
    ['with 504', refuse(504)],
  ])('is asked in ranges that it answers: %s', async (_, refusal) => {
    whim = limited(10, refusal);
    const result = await verified();
    expect(result.discrepancies).toEqual([]);
    expect(result.logs[0]!.anchors).toMatchObject([{ size: leaves, checked: 2, blockNumber: 0 }]);
    const answered = calls.flatMap((call) => {
      const range = call.path.startsWith('/chain') ? asked(call) : null;
      return range !== null && range.to - range.from < 10 ? [range] : [];
    });
    expect(answered[0]!.from).toBe(0);
    expect(answered.at(-1)!.to).toBe(255);
    answered.slice(1).forEach(({ from }, i) => expect(from).toBe(answered[i]!.to + 1));
  });

  it('accuses nobody when it answers not even one block', async () => {
    whim = limited(0, inJson(200));
    const result = await verified();
    expect(result).toMatchObject({ verdict: 'unreachable', first: { code: 'chain-unreachable', party: 'north' } });
    expect(result.first!.message).toContain('range too wide');
    expect(calls.filter((call) => call.path.startsWith('/chain')).length).toBeLessThan(15);
  });
});

describe('a log that is anchored while it is verified', () => {
  it('is not accused of having been cut', async () => {
    const before = { chain, entries: [...log.entries] };
    whim = ({ path }) => {
      if (!path.endsWith('/checkpoint')) return true;
      // The checkpoint stays what it was; a leaf comes, and is anchored at once.
      log.checkpoint = log.sign(leaves);
      log.add('records.stored.v1', 'later', 'records.north');
      chain = chainOf(log.policy.origin, [{ size: leaves + 1, root: rootOf(log, leaves + 1) }]);
      return true;
    };
    const result = await verified();
    log.entries = before.entries;
    log.checkpoint = null;
    chain = before.chain;
    expect(result.discrepancies).toEqual([]);
  });
});

describe('the program', () => {
  async function exitOf(text: string): Promise<number> {
    const path = join(dir, 'policy.json');
    await writeFile(path, text);
    return run([path], { out: () => undefined, err: () => undefined }, pause);
  }

  it.each<[keyof typeof exitCodes, number, Whim]>([
    ['holds', 0, () => true],
    ['violation', 1, failing('/tile/0/000', Infinity, refuse(404))],
    ['unreachable', 3, failing('/checkpoint', Infinity, refuse(503))],
    ['unauthorised', 4, (call, response) => (call.path.includes('/entries/') ? refuse(401)(response) : true)],
    ['unauthorised', 4, (call, response) => (call.path.startsWith('/chain') ? refuse(403)(response) : true)],
  ])('ends with the code of %s: %d', async (_, code, what) => {
    whim = what;
    expect(await exitOf(JSON.stringify(policy()))).toBe(code);
  });

  it('ends with 1 when somebody broke a promise and somebody else is away', async () => {
    whim = (call, response) =>
      call.path.startsWith('/chain')
        ? refuse(503)(response)
        : call.path.endsWith('/tile/0/000')
          ? refuse(404)(response)
          : true;
    expect(await exitOf(JSON.stringify(policy()))).toBe(1);
  });

  it('ends with 2 for a policy that cannot be read', async () => {
    expect(await exitOf('{}')).toBe(2);
    expect(await run([], { out: () => undefined, err: () => undefined })).toBe(2);
  });
});
