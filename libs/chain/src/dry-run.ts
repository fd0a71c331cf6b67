/** A call tried without sending it: what gas it needs, or why its contract refuses it. */

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
 * Gas the call needs after everything the node has pending, or the refusal.
 *
 * @throws RpcRefused, RpcUnreachable for what is no revert
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

/** Why a mined call reverted, as the state before its block tells it: close, not always the same; null if it tells nothing. */
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
