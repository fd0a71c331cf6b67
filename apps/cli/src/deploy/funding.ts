import type { JsonRpcProvider } from 'ethers';
import { DeployAccount } from './account.js';
import type { Funding } from './parties.js';

/** Fills accounts that have less than half of `wei` up to it; the others are left alone, so repeating it is free. */
export async function fund(provider: JsonRpcProvider, { funderKey, accounts, wei }: Funding): Promise<void> {
  const funder = new DeployAccount(provider, funderKey);
  for (const account of new Set(accounts.map((address) => address.toLowerCase()))) {
    const balance = await provider.getBalance(account);
    if (balance < wei / 2n) await funder.send({ what: `fund ${account}`, to: account, value: wei - balance });
  }
}
