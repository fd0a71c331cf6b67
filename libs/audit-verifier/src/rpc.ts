/** The few questions an auditor asks a chain, over JSON-RPC. */

import type { CallRunner } from '@cpds/contracts';
import { type Answer, NoAnswer, type Requests } from './requests.js';

/** A log of a contract as eth_getLogs answers it. */
export interface RpcLog {
  readonly topics: string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
}

interface RpcAnswer<T> {
  readonly result?: T | null;
  readonly error?: { readonly message?: string };
}

/** A node that answers, and says no. */
class NodeRefuses extends NoAnswer {
  constructor(message: string) {
    super('unreachable', message);
    this.name = 'NodeRefuses';
  }
}

export class Rpc implements CallRunner {
  constructor(
    private readonly url: string,
    private readonly requests: Requests,
  ) {}

  /** Sends an eth_call in the newest state; an auditor who wants an earlier state asks a node whose head is there. */
  call(transaction: { to: string; data: string }): Promise<string> {
    return this.ask('eth_call', [{ to: transaction.to, data: transaction.data }, 'latest']);
  }

  /**
   * Every log of `address` up to the head. Nodes limit blocks, logs or time of one answer, each in words of its own: so
   * any refusal halves the range, and each answer widens it by a quarter. Refusing a single block is no answer.
   *
   * @throws NoAnswer
   */
  async logs(address: string): Promise<RpcLog[]> {
    const head = Number(await this.ask<string>('eth_blockNumber', []));
    const logs: RpcLog[] = [];
    let span = head + 1;
    for (let from = 0; from <= head;) {
      const to = Math.min(head, from + span - 1);
      const part = await this.logsOf(address, from, to);
      if (part === null) {
        span = Math.ceil((to - from + 1) / 2);
        continue;
      }
      logs.push(...part);
      from = to + 1;
      span += Math.ceil(span / 4);
    }
    return logs;
  }

  /** Null when the node refuses a range that can be halved. */
  private async logsOf(address: string, from: number, to: number): Promise<RpcLog[] | null> {
    try {
      return await this.ask<RpcLog[]>('eth_getLogs', [{ address, fromBlock: hexOf(from), toBlock: hexOf(to) }]);
    } catch (error) {
      if (to > from && error instanceof NoAnswer && isRefusal(error)) return null;
      throw error;
    }
  }

  /** @throws NoAnswer; NodeRefuses with the node's message */
  private async ask<T>(method: string, params: unknown[]): Promise<T> {
    const answer = await this.requests.send(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = this.parsed<T>(method, answer) ?? {};
    if (error !== undefined || result === undefined || result === null)
      throw new NodeRefuses(`${method} at ${this.url}: ${error?.message ?? 'no result'}`);
    return result;
  }

  /** Some nodes refuse with 400 or 413, and a proxy before them without JSON. */
  private parsed<T>(method: string, { status, bytes }: Answer): RpcAnswer<T> | null {
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as RpcAnswer<T> | null;
    } catch {
      throw new NodeRefuses(`${method} at ${this.url}: answers ${status} without JSON`);
    }
  }
}

/** A gateway that ends a long search answers 5xx, however often it is asked. */
const isRefusal = (error: NoAnswer): boolean => error instanceof NodeRefuses || (error.status ?? 0) >= 500;

const hexOf = (block: number): string => `0x${block.toString(16)}`;
