import type { JsonRpcProvider } from 'ethers';
import { DeployAccount } from './account.js';
import type { Funding } from './parties.js';

/** Fills accounts that have less than half of `wei` up to it; the others are left alone, so repeating it is free. */
export async function fund(provider: JsonRpcProvider, { funderKey, accounts, wei }: Funding): Promise<void> {
  const all = [...new Set(accounts.map((address) => address.toLowerCase()))];
  const balances = await Promise.all(all.map((account) => provider.getBalance(account)));
  const calls = all.flatMap((account, i) =>
    balances[i]! < wei / 2n ? [{ what: `fund ${account}`, to: account, value: wei - balances[i]! }] : [],
  );
  await new DeployAccount(provider, funderKey).send(...calls);
}
