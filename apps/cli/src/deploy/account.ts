import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@cpds/errors';
import type { Hex } from '@cpds/contracts';
import {
  JsonRpcProvider,
  Network,
  Wallet,
  getCreateAddress,
  isError,
  keccak256,
  type TransactionRequest,
} from 'ethers';

/** Milliseconds between two questions for receipts. */
const pollMs = 50;

/**
 * Gas limit of calls that are sent together: an estimate would not see the calls before it. It is more than the dearest
 * call takes, and unused gas is not paid.
 */
export const callGas = 1_000_000n;

/** A transaction that a deployment waits for. `what` names it in errors. */
export interface DeployCall {
  readonly what: string;
  readonly to: string;
  readonly data?: string;
  /** Wei. */
  readonly value?: bigint;
  /** Gas limit. Default: estimated for one call, `callGas` for calls sent together. */
  readonly gas?: bigint;
}

/** A contract to be created. */
export interface DeployCode {
  readonly what: string;
  /** Creation code with its arguments. */
  readonly data: string;
}

/** A provider that caches nothing: a deployment reads what it has just written. */
export async function connect(rpcUrl: string): Promise<JsonRpcProvider> {
  const first = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1 });
  const { chainId } = await first.getNetwork();
  first.destroy();
  const network = new Network(`chain ${chainId}`, chainId);
  return new JsonRpcProvider(rpcUrl, network, { staticNetwork: network, cacheTimeout: -1 });
}

/**
 * One account that deploys and sends. Sends the calls of one batch in order and waits for all of them.
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

  /** Sends and waits until the transactions are in blocks. @throws AppError `deploy-reverted`, `deploy-failed`, `deploy-timeout` */
  async send(...calls: readonly DeployCall[]): Promise<void> {
    const together = calls.length > 1 ? callGas : undefined;
    await this.#mined(
      calls.map(({ what, to, data, value, gas }) => ({
        what,
        to,
        data: data ?? '0x',
        value,
        gasLimit: gas ?? together,
      })),
    );
  }

  /** Creates contracts; returns their addresses in order, lower case. @throws as `send` */
  async create(...codes: readonly DeployCode[]): Promise<Hex[]> {
    const nonces = await this.#mined(codes.map(({ what, data }) => ({ what, data })));
    return nonces.map((nonce) => getCreateAddress({ from: this.#wallet.address, nonce }).toLowerCase() as Hex);
  }

  async #mined(transactions: readonly (TransactionRequest & { what: string })[]): Promise<number[]> {
    const first = await this.provider.getTransactionCount(this.#wallet.address, 'latest');
    const sent: { what: string; hash: string; nonce: number }[] = [];
    for (const [i, { what, ...transaction }] of transactions.entries()) {
      const nonce = first + i;
      const { hash } = await this.#wallet.sendTransaction({ ...transaction, nonce }).catch((cause: unknown) => {
        throw notSent(what, cause);
      });
      sent.push({ what, hash, nonce });
    }
    const until = Date.now() + this.timeoutMs;
    for (const { what, hash } of sent) await this.#inBlock(what, hash, until);
    return sent.map(({ nonce }) => nonce);
  }

  async #inBlock(what: string, hash: string, until: number): Promise<void> {
    for (;;) {
      const receipt = await this.provider.getTransactionReceipt(hash);
      if (receipt?.status === 1) return;
      if (receipt) throw new AppError('deploy-reverted', 'conflict', `${what}: reverted in ${hash}`);
      if (Date.now() > until)
        throw new AppError(
          'deploy-timeout',
          'unavailable',
          `${what}: in no block after ${this.timeoutMs} ms (${hash})`,
        );
      await pause(pollMs);
    }
  }
}

function notSent(what: string, cause: unknown): AppError {
  if (isError(cause, 'CALL_EXCEPTION'))
    return new AppError('deploy-reverted', 'conflict', `${what}: the contract refuses (${cause.data ?? 'no data'})`, {
      cause,
    });
  return new AppError('deploy-failed', 'unavailable', `${what}: the chain did not take the transaction`, { cause });
}

/** keccak256 of the code at an address, which EXTCODEHASH gives too; null where there is none. */
export async function codeHashOf(provider: JsonRpcProvider, address: string): Promise<Hex | null> {
  const code = await provider.getCode(address);
  return code === '0x' ? null : (keccak256(code) as Hex);
}
