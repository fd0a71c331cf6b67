import type { Hex } from '@cpds/contracts';
import { readHub, type FinalReader } from './hub-reader.js';
import { hex, hub, north } from './testing/facts.js';
import { callRegistry, chainRegistry, storemanRegistry } from './testing/registries.js';

function readerOf(chainUid: Hex): FinalReader & { adopted: unknown[]; blocks: Set<number> } {
  const block = (number: number) => ({ number, hash: hex(number), parentHash: hex(0), timestamp: 1 });
  const adopted: unknown[] = [];
  const blocks = new Set<number>();
  return {
    chainUid,
    adopted,
    blocks,
    adopt: (rules) => void adopted.push(rules),
    head: async () => block(9),
    final: async () => block(7),
    callAt: async (at, to, data) => {
      blocks.add(at.number);
      return callRegistry(hub, to, data);
    },
  };
}

describe('hub facts', () => {
  const pinned = { chainRegistry, storemanRegistry, chainUid: hub.hubUid };

  it('are the current contracts, and the keys current and earlier, at a block that is final by the hub’s own rules', async () => {
    const reader = readerOf(hub.hubUid);
    const earlier = { ...hub.sealing[0]!, keyId: hex(1) };
    expect(await readHub(reader, pinned)).toEqual({ ...hub, sealing: [earlier, ...hub.sealing] });
    expect(reader.adopted).toEqual([north.rules]);
    expect(reader.blocks).toEqual(new Set([9, 7]));
  });

  it('are refused from another chain than the pinned one', async () => {
    await expect(readHub(readerOf(hex(0x77)), pinned)).rejects.toThrow('another chain than the hub pinned');
  });
});
