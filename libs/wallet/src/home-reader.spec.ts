import { LockedAccount, type Hex } from '@cpds/contracts';
import { Interface, type InterfaceAbi } from 'ethers';
import { readMinWindow, type HomeReader } from './home-reader.js';
import { hex, north } from './testing/facts.js';

/** A chain whose LockedAccount answers 45 at its final block, and nothing elsewhere. */
function readerOf(chainUid: Hex): HomeReader & { adopted: unknown[] } {
  const abi = new Interface(LockedAccount.abi as InterfaceAbi);
  const adopted: unknown[] = [];
  return {
    chainUid,
    adopted,
    adopt: (rules) => void adopted.push(rules),
    final: async () => ({ number: 7, hash: hex(7), parentHash: hex(6), timestamp: 1 }),
    callAt: async (at, to, data) => {
      if (at.number !== 7 || to !== north.lockedAccount) throw new Error('asked elsewhere');
      return abi.encodeFunctionResult(abi.parseTransaction({ data })!.name, [45]) as Hex;
    },
  };
}

describe('the window of a lock', () => {
  it('is what the contract that the hub names says at a final block', async () => {
    const reader = readerOf(north.chainUid);
    expect(await readMinWindow(reader, north)).toBe(45);
    expect(reader.adopted).toEqual([north.rules]);
  });

  it('is not read from another chain', async () => {
    await expect(readMinWindow(readerOf(hex(0x77)), north)).rejects.toMatchObject({ code: 'wrong-chain' });
  });
});
