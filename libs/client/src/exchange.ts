import { type AppError, fromProblem, parse, unavailable } from '@cpds/errors';
import type { ZodType } from 'zod';

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
  /** attempts in all when the service is unavailable or has had too many requests; default 4, for streams 1 */
  attempts?: number;
  signal?: AbortSignal;
  fetcher?: Fetcher;
}

/** The longest wait between attempts, milliseconds. Whoever is told to stay away for longer gets the error and is not asked again. */
const longestWaitMs = 60_000;

/**
 * One HTTP request to a service of a hospital. Repeats it after a 503 or 429 and its Retry-After, never sooner, since
 * both say that nothing was done.
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
    const retryAfterSec = secondsOf(response.headers.get('retry-after'), Date.now());
    const error = fromProblem(jsonOf(await textOf(response)), response.status, retryAfterSec);
    const mayRepeat = response.status === 503 || response.status === 429;
    if (!mayRepeat || attempt >= attempts || 1_000 * retryAfterSec > longestWaitMs) throw error;
    await rest(1_000 * retryAfterSec, options.signal);
  }
}

/**
 * The JSON body of an answer, parsed.
 *
 * @throws AppError `unreachable` (unavailable) when the connection ends before the body does; `invalid-input` for another shape
 */
export async function answerOf<T>(response: Response, schema: ZodType<T>, what: string): Promise<T> {
  return parse(schema, jsonOf(await textOf(response)), what);
}

/** The pieces of an answer's body as they come. @throws AppError `unreachable` (unavailable) when the connection ends before the body does */
export async function* piecesOf(response: Response): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const piece of response.body ?? []) yield piece;
  } catch (cause) {
    throw cutOff(response, cause);
  }
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw cutOff(response, cause);
  }
}

function cutOff(response: Response, cause: unknown): AppError {
  const host = URL.canParse(response.url) ? new URL(response.url).host : 'the service';
  return unavailable('unreachable', `the connection to ${host} ended before its answer did`, { cause });
}

/** Seconds that a Retry-After asks for, as a number or a date (RFC 9110 §10.2.3); 1 when there is none to read. */
export function secondsOf(retryAfter: string | null, nowMs: number): number {
  const text = retryAfter?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? 1 : Math.max(0, Math.ceil((atMs - nowMs) / 1_000));
}

/** Waits, or throws what `signal` was aborted with. */
async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const give = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', give);
      resolve();
    }, ms);
    signal?.addEventListener('abort', give, { once: true });
  });
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
    return null; // no JSON: whoever reads it says what it should have been
  }
}
