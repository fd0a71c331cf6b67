import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Wallet } from 'ethers';
import { testAnvil } from '@cpds/local';
import { chainUid } from '@cpds/contracts';
import { ChainReader, observeChains, Rpc, type ChainHead, type ChainReaderOptions, type ChainRules } from './index.js';
import { deployTestContract } from './testing/contract.js';

const rules = { finality: { kind: 'depth', depth: 2 }, blockSeconds: 1, maxHeadAgeSeconds: 10 } as const;
type Anvil = Awaited<ReturnType<typeof testAnvil>>;

async function openReader(
  urls: string[],
  options: Partial<ChainReaderOptions> & { rules?: ChainRules } = {},
): Promise<ChainReader> {
  const { rules: own = rules, ...rest } = options;
  return (await ChainReader.connect({ name: 'a', urls, ...rest })).adopt(own);
}

/** A node that passes every answer on, changed by `lie`. */
async function lyingNode(
  url: string,
  lie: (method: string, result: unknown) => unknown,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      const asked = JSON.parse(text) as { id: number; method: string } | { id: number; method: string }[];
      const calls = Array.isArray(asked) ? asked : [asked];
      void fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(calls) })
        .then((answer) => answer.json() as Promise<{ id: number; result?: unknown }[]>)
        .then((answers) => {
          const told = answers.map((answer) => {
            const { method } = calls.find((call) => call.id === answer.id)!;
            return { ...answer, result: lie(method, answer.result) };
          });
          response.end(JSON.stringify(Array.isArray(asked) ? told : told[0]));
        });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('a chain reader', () => {
  let anvil: Anvil;
  let rpc: Rpc;
  let address: string;
  const mine = (blocks = 1) => rpc.request('anvil_mine', [`0x${blocks.toString(16)}`, '0x1']);

  beforeAll(async () => {
    anvil = await testAnvil({ chainId: 771 });
    rpc = new Rpc(anvil.url);
    address = await deployTestContract(anvil.url, anvil.keys[1]!);
    await rpc.request('evm_setIntervalMining', [0]);
    await mine(20);
  });
  afterAll(() => anvil.close());

  it('names the chain by id and genesis', async () => {
    const reader = await openReader([anvil.url]);
    const genesis = await rpc.request<{ hash: string }>('eth_getBlockByNumber', ['0x0', false]);
    expect(reader.chainUid).toBe(chainUid(771n, genesis.hash));
  });

  it('is no more than its head before rules are adopted', async () => {
    const head = await ChainReader.connect({ name: 'a', urls: [anvil.url] });
    const reader = head.adopt(rules);
    expect(reader).toBeInstanceOf(ChainReader);
    expect(await head.head()).toEqual(await reader.head());
    expect(BigInt(await head.callAt(await head.head(), address, '0x00'))).toBe(1n);

    // These are all methods that a head has; if its type gains one, this does not compile.
    const can: Record<keyof ChainHead, true> = {
      name: true,
      chainId: true,
      chainUid: true,
      head: true,
      callAt: true,
      adopt: true,
    };
    const given: Record<'rules' & keyof ChainReaderOptions, true> = {};
    expect(given).toEqual({});
    const ofAReader = Object.getOwnPropertyNames(ChainReader.prototype);
    expect(ofAReader).toEqual(expect.arrayContaining(['final', 'lastFinal', 'snapshot', 'logs', 'watch', 'rules']));
    expect(ofAReader.filter((name) => name in head && !Object.hasOwn(can, name))).toEqual(['constructor']);
  });

  it('changes its rules when its head adopts others, for whoever holds it', async () => {
    const head = await ChainReader.connect({ name: 'a', urls: [anvil.url] });
    const reader = head.adopt(rules);
    expect((await reader.snapshot()).final.number).toBe((await head.head()).number - 2);
    const deeper = { ...rules, finality: { kind: 'depth', depth: 5 } } as const;
    expect(head.adopt(deeper)).toBe(reader);
    expect(reader.rules).toEqual(deeper);
    expect((await reader.snapshot()).final.number).toBe((await head.head()).number - 5);
  });

  it('finds the final block by depth and by time', async () => {
    const reader = await openReader([anvil.url], { now: () => 0 });
    const { head, final } = await reader.snapshot();
    expect(head.number - final.number).toBe(2);
    // a burst of blocks in one second finalises nothing by itself
    await rpc.request('anvil_mine', ['0x14', '0x0']);
    const later = await reader.snapshot();
    expect(later.head.number).toBe(head.number + 20);
    expect(later.final.timestamp).toBeLessThanOrEqual(later.head.timestamp - 2);
    const next = await reader.blockAt(later.final.number + 1);
    expect(next!.timestamp).toBeGreaterThan(later.head.timestamp - 2);
    await mine(5);
  });

  it('never lets the head stand in for a finalized tag that is not there', async () => {
    const young = await lyingNode(anvil.url, (_, result) => result);
    young.server.removeAllListeners('request');
    young.server.on('request', (request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => (text += part.toString()));
      request.on('end', () => {
        const asked = JSON.parse(text) as { id: number; params: unknown[] } | { id: number; params: unknown[] }[];
        const head = {
          number: '0x5',
          hash: `0x${'11'.repeat(32)}`,
          parentHash: `0x${'22'.repeat(32)}`,
          timestamp: '0x5',
        };
        const answer = (call: { id: number; params: unknown[] }) => ({
          id: call.id,
          result: call.params[0] === 'finalized' ? null : call.params.length === 0 ? '0x1' : head,
        });
        response.end(JSON.stringify(Array.isArray(asked) ? asked.map(answer) : answer(asked)));
      });
    });
    const tagged = { ...rules, finality: { kind: 'tag', depth: 2 } } as const;
    const reader = await openReader([young.url], { rules: tagged });
    await expect(reader.snapshot()).rejects.toMatchObject({ code: 'chain-not-final', kind: 'unavailable' });
    young.server.close();
  });

  it('refuses a yes from a head that is too old or ahead of the clock', async () => {
    const head = await rpc.request<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
    const at = Number(head.timestamp) * 1000;
    const reader = (now: number) => openReader([anvil.url], { now: () => now });
    await expect((await reader(at + 11_000)).final()).rejects.toMatchObject({
      code: 'chain-stale',
      why: 'head-too-old',
    });
    await expect((await reader(at - 31_000)).final()).rejects.toMatchObject({ why: 'head-ahead-of-clock' });
    await expect((await reader(at + 9_000)).final()).resolves.toBeDefined();
    await expect((await reader(at + 11_000)).lastFinal()).resolves.toBeDefined();
  });

  it.each([
    ['first', 0],
    ['second', 1],
    ['last', 2],
  ])('refuses a yes when only the %s of three nodes shows an old head', async (_, place) => {
    const { timestamp } = await rpc.request<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
    const old = await lyingNode(anvil.url, (method, result) => {
      const block = result as { timestamp?: string } | null;
      if (method !== 'eth_getBlockByNumber' || block?.timestamp !== timestamp) return result;
      return { ...block, timestamp: `0x${(Number(timestamp) - 60).toString(16)}` };
    });
    const urls = [anvil.url, anvil.url, anvil.url].with(place, old.url);
    const reader = await openReader(urls, { now: () => Number(timestamp) * 1000 });
    expect((await reader.snapshot()).head.timestamp).toBe(Number(timestamp));
    await expect(reader.final()).rejects.toMatchObject({ code: 'chain-stale', why: 'head-too-old' });
    old.server.close();
  });

  it('believes nothing final when two nodes disagree on a hash, a call or logs', async () => {
    const now = () => Date.now();
    const liar = async (lie: (method: string, result: unknown) => unknown) => {
      const node = await lyingNode(anvil.url, lie);
      return {
        reader: await openReader([anvil.url, node.url], { now }),
        server: node.server,
      };
    };
    const honest = await liar((_, result) => result);
    const final = await honest.reader.lastFinal();
    expect(BigInt(await honest.reader.callAt(final, address, '0x00'))).toBe(1n);
    honest.server.close();

    const calls = await liar((method, result) => (method === 'eth_call' ? `0x${'0'.repeat(63)}7` : result));
    await expect(calls.reader.callAt(final, address, '0x00')).rejects.toMatchObject({
      code: 'chain-endpoints-disagree',
    });
    calls.server.close();

    const logs = await liar((method, result) => (method === 'eth_getLogs' ? [{ ...logOf(address) }] : result));
    await expect(logs.reader.logs({}, 0, final.number)).rejects.toMatchObject({ code: 'chain-endpoints-disagree' });
    logs.server.close();

    const fork = await liar((method, result) => {
      const block = result as { number?: string; hash?: string } | null;
      if (method !== 'eth_getBlockByNumber' || Number(block?.number) === 0) return result;
      return {
        ...block,
        hash: forked(block!.hash!),
        parentHash: forked((result as { parentHash: string }).parentHash),
      };
    });
    await expect(fork.reader.snapshot()).rejects.toMatchObject({ code: 'chain-endpoints-disagree' });
    fork.server.close();
  });

  it('asks for logs only where a block it saw has transactions, or does not tell', async () => {
    let asked = 0;
    let tells = true;
    const node = await lyingNode(anvil.url, (method, result) => {
      if (method === 'eth_getLogs') asked++;
      if (tells || method !== 'eth_getBlockByNumber') return result;
      return { ...(result as object), transactions: undefined };
    });
    const reader = await openReader([node.url]);
    const { head } = await reader.snapshot();
    await mine(2);
    const { number } = await reader.head();
    expect(await reader.logs({}, head.number + 1, number)).toEqual([]);
    expect(await reader.glanceLogs({}, head.number + 1)).toEqual([]);
    expect(asked).toBe(0);

    const call = { from: new Wallet(anvil.keys[1]!).address, to: address, data: '0x0102' };
    await rpc.request('eth_sendTransaction', [call]);
    await mine(2);
    const { number: later } = await reader.head();
    expect(await reader.glanceLogs({}, head.number + 1)).toHaveLength(1);
    expect(await reader.logs({}, number + 1, later)).toHaveLength(1);
    expect(asked).toBe(2);

    tells = false;
    await mine(2);
    const { number: last } = await reader.head();
    expect(await reader.logs({}, later + 1, last)).toEqual([]);
    expect(asked).toBe(3);
    node.server.close();
  });

  it('says unavailable, not no, when a node does not answer', async () => {
    const node = await lyingNode(anvil.url, (_, result) => result);
    const reader = await openReader([node.url], { timeoutMs: 500 });
    node.server.closeAllConnections();
    await new Promise((resolve) => node.server.close(resolve));
    await expect(reader.final()).rejects.toMatchObject({ code: 'chain-unreachable', kind: 'unavailable' });
  });

  it('sees a reorg of its head window', async () => {
    const reader = await openReader([anvil.url]);
    const before = await reader.snapshot();
    await mine(1);
    await reader.snapshot();
    await rpc.request('anvil_reorg', [3, []]);
    await mine(1);
    const after = await reader.snapshot();
    const chain = await rpc.request<{ hash: string }>('eth_getBlockByNumber', [
      `0x${after.final.number.toString(16)}`,
      false,
    ]);
    expect(after.final.hash).toBe(chain.hash);
    expect(after.head.number).toBeGreaterThan(before.head.number);
  });

  it('tells watchers of each new head until they leave', async () => {
    const reader = await openReader([anvil.url], { pollMs: 20 });
    const seen: number[] = [];
    let wake = (): void => undefined;
    const leave = reader.watch(({ head }) => {
      seen.push(head.number);
      wake();
    });
    const next = () => new Promise<void>((resolve) => (wake = resolve));
    if (seen.length === 0) await next();
    const waiting = next();
    await mine(1);
    await waiting;
    expect(seen.at(-1)).toBe(seen[0]! + 1);
    leave();
  });

  it('tells the process of a chain only while it is watched: a look now and then would seem to be the newest for ever', async () => {
    const told: string[] = [];
    const left = new Promise<void>((resolve) => {
      const nothing = (): undefined => undefined;
      observeChains({
        asked: nothing,
        disagreed: nothing,
        sends: nothing,
        saw: ({ name }) => void told.push(`saw ${name}`),
        left: ({ name }) => {
          if (name !== 'watched') return; // watchers of an earlier test may be leaving still
          told.push(`left ${name}`);
          resolve();
        },
      });
    });
    const once = await openReader([anvil.url], { name: 'once' });
    await once.snapshot();
    const watched = await openReader([anvil.url], { name: 'watched', pollMs: 20 });
    await new Promise<void>((resolve) => {
      const leave = watched.watch(() => {
        leave();
        resolve();
      });
    });
    await left;
    expect(told).toEqual(['saw watched', 'left watched']);
  });
});

const forked = (hash: string): string => `0xdead${hash.slice(6)}`;
const logOf = (address: string) => ({
  address,
  topics: [],
  data: '0x',
  blockNumber: '0x1',
  blockHash: `0x${'33'.repeat(32)}`,
  transactionHash: `0x${'44'.repeat(32)}`,
  logIndex: '0x0',
});
