import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@cpds/errors';
import type { Hex } from '@cpds/contracts';
import { JsonRpcProvider, Network, Wallet, getCreateAddress, isError, keccak256 } from 'ethers';

/** How often a receipt is asked for. */
const POLL_MS = 50;

/** A transaction that a deployment waits for. `what` names it in errors. */
export interface DeployCall {
  readonly what: string;
  readonly to: string;
  readonly data?: string;
  /** Wei. */
  readonly value?: bigint;
}

/** A provider that neither caches nor sleeps: a deployment reads what it has just written. */
export async function connect(rpcUrl: string): Promise<JsonRpcProvider> {
  const first = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1 });
  const { chainId } = await first.getNetwork();
  first.destroy();
  const network = new Network(`chain ${chainId}`, chainId);
  return new JsonRpcProvider(rpcUrl, network, { staticNetwork: network, cacheTimeout: -1, polling: true });
}

/**
 * One account that deploys and sends, one transaction after the other, each waited for.
 *
 * Safe to stop at any line: whoever runs the deployment again looks at the chain first.
 */
export class DeployAccount {
  readonly #wallet: Wallet;

  constructor(
    private readonly provider: JsonRpcProvider,
    privateKey: string,
    private readonly timeoutMs = 60_000,
  ) {
    this.#wallet = new Wallet(privateKey.startsWith('0x') ? privateKey : `0x${privateKey}`, provider);
  }

  /** Lower case. */
  get address(): Hex {
    return this.#wallet.address.toLowerCase() as Hex;
  }

  /** Sends and waits until the transaction is in a block. @throws AppError `deploy-reverted`, `deploy-timeout` */
  async send(call: DeployCall): Promise<void> {
    await this.#mined(call.what, { to: call.to, data: call.data ?? '0x', value: call.value ?? 0n });
  }

  /** Creates a contract; returns its address, lower case. @throws AppError `deploy-reverted`, `deploy-timeout` */
  async create(what: string, data: string): Promise<Hex> {
    const nonce = await this.#mined(what, { data });
    return getCreateAddress({ from: this.#wallet.address, nonce }).toLowerCase() as Hex;
  }

  async #mined(what: string, transaction: { to?: string; data: string; value?: bigint }): Promise<number> {
    const nonce = await this.provider.getTransactionCount(this.#wallet.address, 'latest');
    const { hash } = await this.#wallet.sendTransaction({ ...transaction, nonce }).catch((cause: unknown) => {
      const reverted = isError(cause, 'CALL_EXCEPTION');
      const data = reverted ? ` (${cause.data ?? 'no data'})` : '';
      throw new AppError(
        reverted ? 'deploy-reverted' : 'deploy-failed',
        reverted ? 'conflict' : 'unavailable',
        `${what}: ${reverted ? `the contract refuses${data}` : 'the chain did not take the transaction'}`,
        { cause },
      );
    });
    const until = Date.now() + this.timeoutMs;
    for (;;) {
      const receipt = await this.provider.getTransactionReceipt(hash);
      if (receipt !== null) {
        if (receipt.status === 1) return nonce;
        throw new AppError('deploy-reverted', 'conflict', `${what}: reverted in ${hash}`);
      }
      if (Date.now() > until)
        throw new AppError(
          'deploy-timeout',
          'unavailable',
          `${what}: not in a block after ${this.timeoutMs} ms (${hash})`,
        );
      await pause(POLL_MS);
    }
  }
}

/** keccak256 of the code at an address, which EXTCODEHASH gives too; null where there is none. */
export async function codeHashOf(provider: JsonRpcProvider, address: string): Promise<Hex | null> {
  const code = await provider.getCode(address);
  return code === '0x' ? null : (keccak256(code) as Hex);
}
