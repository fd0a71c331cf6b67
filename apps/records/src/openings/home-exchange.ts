import { Injectable } from '@nestjs/common';
import { parseJson, fromProblem, toAppError, unavailable } from '@cpds/errors';
import { fetchHeaders, RecordMetadata, type FetchRequest } from '@cpds/messages';
import { z } from 'zod';

/** A's answer: the age file as it comes, and the salt and metadata that open its deed. */
export interface HomeFile {
  sizeBytes: number;
  metadata: RecordMetadata;
  salt: Uint8Array;
  body: AsyncIterable<Uint8Array>;
}

/** Milliseconds that A may take before its headers: longer than A waits for its own log. */
const headersWithinMs = 15_000;

const Salt = z.string().regex(/^0x[0-9a-f]{64}$/);

/** The client of another hospital's exchange endpoint. */
@Injectable()
export class HomeExchange {
  /**
   * Asks for the whole file.
   *
   * @throws AppError A's own refusal (410 stays 410); `home-silent`, `home-garbled` (unavailable)
   */
  async fetch(exchangeUrl: string, request: z.infer<typeof FetchRequest>): Promise<HomeFile> {
    const response = await this.post(exchangeUrl, request);
    if (response.status !== 200 || !response.body) throw fromProblem(await jsonOf(response), response.status);
    const sizeBytes = Number(response.headers.get('content-length'));
    if (!(sizeBytes > 0)) throw garbled('content-length');
    return {
      sizeBytes,
      metadata: metadataOf(response.headers.get(fetchHeaders.metadata)),
      salt: saltOf(response.headers.get(fetchHeaders.salt)),
      body: response.body,
    };
  }

  /** Asks and returns status and problem document, and no byte of a record. */
  async ask(
    exchangeUrl: string,
    request: z.infer<typeof FetchRequest>,
  ): Promise<{ status: number; problem: Record<string, unknown> | null }> {
    const response = await this.post(exchangeUrl, request);
    if (response.ok) {
      await response.body?.cancel();
      return { status: response.status, problem: null };
    }
    return { status: response.status, problem: await jsonOf(response) };
  }

  private async post(exchangeUrl: string, request: z.infer<typeof FetchRequest>): Promise<Response> {
    const base = exchangeUrl.endsWith('/') ? exchangeUrl : `${exchangeUrl}/`;
    // Bounds the wait for the headers only: a large body may take its time.
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), headersWithinMs);
    try {
      return await fetch(new URL('exchange/fetch', base), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        redirect: 'error',
        signal: silence.signal,
      });
    } catch (cause) {
      throw unavailable('home-silent', 'the home hospital does not answer', {
        cause: toAppError(cause),
        retryAfterSec: 5,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(await response.json());
  } catch {
    return {}; // no problem document of ours: only the status is known
  }
}

function metadataOf(header: string | null): RecordMetadata {
  try {
    return parseJson(RecordMetadata, Buffer.from(header ?? '', 'base64url'), 'metadata');
  } catch {
    throw garbled(fetchHeaders.metadata);
  }
}

function saltOf(header: string | null): Uint8Array {
  const salt = Salt.safeParse(header);
  if (!salt.success) throw garbled(fetchHeaders.salt);
  return new Uint8Array(Buffer.from(salt.data.slice(2), 'hex'));
}

const garbled = (field: string) =>
  unavailable('home-garbled', `the home hospital's answer is not a record: ${field}`, { field, retryAfterSec: 5 });
