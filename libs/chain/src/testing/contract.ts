/**
 * A contract for this folder's tests, in bytes so that no compiler is needed: any call logs its calldata under topic 1,
 * counts up slot 0 and returns the count. Calldata that starts with ff reverts with its remaining bytes; with fe, it
 * does so only while the count is not zero.
 */

import { Wallet } from 'ethers';
import type { Hex } from '@cpds/contracts';
import { quantity } from '../block.js';
import { Rpc } from '../rpc.js';

const body =
  '36600060003760005160f81c8060ff1460' +
  'REV57' +
  '60fe14600054151516' +
  '60REV57' +
  '60013660' +
  '00a1' +
  '6000546001018060005560005260206000f3' +
  '5b600136036001fd';
const destination = (body.replaceAll('REV', '00').lastIndexOf('5b60013603') / 2).toString(16).padStart(2, '0');
const runtime = body.replaceAll('REV', destination);
const size = (runtime.length / 2).toString(16).padStart(2, '0');

export const testContractCode: Hex = `0x60${size}600c60003960${size}6000f3${runtime}`;

/** Deploys from an anvil account and waits for the block; returns the address. */
export async function deployTestContract(url: string, privateKey: string): Promise<Hex> {
  const rpc = new Rpc(url);
  const wallet = new Wallet(privateKey);
  const raw = await wallet.signTransaction({
    data: testContractCode,
    chainId: BigInt(await rpc.request<string>('eth_chainId')),
    nonce: quantity(await rpc.request<string>('eth_getTransactionCount', [wallet.address, 'latest'])),
    gasLimit: 500_000n,
    maxFeePerGas: 20_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    type: 2,
  });
  const hash = await rpc.request<Hex>('eth_sendRawTransaction', [raw]);
  for (let i = 0; i < 100; i++) {
    const receipt = await rpc.request<{ contractAddress: Hex } | null>('eth_getTransactionReceipt', [hash]);
    if (receipt) return receipt.contractAddress;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the test contract was not mined');
}
