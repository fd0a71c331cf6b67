/** The few questions an auditor asks a chain, over JSON-RPC. */

import type { CallRunner } from '@cpds/contracts';
import type { Fetch } from './log-source.js';

/** A log of a contract as eth_getLogs answers it. */
export interface RpcLog {
  readonly topics: string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
}

export class Rpc implements CallRunner {
  constructor(
    private readonly url: string,
    private readonly fetch: Fetch,
  ) {}

  /** Sends an eth_call in the newest state; an auditor who wants an earlier state asks a node whose head is there. */
  call(transaction: { to: string; data: string }): Promise<string> {
    return this.ask('eth_call', [{ to: transaction.to, data: transaction.data }, 'latest']);
  }

  logs(address: string): Promise<RpcLog[]> {
    return this.ask('eth_getLogs', [{ address, fromBlock: '0x0', toBlock: 'latest' }]);
  }

  /** @throws Error with the node's message */
  private async ask<T>(method: string, params: unknown[]): Promise<T> {
    // As a method of this object a browser's own fetch refuses: "Illegal invocation".
    const { fetch } = this;
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const answer = (await response.json()) as { result?: T; error?: { message: string } };
    if (answer.error !== undefined || answer.result === undefined)
      throw new Error(`${method} at ${this.url}: ${answer.error?.message ?? 'no result'}`);
    return answer.result;
  }
}
