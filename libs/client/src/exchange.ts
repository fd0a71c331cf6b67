import { fromProblem, unavailable } from '@cpds/errors';

/** Sends a request: the global `fetch`, or that of a test. */
export type Fetcher = (input: string, init: RequestInit) => Promise<Response>;

export interface Exchange {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: URL;
  token?: string;
  /** an object is sent as JSON, a form or bytes as they are; a stream is sent once and never repeated */
  body?: object | URLSearchParams | Uint8Array | ReadableStream<Uint8Array>;
  headers?: Record<string, string>;
  /** whole time of one attempt, milliseconds; default 15,000 */
  timeoutMs?: number;
  /** attempts in all when the service is unavailable; default 4, for streams 1 */
  attempts?: number;
  signal?: AbortSignal;
  fetcher?: Fetcher;
}

/** The longest wait between attempts, milliseconds, whatever Retry-After says. */
const longestWaitMs = 5_000;

/**
 * One HTTP request to a service of a hospital. Repeats it after a 503 and its Retry-After, since a 503 says that
 * nothing was done.
 *
 * @returns the response of a 2xx, its body unread
 * @throws AppError of the service's problem document; `unreachable` (unavailable) when there is no answer
 */
export async function exchange(options: Exchange): Promise<Response> {
  const isStream = options.body instanceof ReadableStream;
  const attempts = isStream ? 1 : (options.attempts ?? 4);
  for (let attempt = 1; ; attempt++) {
    const response = await send(options);
    if (response.ok) return response;
    const retryAfterSec = Number(response.headers.get('retry-after') ?? '1') || 1;
    const text = await response.text();
    if (response.status !== 503 || attempt >= attempts) throw fromProblem(jsonOf(text), response.status, retryAfterSec);
    await new Promise((resolve) => setTimeout(resolve, Math.min(1_000 * retryAfterSec, longestWaitMs)));
  }
}

async function send(options: Exchange): Promise<Response> {
  const { method, url, token, body, timeoutMs = 15_000, signal } = options;
  const isStream = body instanceof ReadableStream;
  const isRaw = isStream || body instanceof URLSearchParams || body instanceof Uint8Array;
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
  const init: RequestInit & { duplex?: 'half' } = {
    method,
    signal: AbortSignal.any(signals),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined || isRaw ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: (isRaw ? body : JSON.stringify(body)) as RequestInit['body'] }),
    ...(isStream ? { duplex: 'half' } : {}),
  };
  try {
    return await (options.fetcher ?? fetch)(url.href, init);
  } catch (cause) {
    throw unavailable('unreachable', `${url.host} does not answer`, { cause });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no problem document: the error is made from the status
  }
}
