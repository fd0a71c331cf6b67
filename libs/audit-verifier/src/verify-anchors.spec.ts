import { LockedAccount } from '@cpds/contracts';
import { events } from '@cpds/messages';
import { Interface, type InterfaceAbi } from 'ethers';
import type { Fetch } from './requests.js';
import { Policy } from './policy.js';
import { account, address, chainOf, lockedAccount, rootOf } from './testing/memory-chain.js';
import { consortium, grantId } from './testing/memory-log.js';
import { verify } from './verify.js';

function run(world: ReturnType<typeof consortium>, chain: Fetch, over: object = {}) {
  const logs = [world.north, world.south, world.hub];
  const policy = Policy.parse({
    logs: logs.map((log) => log.policy),
    anchors: [{ rpc: 'http://chain/', address, account: account.toLowerCase(), origin: 'cpds/north/audit' }],
    ...over,
  });
  const byHost = new Map(logs.map((log) => [log.party, log.fetch]));
  return verify(
    policy,
    (url, init) => (byHost.get(new URL(url).hostname) ?? chain)(url, init),
    () => Promise.resolve(),
  );
}

describe('a log beside its anchors', () => {
  it('holds when every anchor is one of its beginnings', async () => {
    const world = consortium();
    const anchors = [1, 3, 5].map((size) => ({ size, root: rootOf(world.north, size) }));
    const result = await run(world, chainOf('cpds/north/audit', anchors));
    expect(result.discrepancies).toEqual([]);
    const transaction = `0x${'2'.padStart(64, '0')}`;
    expect(result.logs[0]!.anchors).toMatchObject([{ size: 5, checked: 4, blockNumber: 2, transaction }]);
  });

  it('is forked when it was rewritten and signed again, also below the newest anchor', async () => {
    const world = consortium();
    const before = [1, 3].map((size) => ({ size, root: rootOf(world.north, size) }));
    const last = world.north.entries.pop()!;
    world.north.entries.splice(1, 1);
    world.north.add(events.consented, grantId, 'bridge.north').entries.push(last);
    const after = { size: 5, root: rootOf(world.north, 5) };
    const result = await run(world, chainOf('cpds/north/audit', [...before, after]));
    expect(result.discrepancies.map((one) => one.code)).toContain('log-forked');
  });

  it('is truncated when it is a signed beginning of what was anchored', async () => {
    const world = consortium();
    const anchors = [{ size: 5, root: rootOf(world.north, 5) }];
    world.north.entries.pop();
    const result = await run(world, chainOf('cpds/north/audit', anchors));
    expect(result.first).toMatchObject({ code: 'log-truncated', party: 'north' });
    expect(result.first!.message).toBe('5 leaves were anchored, the log shows 4');
  });

  it("is not judged by another account's anchors of its origin", async () => {
    const world = consortium();
    const own = { size: 5, root: rootOf(world.north, 5) };
    const squatter = `0x${'99'.repeat(20)}`;
    const foreign = [
      { size: 1000, root: `0x${'11'.repeat(32)}`, by: squatter },
      { size: 3, root: `0x${'22'.repeat(32)}`, by: squatter },
    ];
    const result = await run(world, chainOf('cpds/north/audit', [...foreign, own]));
    expect(result.discrepancies).toEqual([]);
    expect(result.logs[0]!.anchors).toMatchObject([{ size: 5, checked: 2, blockNumber: 2 }]);
  });

  it("is not judged by its account's anchors of another log, or by what else the contract tells", async () => {
    const world = consortium();
    const anchors = [
      { size: 3, root: `0x${'22'.repeat(32)}`, of: 'cpds/east/audit' },
      { size: 5, root: rootOf(world.north, 5) },
    ];
    const strange = { topics: [`0x${'77'.repeat(32)}`], data: '0x', blockNumber: '0x1' };
    const result = await run(world, chainOf('cpds/north/audit', anchors, [], [strange]));
    expect(result.discrepancies).toEqual([]);
    expect(result.logs[0]!.anchors).toMatchObject([{ size: 5, checked: 2 }]);
  });

  it('is named when it was never anchored, and when a step is not anchored yet', async () => {
    const never = await run(consortium(), chainOf('cpds/north/audit', []));
    expect(never.discrepancies[0]).toMatchObject({ code: 'not-anchored' });
    expect(never.discrepancies.map(({ code }) => code)).not.toContain('log-forked');
    expect(never.logs[0]!.anchors).toMatchObject([{ size: 0, checked: 0, transaction: null, blockNumber: null }]);
    const world = consortium();
    const result = await run(world, chainOf('cpds/north/audit', [{ size: 4, root: rootOf(world.north, 4) }]));
    expect(result.discrepancies).toMatchObject([{ code: 'step-unanchored', party: 'north', leafIndex: 4 }]);
  });

  it('is not judged by a chain that does not answer', async () => {
    const result = await run(consortium(), () => Promise.reject(new Error('away')));
    expect(result.first).toMatchObject({ code: 'chain-unreachable', message: 'http://chain/ does not answer' });
  });
});

describe('the grants of a chain', () => {
  const abi = new Interface(LockedAccount.abi as InterfaceAbi);
  const closed = (id: string, reason: number): object => ({
    ...abi.encodeEventLog('LockClosed', [id, reason]),
    blockNumber: '0x1',
  });
  const chains = [{ party: 'north', rpc: 'http://chain/', lockedAccounts: [lockedAccount] }];

  it('must be those of the logs', async () => {
    const world = consortium();
    const anchors = [{ size: 5, root: rootOf(world.north, 5) }];
    const result = await run(world, chainOf('cpds/north/audit', anchors), { chains });
    expect(result.discrepancies.map((one) => one.code)).toEqual(['lock-invented', 'mapping-invented']);
  });

  it('must have left the steps of what they came to', async () => {
    const world = consortium();
    const anchors = [{ size: 5, root: rootOf(world.north, 5) }];
    const refunded = chainOf('cpds/north/audit', anchors, [closed(grantId, 1)]);
    const result = await run(world, refunded, { chains });
    expect(result.grants[0]).toMatchObject({ outcomes: ['shared', 'refunded'], complete: false });
    expect(result.discrepancies.map((one) => one.message)).toContain(
      `refunded: ${events.refunding} is there from 0 of 1`,
    );
  });
});
