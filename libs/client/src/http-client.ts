import type { ZodType } from 'zod';
import { answerOf, exchange, type Exchange, type Fetcher } from './exchange.js';
import { below, type TokenSource } from './token-source.js';

export interface HttpClientOptions {
  baseUrl: string;
  /** omit for open routes */
  tokens?: Pick<TokenSource, 'token'>;
  /** id of the clinician on whose behalf all calls are made; omit if nobody in particular stands behind them */
  onBehalfOf?: string;
  fetcher?: Fetcher;
}

export type Query = Record<string, string | number | undefined>;

/** Typed calls to one service: every answer is parsed before it is returned. */
export class HttpClient {
  constructor(private readonly options: HttpClientOptions) {}

  /** Sends GET `path`; returns the answer, parsed with `schema`. */
  async get<T>(path: string, schema: ZodType<T>, query: Query = {}, more: Partial<Exchange> = {}): Promise<T> {
    const response = await this.raw('GET', path, query, more);
    return answerOf(response, schema, `answer of GET ${path}`);
  }

  /** Sends `body` as JSON by POST; returns the answer, parsed with `schema`. */
  async post<T>(path: string, body: object, schema: ZodType<T>, more: Partial<Exchange> = {}): Promise<T> {
    const response = await this.raw('POST', path, {}, { ...more, body });
    return answerOf(response, schema, `answer of POST ${path}`);
  }

  /** Sends any request and returns the response with its body unread, for streams. @throws AppError, see `exchange` */
  async raw(method: Exchange['method'], path: string, query: Query, more: Partial<Exchange>): Promise<Response> {
    const url = below(this.options.baseUrl, path.replace(/^\//, ''));
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const token = await this.options.tokens?.token();
    const { onBehalfOf, fetcher } = this.options;
    const headers = { ...(onBehalfOf === undefined ? {} : { 'cpds-on-behalf-of': onBehalfOf }), ...more.headers };
    return exchange({ ...more, headers, method, url, token, fetcher });
  }
}
