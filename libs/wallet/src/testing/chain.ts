/** A chain of a test's own, with an account that sends and waits for its block. */

import { ChainReader, Rpc, type ChainReceipt } from '@cpds/chain/read';
import type { Hex } from '@cpds/contracts';
import { Wallet as Account } from 'ethers';

export const rules = { finality: { kind: 'depth', depth: 2 }, blockSeconds: 1, maxHeadAgeSeconds: 3600 } as const;

export async function openChain(anvil: { url: string; keys: string[]; close(): Promise<void> }) {
  const head = await ChainReader.connect({ name: 'north', urls: [anvil.url] });
  const reader = head.adopt(rules);
  const rpc = new Rpc(anvil.url);
  const account = new Account(anvil.keys[1]!);

  /** Sends and waits for the receipt; a revert is a receipt too. */
  const send = async (to: string | null, data: Hex): Promise<ChainReceipt> => {
    const raw = await account.signTransaction({
      to,
      data,
      chainId: reader.chainId,
      nonce: await reader.transactionCount(account.address),
      gasLimit: 8_000_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      type: 2,
    });
    const hash = await rpc.request<Hex>('eth_sendRawTransaction', [raw]);
    return until(() => reader.receipt(hash));
  };
  const deploy = async (data: Hex): Promise<Hex> => (await send(null, data)).contractAddress!;
  /** Waits until the block is final by `rules`. */
  const settled = (number: number) => until(async () => ((await reader.final()).number >= number ? true : null));
  return { head, reader, account: account.address, send, deploy, settled, close: () => anvil.close() };
}

/** Asks until an answer is not null and returns it; the chain makes a block a second. */
async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
