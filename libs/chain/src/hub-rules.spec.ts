import { ChainRegistry, type Hex } from '@cpds/contracts';
import { Interface, type InterfaceAbi } from 'ethers';
import type { BlockRef } from './block.js';
import { readHubRules } from './hub-rules.js';

const hex = (fill: string, length = 32): Hex => `0x${fill.repeat(length)}`;
const registry = hex('a1', 20);
const hubUid = hex('0b');
const abi = new Interface(ChainRegistry.abi as InterfaceAbi);
const enumOf = { None: 0, Depth: 2 };

/** A hub at block 9 whose registry holds `entry`; with undefined it has no contract there. */
function hubOf(finality: keyof typeof enumOf | undefined) {
  const asked: unknown[] = [];
  const entry = {
    name: 'hub',
    finality: finality && enumOf[finality],
    depth: 3,
    blockSeconds: 5,
    maxHeadAge: 60,
    w: 50,
    admin: hex('01', 20),
    logAccount: hex('02', 20),
    messageKey: hex('00', 20),
    hpkeKey: '0x',
    exchangeUrl: '',
  };
  return {
    asked,
    chainUid: hubUid,
    head: () => Promise.resolve({ number: 9, hash: hex('09'), parentHash: hex('08'), timestamp: 1 }),
    callAt: (block: BlockRef, to: string, data: string) => {
      const call = abi.parseTransaction({ data })!;
      asked.push([block.number, to, call.name, [...call.args]]);
      const answer = finality === undefined ? '0x' : abi.encodeFunctionResult(call.name, [entry]);
      return Promise.resolve(answer as Hex);
    },
  };
}

describe('the rules of the hub', () => {
  it("are those of the hub's own entry in its registry, read at its head", async () => {
    const hub = hubOf('Depth');
    expect(await readHubRules(hub, registry)).toEqual({
      finality: { kind: 'depth', depth: 3 },
      blockSeconds: 5,
      maxHeadAgeSeconds: 60,
    });
    expect(hub.asked).toEqual([[9, registry, 'chainOf', [hubUid]]]);
  });

  it('are none while the hub has no registry, or its registry no hub', async () => {
    const unregistered = { code: 'chain-unregistered', kind: 'unavailable' };
    await expect(readHubRules(hubOf(undefined), registry)).rejects.toMatchObject(unregistered);
    await expect(readHubRules(hubOf('None'), registry)).rejects.toMatchObject(unregistered);
  });
});
