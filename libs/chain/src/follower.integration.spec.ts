import { Wallet } from 'ethers';
import type { ChainLog } from './index.js';
import { ChainFollower, type DeepReorg, type FollowerOptions } from './index.js';
import { openWorld, until, type World } from './testing/world.js';

describe('a chain follower', () => {
  let world: World;
  let wallet: Wallet;
  let nonce: number;

  beforeEach(async () => {
    world = await openWorld();
    wallet = new Wallet(world.anvil.keys[2]!);
    nonce = 0;
    await world.store.query('CREATE TABLE seen (id text, data text)');
  });
  afterEach(() => world.close());

  const emit = async (data: string) => {
    const chainId = BigInt(world.anvil.chainId);
    const fees = { type: 2, maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };
    const raw = await wallet.signTransaction({
      to: world.address,
      data,
      chainId,
      nonce: nonce++,
      gasLimit: 200_000n,
      ...fees,
    });
    await world.rpc.request('eth_sendRawTransaction', [raw]);
  };
  const store = (logs: readonly ChainLog[]): [string, unknown[]] => [
    'INSERT INTO seen SELECT * FROM unnest($1::text[], $2::text[])',
    [logs.map((log) => log.transactionHash), logs.map((log) => log.data)],
  ];
  const seen = async () =>
    ((await world.store.query('SELECT data FROM seen ORDER BY data')) as { data: string }[]).map((row) => row.data);
  const follow = async (more: Partial<FollowerOptions> = {}) => {
    const reader = await world.reader();
    const follower = new ChainFollower({
      reader,
      unitOfWork: world.unitOfWork,
      name: 'test',
      filter: { addresses: [world.address] },
      onFinal: async (tx, { logs }) => void (await tx.manager.query(...store(logs))),
      ...more,
    });
    await follower.start();
    return follower;
  };

  it('shows a log at a glance, and delivers it once when final', async () => {
    const glanced: string[] = [];
    const follower = await follow({
      glance: {
        filter: { addresses: [world.address] },
        onLogs: ({ appeared }) => void glanced.push(...appeared.map((log) => log.data)),
      },
    });
    await emit('0x01');
    await world.mine(1);
    await until('the glance', () => glanced.length === 1);
    expect(await seen()).toEqual([]);
    await world.mine(2);
    await until('the final delivery', async () => (await seen()).length === 1);
    await world.mine(3);
    expect(glanced).toEqual(['0x01']);
    await follower.stop();
  });

  it('tells what a reorg took away, and delivers only what stayed', async () => {
    const appeared: string[] = [];
    const vanished: string[] = [];
    await world.mine(5);
    const follower = await follow({
      glance: {
        filter: { addresses: [world.address] },
        onLogs: (batch) => {
          appeared.push(...batch.appeared.map((log) => log.data));
          vanished.push(...batch.vanished.map((log) => log.data));
        },
      },
    });
    await emit('0x02');
    await world.mine(1);
    await until('the glance', () => appeared.length === 1);
    await world.rpc.request('anvil_reorg', [1, []]);
    await world.rpc.request('anvil_dropAllTransactions');
    await world.mine(1);
    await until('the disappearance', () => vanished.length === 1);
    await world.mine(5);
    nonce = 0;
    await emit('0x03');
    await world.mine(3);
    await until('the delivery', async () => (await seen()).length > 0);
    expect(await seen()).toEqual(['0x03']);
    await follower.stop();
  });

  it('delivers after a restart what came meanwhile, and nothing twice', async () => {
    const first = await follow();
    await emit('0x04');
    await world.mine(3);
    await until('the first delivery', async () => (await seen()).length === 1);
    await first.stop();
    await emit('0x05');
    await world.mine(3);
    const second = await follow();
    expect(await seen()).toEqual(['0x04', '0x05']);
    await second.stop();
  });

  it('delivers again what a failed transaction rolled back', async () => {
    let failures = 1;
    await emit('0x06');
    await world.mine(3);
    const onFinal: FollowerOptions['onFinal'] = async (tx, { logs }) => {
      await tx.manager.query(...store(logs));
      if (failures-- > 0) throw new Error('killed before the commit');
    };
    await expect(follow({ onFinal })).rejects.toThrow('killed before the commit');
    expect(await seen()).toEqual([]);
    const follower = await follow({ onFinal });
    expect(await seen()).toEqual(['0x06']);
    await follower.stop();
  });

  it('refuses to deliver beside another process under the same name', async () => {
    const one = await follow();
    const other = await follow();
    await emit('0x07');
    await world.mine(3);
    await until('the delivery', async () => (await seen()).length === 1);
    await world.mine(1);
    expect(await seen()).toEqual(['0x07']);
    await Promise.all([one.stop(), other.stop()]);
  });

  it('halts when a final block vanished, across restarts, until the operator accepts', async () => {
    await world.mine(10);
    const halts: DeepReorg[] = [];
    const onDeepReorg: FollowerOptions['onDeepReorg'] = (_, reorg) => Promise.resolve(void halts.push(reorg));
    const follower = await follow({ onDeepReorg });
    await emit('0x08');
    await world.mine(3);
    await until('the delivery', async () => (await seen()).length === 1);
    await world.rpc.request('anvil_reorg', [8, []]);
    await world.mine(1);
    await until('the halt', () => follower.isHalted);
    expect(halts).toHaveLength(1);
    expect(halts[0]!.foundHash).not.toBe(halts[0]!.expectedHash);
    await follower.stop();

    const again = await follow({ onDeepReorg, onFinal: () => Promise.resolve() });
    expect(again.isHalted).toBe(true);
    await again.acceptNewHistory();
    await world.mine(1);
    await until('the follower to go on', () => !again.isHalted);
    expect(halts).toHaveLength(1);
    await again.stop();
  });

  it('halts beside another process under the same name, is told of once, and goes on where the other accepted', async () => {
    await world.mine(10);
    const halts: DeepReorg[] = [];
    const onDeepReorg: FollowerOptions['onDeepReorg'] = (_, reorg) => Promise.resolve(void halts.push(reorg));
    const [one, other] = [await follow({ onDeepReorg }), await follow({ onDeepReorg })];
    await emit('0x08');
    await world.mine(3);
    await until('the delivery', async () => (await seen()).length === 1);
    // Both look anew at the row that one of them moved.
    await world.mine(1);
    await world.rpc.request('anvil_reorg', [9, []]);
    await world.mine(1);
    await until('both halts', () => one.isHalted && other.isHalted);
    expect(halts).toHaveLength(1);
    await one.acceptNewHistory();
    await world.mine(1);
    await until('both to go on', () => !one.isHalted && !other.isHalted);
    await Promise.all([one.stop(), other.stop()]);
  });
});
