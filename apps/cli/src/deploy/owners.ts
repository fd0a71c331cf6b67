import type { JsonRpcProvider } from 'ethers';
import { callGas, DeployAccount, type DeployCall } from './account.js';

/** Sends calls that e of f owners must ask for, from each of the first e. */
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
   * The same calls from each, in the same order, so that the actions happen in it. Repeating an approval that was given
   * and did not lead to its action changes nothing. The caller looks up first whether an action has happened already.
   */
  async approve(...calls: readonly DeployCall[]): Promise<void> {
    // The last call executes the action, and no estimate knows which owner's call comes last.
    const sure = calls.map((call) => ({ ...call, gas: callGas }));
    await Promise.all(this.#accounts.map((account) => account.send(...sure)));
  }
}
