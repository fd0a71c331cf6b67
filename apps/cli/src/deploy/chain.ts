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

/**
 * The contracts noted in the deployment's file where there is code, else new ones, created together. A chain that lost
 * blocks gets its contracts again.
 *
 * @param note writes the addresses of new contracts down; called once, after all of them stand
 */
export async function ensureContracts<Name extends string>(
  provider: JsonRpcProvider,
  deployer: DeployAccount,
  noted: Partial<Record<NoInfer<Name>, string>> | undefined,
  codes: Record<Name, () => string>,
  note: (made: Partial<Record<Name, Hex>>) => void,
): Promise<Record<Name, Hex>> {
  const names = Object.keys(codes) as Name[];
  const standing = await Promise.all(
    names.map(async (name) => {
      const address = noted?.[name];
      return address !== undefined && (await codeHashOf(provider, address)) !== null ? (address as Hex) : undefined;
    }),
  );
  const found = names.flatMap((name, i) => (standing[i] === undefined ? [] : [[name, standing[i]] as const]));
  const missing = names.filter((_, i) => standing[i] === undefined);
  const addresses = await deployer.create(...missing.map((name) => ({ what: `create ${name}`, data: codes[name]() })));
  const made = missing.map((name, i) => [name, addresses[i]!] as const);
  if (made.length > 0) note(Object.fromEntries(made) as Partial<Record<Name, Hex>>);
  return Object.fromEntries([...found, ...made]) as Record<Name, Hex>;
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
