/** One JSON exchange with a service: parsed by schema, failures as the error the service named. */

import { fromProblem, parse, unavailable } from '@cpds/errors';
import type { ZodType } from 'zod';

/** Signature of `fetch`, a parameter so that a browser, a test and a proxy can each give their own. */
export type Fetcher = (url: string, init: RequestInit) => Promise<Response>;

/** What is sent. */
export interface Outgoing {
  method: 'GET' | 'POST';
  url: URL;
  token?: string;
  /** Sent as JSON; URLSearchParams as a form. */
  body?: unknown;
  timeoutMs: number;
}

/**
 * Sends and parses.
 *
 * @throws AppError `service-unreachable` (unavailable) without an answer; the service's own code and kind where it refused
 */
export async function exchange<T>(fetcher: Fetcher, schema: ZodType<T>, outgoing: Outgoing): Promise<T> {
  const { method, url, token, body, timeoutMs } = outgoing;
  const isForm = body instanceof URLSearchParams;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
  if (body !== undefined) init.body = isForm ? body.toString() : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetcher(url.href, init);
  } catch (cause) {
    throw unavailable('service-unreachable', `${url.host} did not answer ${method} ${url.pathname}`, { cause });
  }
  const text = await response.text();
  if (!response.ok) throw fromProblem(jsonOf(text), response.status);
  return parse(schema, jsonOf(text), `answer of ${url.pathname}`);
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? {} : (JSON.parse(text) as unknown);
  } catch {
    // Not JSON: the schema says so with the name of the answer.
    return undefined;
  }
}
