/**
 * One JSON-RPC endpoint over HTTP. Calls made in the same turn leave as one batch over one kept-alive connection; nothing
 * here needs Node.
 */

import { AppError } from '@cpds/errors';
import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import { observed } from './observer.js';

export interface RpcOptions {
  /** After so many milliseconds without an answer the call fails with `RpcUnreachable`. Default 5000. */
  readonly timeoutMs?: number;
  /** Carries the bytes. Default: fetch, or what `Rpc.transport` was set to. */
  readonly transport?: Transport;
}

/**
 * Posts JSON to a URL and returns the answer's JSON; rejects for anything but HTTP 2xx within `timeoutMs`, and with an
 * error called `TimeoutError` when that time has passed.
 */
export type Transport = (url: string, body: string, timeoutMs: number) => Promise<unknown>;

/** The transport by fetch, which Node and browsers have. */
const fetchTransport: Transport = async (url, body, timeoutMs) => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
};

interface Pending {
  readonly method: string;
  readonly params: readonly unknown[];
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface RpcAnswer {
  id?: number;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/** More calls than this in one turn leave as several batches, so that they stay below a node's request limit. */
const batchLimit = 100;

/** Silences in a row after which a node is left alone, and for how long, milliseconds. One call then asks again. */
const silencesBorne = 3;
const leftAloneMs = 10_000;

export class Rpc {
  private queue: Pending[] = [];
  /** A node that hangs would cost each call its whole time; one that refuses a connection costs nothing and is asked at once again. */
  private readonly breaker = circuitBreaker(handleWhen(isSilence), {
    halfOpenAfter: leftAloneMs,
    breaker: new ConsecutiveBreaker(silencesBorne),
  });
  private readonly timeoutMs: number;
  private readonly transport: Transport;

  /** The transport of endpoints that name none; set it once, at start. */
  static transport: Transport = fetchTransport;

  constructor(
    readonly url: string,
    options: RpcOptions = {},
  ) {
    this.timeoutMs = options.timeoutMs ?? 5000;
    this.transport = options.transport ?? Rpc.transport;
  }

  /** Only the host, for messages: a URL may carry an access key. */
  get host(): string {
    return new URL(this.url).host;
  }

  /**
   * Calls one method.
   *
   * @throws RpcRefused      the node answered with an error; `data` holds revert bytes where there are any
   * @throws RpcUnreachable  no answer, or one that is not JSON-RPC; at once while the node is left alone after three silences
   */
  request<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ method, params, resolve: resolve as (value: unknown) => void, reject });
      if (this.queue.length === 1) queueMicrotask(() => this.flush());
    });
  }

  private flush(): void {
    const queue = this.queue;
    this.queue = [];
    for (let at = 0; at < queue.length; at += batchLimit) void this.post(queue.slice(at, at + batchLimit));
  }

  private async post(calls: Pending[]): Promise<void> {
    const tell = (isAnswered: boolean): void => observed().asked({ host: this.host, calls: calls.length, isAnswered });
    try {
      const body = calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }));
      const text = JSON.stringify(body.length === 1 ? body[0] : body);
      const parsed = (await this.carried(text)) as RpcAnswer | RpcAnswer[];
      const answers = new Map((Array.isArray(parsed) ? parsed : [parsed]).map((answer) => [answer.id, answer]));
      tell(true);
      calls.forEach((call, id) => this.settle(call, answers.get(id)));
    } catch (cause) {
      tell(false);
      for (const call of calls) call.reject(new RpcUnreachable(this.host, call.method, cause));
    }
  }

  private async carried(text: string): Promise<unknown> {
    // Whoever comes while one call tries whether the node answers again does not wait for it.
    if (this.breaker.state === CircuitState.HalfOpen) throw new Error('the node did not answer before');
    return this.breaker.execute(() => this.transport(this.url, text, this.timeoutMs));
  }

  private settle(call: Pending, answer: RpcAnswer | undefined): void {
    if (answer === undefined)
      call.reject(new RpcUnreachable(this.host, call.method, new Error('answer missing in batch')));
    else if (answer.error) call.reject(new RpcRefused(this.host, call.method, answer.error));
    else call.resolve(answer.result);
  }
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** The node did not answer, so its state is unknown. */
export class RpcUnreachable extends AppError {
  constructor(
    readonly host: string,
    readonly method: string,
    cause: unknown,
  ) {
    super('chain-unreachable', 'unavailable', `chain node ${host} did not answer ${method}`, { cause });
  }
}

/** The node answered with an error of its own. */
export class RpcRefused extends AppError {
  readonly rpcCode: number;
  /** Revert bytes of a failed call or estimate, if the node gives them. */
  readonly data: string | undefined;

  constructor(
    readonly host: string,
    readonly method: string,
    error: { code: number; message: string; data?: unknown },
  ) {
    super('chain-refused', 'unavailable', `chain node ${host} refused ${method}: ${error.message.slice(0, 300)}`);
    this.rpcCode = error.code;
    this.data = revertBytes(error.data);
  }
}

/** Nodes put revert bytes at `data`, or one level deeper; Nethermind writes "Reverted" before them. */
function revertBytes(data: unknown): string | undefined {
  const bytes = typeof data === 'string' ? /^(?:reverted )?(0x[0-9a-f]*)$/i.exec(data)?.[1] : undefined;
  if (bytes !== undefined) return bytes.toLowerCase();
  if (typeof data === 'object' && data !== null && 'data' in data) return revertBytes(data.data);
  return undefined;
}
