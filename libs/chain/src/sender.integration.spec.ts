import { Interface } from 'ethers';
import { RpcRefused, Sender, type SenderOptions, type SendOutcome, type SentTransaction } from './index.js';
import { openWorld, until, type World } from './testing/world.js';

const errors = new Interface(['error Taken(uint256 tag)']);

describe('a sender', () => {
  let world: World;

  beforeEach(async () => {
    world = await openWorld();
    await world.mine(5);
  });
  afterEach(() => world.close());

  const open = async (more: Partial<SenderOptions> = {}) => {
    const sender = new Sender({
      reader: await world.reader(),
      unitOfWork: world.unitOfWork,
      leases: world.leases,
      privateKey: world.anvil.keys[3]!,
      interfaces: [errors],
      rebroadcastMs: 100,
      ...more,
    });
    await sender.start();
    return sender;
  };
  const count = async () =>
    Number(await world.rpc.request<string>('eth_getStorageAt', [world.address, '0x0', 'latest']));
  const settled = async (sender: Sender, key: string) => {
    const outcome = sender.waitFinal(key, 20_000);
    await world.mine(3);
    return outcome;
  };

  it('sends once per key and says when it is final, with the gas', async () => {
    const sent: SentTransaction[] = [];
    const ends: [string, SendOutcome][] = [];
    const sender = await open({
      onSigned: (_, transaction) => Promise.resolve(void sent.push(transaction)),
      onSettled: (_, key, outcome) => Promise.resolve(void ends.push([key, outcome])),
    });
    const call = { to: world.address, data: '0x01' };
    const first = await sender.submit('once', call);
    expect(first.state).toBe('sent');
    expect(await sender.submit('once', call)).toEqual(first);
    await world.mine(1);
    await until('the block', async () => (await sender.outcome('once'))?.state === 'mined');
    const outcome = await settled(sender, 'once');
    expect(outcome).toMatchObject({ state: 'final' });
    expect(outcome.state === 'final' && outcome.gasUsed).toBeGreaterThan(21_000);
    expect(await count()).toBe(1);
    expect(sent).toHaveLength(1);
    expect(ends).toEqual([['once', outcome]]);
    await sender.stop();
  });

  it('refuses a key that comes with another call', async () => {
    const sender = await open();
    await sender.submit('k', { to: world.address, data: '0x01' });
    await expect(sender.submit('k', { to: world.address, data: '0x02' })).rejects.toMatchObject({
      code: 'send-key-reused',
    });
    await sender.stop();
  });

  it('names the custom error of a call the contract refuses, and signs nothing', async () => {
    const sender = await open();
    const data = `0xff${errors.encodeErrorResult('Taken', [7]).slice(2)}`;
    expect(await sender.submit('bad', { to: world.address, data })).toEqual({
      state: 'refused',
      revert: { name: 'Taken', args: { tag: '7' }, selector: errors.getError('Taken')!.selector },
    });
    expect((await sender.submit('good', { to: world.address, data: '0x01' })).state).toBe('sent');
    expect(await settled(sender, 'good')).toMatchObject({ state: 'final' });
    await sender.stop();
  });

  it('goes on with later calls while the node cannot estimate an earlier one, and sends that one when it can', async () => {
    const reader = await world.reader();
    const request = reader.request.bind(reader);
    let isSick = true;
    reader.request = <T>(method: string, params: readonly unknown[] = []): Promise<T> => {
      if (isSick && method === 'eth_estimateGas' && (params[0] as { data: string }).data === '0x01')
        return Promise.reject(new RpcRefused('node', method, { code: -32603, message: 'state is not available' }));
      return request(method, params);
    };
    const errors: unknown[] = [];
    const sender = await open({ reader, onError: (error) => void errors.push(error) });
    expect((await sender.submit('first', { to: world.address, data: '0x01' })).state).toBe('queued');
    expect((await sender.submit('second', { to: world.address, data: '0x02' })).state).toBe('sent');
    expect(errors).toContainEqual(expect.objectContaining({ code: 'chain-refused' }));
    expect(await settled(sender, 'second')).toMatchObject({ state: 'final' });
    expect(await sender.outcome('first')).toEqual({ state: 'queued' });
    isSick = false;
    await world.mine(1);
    await until('the first call', async () => (await sender.outcome('first'))?.state === 'sent');
    expect(await settled(sender, 'first')).toMatchObject({ state: 'final' });
    await sender.stop();
  });

  it('settles nothing on a receipt whose block is not the one at its height', async () => {
    const reader = await world.reader();
    const receipt = reader.receipt.bind(reader);
    let asked = 0;
    let isForked = true;
    reader.receipt = async (hash) => {
      const found = await receipt(hash);
      asked++;
      return found && isForked ? { ...found, blockHash: `0x${'ab'.repeat(32)}` } : found;
    };
    const sender = await open({ reader });
    await sender.submit('forked', { to: world.address, data: '0x01' });
    await world.mine(1);
    await until('the block', async () => (await sender.outcome('forked'))?.state === 'mined');
    await world.mine(3);
    const before = asked;
    const state = async () => (await sender.outcome('forked'))!.state;
    await until('three looks', () =>
      world.mine(1).then(async () => asked >= before + 3 || (await state()) !== 'mined'),
    );
    expect(await state()).toBe('mined');
    isForked = false;
    expect(await settled(sender, 'forked')).toMatchObject({ state: 'final' });
    await sender.stop();
  });

  it('keeps nonces in order without gaps for many at once', async () => {
    const sender = await open();
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => sender.submit(key, { to: world.address, data: '0x01' })));
    await Promise.all(keys.map((key) => settled(sender, key)));
    expect(await count()).toBe(12);
    const rows = (await world.store.query('SELECT nonce FROM chain_transaction ORDER BY nonce')) as { nonce: number }[];
    expect(rows.map((row) => row.nonce)).toEqual(keys.map((_, i) => i));
    await sender.stop();
  });

  it('counts a revert when it is final, not before', async () => {
    const sender = await open();
    const data = `0xfe${errors.encodeErrorResult('Taken', [9]).slice(2)}`;
    await sender.submit('late', { to: world.address, data });
    // Between estimate and block another call counts up, so this one reverts.
    await world.rpc.request('anvil_setStorageAt', [world.address, '0x0', `0x${'0'.repeat(63)}1`]);
    await world.mine(1);
    await until('the block', async () => (await sender.outcome('late'))?.state === 'mined');
    expect(await sender.outcome('late')).toMatchObject({ state: 'mined', succeeded: false });
    expect(await settled(sender, 'late')).toMatchObject({
      state: 'reverted',
      revert: { name: 'Taken', args: { tag: '9' } },
    });
    await sender.stop();
  });

  it('sends the same bytes again after a reorg', async () => {
    const sender = await open();
    const first = await sender.submit('again', { to: world.address, data: '0x01' });
    await world.mine(1);
    await until('the block', async () => (await sender.outcome('again'))?.state === 'mined');
    await world.rpc.request('anvil_reorg', [1, []]);
    await world.rpc.request('anvil_dropAllTransactions');
    expect(await count()).toBe(0);
    await world.mine(1);
    await until('the second sending', async () => {
      const pool = await world.rpc.request<{ pending: string }>('txpool_status');
      return Number(pool.pending) === 1;
    });
    const outcome = await settled(sender, 'again');
    expect(outcome).toMatchObject({ state: 'final', hash: first.state === 'sent' && first.hash });
    expect(await count()).toBe(1);
    await sender.stop();
  });

  it('takes up after a kill what was wished, and what was signed and never left', async () => {
    const dead = await open();
    await dead.stop();
    await world.unitOfWork.run((tx) => dead.enqueue(tx, 'wished', { to: world.address, data: '0x01' }));
    const deaf = await world.reader();
    deaf.broadcast = () => Promise.resolve();
    const killed = await open({ reader: deaf });
    await until('the signature', async () => (await killed.outcome('wished'))?.state === 'sent');
    await killed.submit('signed', { to: world.address, data: '0x02' });
    await killed.stop();
    expect(await world.rpc.request('txpool_status')).toMatchObject({ pending: '0x0' });

    const next = await open();
    expect(await settled(next, 'wished')).toMatchObject({ state: 'final' });
    expect(await settled(next, 'signed')).toMatchObject({ state: 'final' });
    expect(await count()).toBe(2);
    await next.stop();
  });

  it('rolls a wish back with the transaction that made it', async () => {
    const sender = await open();
    const failing = world.unitOfWork.run(async (tx) => {
      await sender.enqueue(tx, 'undone', { to: world.address, data: '0x01' });
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await sender.outcome('undone')).toBeNull();
    await sender.stop();
  });

  it('cancels what is not mined: the nonce is spent on nothing', async () => {
    const sender = await open();
    await sender.submit('unwanted', { to: world.address, data: '0x01' });
    await sender.cancel('unwanted');
    await sender.submit('next', { to: world.address, data: '0x02' });
    expect(await settled(sender, 'unwanted')).toMatchObject({ state: 'cancelled' });
    expect(await settled(sender, 'next')).toMatchObject({ state: 'final' });
    expect(await count()).toBe(1);
    await sender.stop();
  });

  it('refuses a second process with the account until the first ends', async () => {
    const first = await open();
    const second = new Sender({
      reader: await world.reader(),
      unitOfWork: world.unitOfWork,
      leases: world.leases,
      privateKey: world.anvil.keys[3]!,
    });
    const starting = second.start();
    await expect(second.submit('k', { to: world.address, data: '0x01' })).rejects.toMatchObject({
      code: 'send-not-writer',
    });
    await first.stop();
    await starting;
    await until('the lease', () => second.isWriter);
    // The call of the refused submit was stored and is sent now.
    expect(await settled(second, 'k')).toMatchObject({ state: 'final' });
    await second.stop();
  });

  it('sends at the next head what a process without the account stored', async () => {
    const reader = await world.reader();
    const first = await open({ reader });
    const second = new Sender({
      reader: await world.reader(),
      unitOfWork: world.unitOfWork,
      leases: world.leases,
      privateKey: world.anvil.keys[3]!,
    });
    let heads = 0;
    const unwatch = reader.watch(() => void heads++);
    await world.mine(1);
    await until('a head with nothing open', () => heads > 0);
    unwatch();
    await world.unitOfWork.run((tx) => second.enqueue(tx, 'k', { to: world.address, data: '0x01' }));
    await world.mine(1);
    await until('the call', async () => (await second.outcome('k'))?.state === 'sent');
    expect(await settled(first, 'k')).toMatchObject({ state: 'final' });
    await first.stop();
  });

  it('gives up a nonce that somebody else used', async () => {
    const deaf = await world.reader();
    deaf.broadcast = () => Promise.resolve();
    const sender = await open({ reader: deaf });
    await sender.submit('robbed', { to: world.address, data: '0x01' });
    await world.rpc.request('anvil_setNonce', [sender.account, '0x1']);
    expect(await settled(sender, 'robbed')).toEqual({ state: 'cancelled', hash: null });
    await sender.stop();
  });
});
