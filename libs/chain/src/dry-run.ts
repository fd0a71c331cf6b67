/** Tries a call without sending it: returns the gas it needs, or why its contract refuses it. */

import type { Interface } from 'ethers';
import { toQuantity } from './block.js';
import type { ChainReader } from './reader.js';
import { revertOf, type Revert } from './revert.js';

/** A stored call: value is wei in decimal text. */
export interface StoredCall {
  readonly to: string;
  readonly data: string;
  readonly value: string;
}

/**
 * Gas that the call needs on top of the node's pending transactions, or the contract's refusal.
 *
 * @throws RpcRefused, RpcUnreachable for any failure that is no revert
 */
export async function estimateGas(
  reader: ChainReader,
  from: string,
  call: StoredCall,
  interfaces: readonly Interface[] = [],
): Promise<bigint | Revert> {
  try {
    return BigInt(await reader.request<string>('eth_estimateGas', [parameters(from, call), 'pending']));
  } catch (error) {
    const revert = revertOf(error, interfaces);
    if (revert === null) throw error;
    return revert;
  }
}

/**
 * Why a mined call reverted: calls it again in the state before its block, so other transactions of that block are
 * missing. Null if it does not revert there.
 */
export async function revertAt(
  reader: ChainReader,
  from: string,
  call: StoredCall,
  blockNumber: number,
  interfaces: readonly Interface[] = [],
): Promise<Revert | null> {
  try {
    await reader.request('eth_call', [parameters(from, call), toQuantity(Math.max(blockNumber - 1, 0))]);
    return null;
  } catch (error) {
    return revertOf(error, interfaces);
  }
}

function parameters(from: string, { to, data, value }: StoredCall): Record<string, string> {
  return { from, to, data, value: toQuantity(BigInt(value)) };
}
