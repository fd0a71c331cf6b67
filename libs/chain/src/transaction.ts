/** Signing of transactions: fees, gas and bytes. */

import type { Hex } from '@cpds/contracts';
import { Transaction, type Wallet } from 'ethers';
import type { ChainReader } from './reader.js';

/** Wei per unit of gas. Chains without a base fee take `gasPrice`. */
export type Fees =
  | { readonly kind: 'eip1559'; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }
  | { readonly kind: 'legacy'; readonly gasPrice: bigint };

export interface SignedTransaction {
  readonly raw: Hex;
  readonly hash: Hex;
}

/** 1 gwei. */
const tipWei = 1_000_000_000n;

/** A cap of ten base fees: the bytes are never re-priced, so they must outlive a busy hour. */
const baseFeeFactor = 10n;

/** Fees for a transaction signed now. */
export async function quoteFees(reader: ChainReader): Promise<Fees> {
  const block = await reader.request<{ baseFeePerGas?: string } | null>('eth_getBlockByNumber', ['latest', false]);
  if (block?.baseFeePerGas === undefined) {
    return { kind: 'legacy', gasPrice: BigInt(await reader.request<string>('eth_gasPrice')) };
  }
  const maxFeePerGas = BigInt(block.baseFeePerGas) * baseFeeFactor + tipWei;
  return { kind: 'eip1559', maxFeePerGas, maxPriorityFeePerGas: tipWei };
}

/** Signs a contract call; a quarter more gas than estimated, for state that changes before it is mined. */
export function signCall(
  wallet: Wallet,
  call: { row: { to: string; data: string; value: string }; nonce: number; gas: bigint; fees: Fees; chainId: bigint },
): Promise<SignedTransaction> {
  const { row, nonce, gas, fees, chainId } = call;
  const gasLimit = gas + gas / 4n;
  return sign(wallet, {
    to: row.to,
    data: row.data,
    value: BigInt(row.value),
    nonce,
    gasLimit,
    chainId,
    ...feeFields(fees),
  });
}

/** Signs an empty transfer to oneself under the nonce of `raw`, dear enough that every pool takes it instead. */
export function signCancel(wallet: Wallet, raw: string, fees: Fees): Promise<SignedTransaction> {
  const replaced = Transaction.from(raw);
  const dearer = (price: bigint | null): bigint => (price ?? 0n) * 2n;
  const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  const paid: Fees =
    fees.kind === 'legacy'
      ? { kind: 'legacy', gasPrice: max(dearer(replaced.gasPrice), fees.gasPrice) }
      : {
          kind: 'eip1559',
          maxFeePerGas: max(dearer(replaced.maxFeePerGas), fees.maxFeePerGas),
          maxPriorityFeePerGas: dearer(replaced.maxPriorityFeePerGas),
        };
  const { nonce, chainId } = replaced;
  return sign(wallet, {
    to: wallet.address,
    data: '0x',
    value: 0n,
    nonce,
    gasLimit: 21_000n,
    chainId,
    ...feeFields(paid),
  });
}

function feeFields(fees: Fees): {
  type: number;
  gasPrice?: bigint;
  maxFeePerGas?: bigint;
  maxPriorityFeePerGas?: bigint;
} {
  if (fees.kind === 'legacy') return { type: 0, gasPrice: fees.gasPrice };
  return { type: 2, maxFeePerGas: fees.maxFeePerGas, maxPriorityFeePerGas: fees.maxPriorityFeePerGas };
}

async function sign(wallet: Wallet, fields: Parameters<Wallet['signTransaction']>[0]): Promise<SignedTransaction> {
  const raw = (await wallet.signTransaction(fields)) as Hex;
  return { raw, hash: Transaction.from(raw).hash as Hex };
}
