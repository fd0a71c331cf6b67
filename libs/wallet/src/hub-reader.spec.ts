import type { BlockRef } from '@cpds/chain/read';
import type { Hex } from '@cpds/contracts';
import { readHub, type HubChain } from './hub-reader.js';
import { hex, hub, north } from './testing/facts.js';
import { callRegistry, chainRegistry, storemanRegistry } from './testing/registries.js';

function headOf(chainUid: Hex): HubChain & { adopted: unknown[]; blocks: Set<number> } {
  const block = (number: number) => ({ number, hash: hex(number), parentHash: hex(0), timestamp: 1 });
  const adopted: unknown[] = [];
  const blocks = new Set<number>();
  const callAt = async (at: BlockRef, to: string, data: string) => {
    blocks.add(at.number);
    return callRegistry(hub, to, data);
  };
  const adopt = (rules: unknown) => (adopted.push(rules), { final: async () => block(7), callAt });
  return { chainUid, adopted, blocks, adopt, head: async () => block(9), callAt };
}

describe('hub facts', () => {
  const pinned = { chainRegistry, storemanRegistry, chainUid: hub.hubUid };

  it('are the current contracts, and the keys current and earlier, at a block that is final by the hub’s own rules', async () => {
    const head = headOf(hub.hubUid);
    const earlier = { ...hub.sealing[0]!, keyId: hex(1) };
    expect(await readHub(head, pinned)).toEqual({ ...hub, sealing: [earlier, ...hub.sealing] });
    expect(head.adopted).toEqual([north.rules]);
    expect(head.blocks).toEqual(new Set([9, 7]));
  });

  it('are refused from another chain than the pinned one', async () => {
    await expect(readHub(headOf(hex(0x77)), pinned)).rejects.toThrow('another chain than the hub pinned');
  });
});
