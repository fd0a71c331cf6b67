import type { BlockRef } from '@cpds/chain/read';
import { LockedAccount, type Hex } from '@cpds/contracts';
import { Interface, type InterfaceAbi } from 'ethers';
import { readMinWindow, type HomeChain } from './home-reader.js';
import { hex, north } from './testing/facts.js';

/** A chain whose LockedAccount answers 45 at its final block, and nothing elsewhere. */
function headOf(chainUid: Hex): HomeChain & { adopted: unknown[] } {
  const abi = new Interface(LockedAccount.abi as InterfaceAbi);
  const adopted: unknown[] = [];
  const reader = {
    final: async () => ({ number: 7, hash: hex(7), parentHash: hex(6), timestamp: 1 }),
    callAt: async (at: BlockRef, to: string, data: string) => {
      if (at.number !== 7 || to !== north.lockedAccount) throw new Error('asked elsewhere');
      return abi.encodeFunctionResult(abi.parseTransaction({ data })!.name, [45]) as Hex;
    },
  };
  const adopt = (rules: unknown) => (adopted.push(rules), reader);
  return { chainUid, adopted, adopt };
}

describe('the window of a lock', () => {
  it('is what the contract that the hub names says at a final block', async () => {
    const head = headOf(north.chainUid);
    expect(await readMinWindow(head, north)).toBe(45);
    expect(head.adopted).toEqual([north.rules]);
  });

  it('is not read from another chain', async () => {
    await expect(readMinWindow(headOf(hex(0x77)), north)).rejects.toMatchObject({ code: 'wrong-chain' });
  });
});
