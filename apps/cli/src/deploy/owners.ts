import type { JsonRpcProvider } from 'ethers';
import { DeployAccount } from './account.js';

/** Sends what e of f owners must ask for, from each of the first e. */
export class Owners {
  readonly #accounts: readonly DeployAccount[];

  /** @param keys private keys of at least as many owners as are needed */
  constructor(provider: JsonRpcProvider, keys: readonly string[], needed: number) {
    this.#accounts = keys.slice(0, needed).map((key) => new DeployAccount(provider, key));
  }

  /** Any one owner: enough to propose an attempt. */
  get one(): DeployAccount {
    return this.#accounts[0]!;
  }

  /**
   * The same call from each. Repeating an approval that was given and did not lead to the action changes nothing; that the
   * action has not happened yet is for the caller to look up first.
   */
  async approve(what: string, to: string, data: string): Promise<void> {
    for (const account of this.#accounts) await account.send({ what, to, data });
  }
}
