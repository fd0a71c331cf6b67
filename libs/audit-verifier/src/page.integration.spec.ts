/** The verifier in a page: Chromium runs it against logs and a chain on loopback. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pageScript, testPage, type TestPage } from '@cpds/local';
import type { Fetch } from './requests.js';
import { account, address, chainOf, rootOf } from './testing/memory-chain.js';
import { consortium, grantId } from './testing/memory-log.js';
import type { Verification } from './verify.js';

const world = consortium();
const logs = [world.north, world.south, world.hub];
const anchors = [3, 5].map((size) => ({ size, root: rootOf(world.north, size) }));
const doors = new Map<string, Fetch>([
  ...logs.map(({ party, fetch }) => [party, fetch] as const),
  ['chain', chainOf('cpds/north/audit', anchors)],
]);

/** `/north/checkpoint` is what the log of north answers to `/checkpoint`, and the page is at `/`. */
async function serve(script: string) {
  const own: Record<string, { type: string; body: string }> = {
    '/': { type: 'text/html', body: '<!doctype html><script src="/verifier.js"></script>' },
    '/verifier.js': { type: 'text/javascript', body: script },
  };
  const server = createServer(async (call, response) => {
    const file = own[call.url!];
    if (file !== undefined) return response.setHeader('content-type', file.type).end(file.body);
    const [, name, ...path] = call.url!.split('/');
    const door = doors.get(name!);
    if (door === undefined) return response.writeHead(404).end();
    const parts: Buffer[] = [];
    for await (const part of call) parts.push(part as Buffer);
    const headers = { authorization: call.headers.authorization ?? '' };
    const body = Buffer.concat(parts).toString();
    const answer = await door(`http://${name}/${path.join('/')}`, { headers, body });
    return response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('the verifier in a page', () => {
  let served: Awaited<ReturnType<typeof serve>>;
  let page: TestPage;

  beforeAll(async () => {
    served = await serve((await pageScript(fileURLToPath(new URL('index.ts', import.meta.url)))).text);
    page = await testPage(served.url);
  }, 600_000);

  afterAll(async () => {
    await page.close();
    served.server.closeAllConnections();
    served.server.close();
  });

  /** What `verify` returns in the page; `more` are its further arguments. */
  function verified(more: string): Promise<Verification> {
    const policy = {
      logs: logs.map((log) => ({ ...log.policy, url: `${served.url}/${log.party}/` })),
      anchors: [{ rpc: `${served.url}/chain/`, address, account, origin: 'cpds/north/audit' }],
      expectations: { threshold: 3, vouchesNeeded: 2 },
    };
    return page.evaluate(`tested.verify(tested.Policy.parse(${JSON.stringify(policy)})${more})`);
  }

  it.each([
    ['its own fetch', ''],
    ['the page’s fetch, handed to it', ', fetch'],
  ])('reads logs and anchors with %s', async (_, more) => {
    const result = await verified(more);
    expect(result.discrepancies).toEqual([]);
    expect(result.logs.map((log) => [log.party, log.size, log.entries])).toEqual([
      ['north', 5, 5],
      ['south', 7, 7],
      ['hub', 8, 8],
    ]);
    expect(result.logs[0]!.anchors).toMatchObject([{ size: 5, checked: 3 }]);
    expect(result.grants).toMatchObject([{ grantId, outcomes: ['shared'], complete: true }]);
  });

  it('finds an entry that was altered', async () => {
    const { north } = world;
    const entries = [...north.entries];
    north.hashed = entries;
    north.checkpoint = north.sign();
    north.entries = entries.with(2, entries[1]!);
    const { first } = await verified('');
    expect(first).toMatchObject({ code: 'entry-altered', party: 'north', leafIndex: 2 });
  });
});
