import { AppError } from '@cpds/errors';
import { chainUid, type Hex } from '@cpds/contracts';
import type { JsonRpcProvider } from 'ethers';
import { codeHashOf, type DeployAccount } from './account.js';

/** The chainUid of what answers at a provider. */
export async function uidOf(provider: JsonRpcProvider): Promise<Hex> {
  const { chainId } = await provider.getNetwork();
  const genesis = (await provider.send('eth_getBlockByNumber', ['0x0', false])) as { hash: string } | null;
  if (genesis === null) throw new AppError('no-genesis', 'unavailable', 'the chain does not show its first block');
  return chainUid(chainId, genesis.hash);
}

/** @throws AppError `other-chain` when the deployment's file is about another chain */
export function requireSameChain(what: string, noted: string | undefined, found: string): void {
  if (noted !== undefined && noted !== found)
    throw new AppError(
      'other-chain',
      'conflict',
      `the deployment file is about another chain of ${what}: ${noted}, not ${found}`,
    );
}

/** The contract at `noted` if there is code, else a new one. A chain that lost blocks gets its contracts again. */
export async function ensureContract(
  provider: JsonRpcProvider,
  deployer: DeployAccount,
  contract: { what: string; noted: string | undefined; data: () => string; note: (address: Hex) => void },
): Promise<Hex> {
  if (contract.noted !== undefined && (await codeHashOf(provider, contract.noted)) !== null)
    return contract.noted as Hex;
  const address = await deployer.create(contract.what, contract.data());
  contract.note(address);
  return address;
}

/** A contract's address with its code hash, as ChainRegistry records it. @throws AppError `no-code` */
export async function codeAt(
  provider: JsonRpcProvider,
  account: string,
): Promise<{ account: string; codeHash: string }> {
  const codeHash = await codeHashOf(provider, account);
  if (codeHash === null) throw new AppError('no-code', 'conflict', `there is no contract at ${account}`);
  return { account, codeHash };
}
