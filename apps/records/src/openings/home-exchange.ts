import { Injectable } from '@nestjs/common';
import { maxHeaderBytes, payloadLength } from '@cpds/crypto/age';
import { jsonObject, parseJson, fromProblem, toAppError, unavailable } from '@cpds/errors';
import { requestHeaders } from '@cpds/bus';
import { steady } from '@cpds/service';
import { fetchHeaders, RecordMetadata, type FetchRequest, type Withdrawal, WithdrawalAnswer } from '@cpds/messages';
import { z } from 'zod';

/** A's answer: the age file as it comes, and the salt and metadata that open its deed. */
export interface HomeFile {
  sizeBytes: number;
  metadata: RecordMetadata;
  salt: Uint8Array;
  body: AsyncIterable<Uint8Array>;
}

/** Milliseconds that the body of A's answer may pause. */
const bodyIdleMs = 30_000;

/** Milliseconds that A may take before its headers: longer than A waits for its own log. */
const headersWithinMs = 15_000;

const Salt = z.string().regex(/^0x[0-9a-f]{64}$/);

/** Bytes of a problem document at most: a hospital that means no good must not fill memory or a day with one. */
const maxProblemBytes = 64 * 1024;

export abstract class HomeExchangeOptions {
  /** plaintext of a record at most; a larger one is refused before a byte of it is kept */
  abstract readonly maxRecordBytes: number;
}

/** The client of another hospital's exchange endpoint. */
@Injectable()
export class HomeExchange {
  constructor(private readonly options: HomeExchangeOptions) {}

  /**
   * Asks for the whole file. The answer's length must be the one that its metadata has as an age file; whether these are
   * the consented record's is known only when all of it is here, so the own limit bounds what may come until then.
   *
   * @throws AppError A's own refusal (410 stays 410); `home-silent`, `home-garbled` (unavailable)
   */
  async fetch(exchangeUrl: string, request: z.infer<typeof FetchRequest>): Promise<HomeFile> {
    const response = await this.post(exchangeUrl, 'exchange/fetch', request);
    if (response.status !== 200 || !response.body) throw fromProblem(await jsonOf(response), response.status);
    const sizeBytes = Number(response.headers.get('content-length'));
    try {
      const metadata = metadataOf(response.headers.get(fetchHeaders.metadata));
      const salt = saltOf(response.headers.get(fetchHeaders.salt));
      checkLengths(sizeBytes, metadata, this.options.maxRecordBytes);
      return { sizeBytes, metadata, salt, body: steady(response.body, bodyIdleMs, homeSilent) };
    } catch (error) {
      await response.body.cancel();
      throw error;
    }
  }

  /** Tells another hospital that the record of its grant was withdrawn. @throws AppError its refusal; `home-silent`, `home-garbled` (unavailable) */
  async withdraw(exchangeUrl: string, withdrawal: Withdrawal): Promise<WithdrawalAnswer> {
    const response = await this.post(exchangeUrl, 'exchange/withdrawals', withdrawal);
    if (response.status !== 200) throw fromProblem(await jsonOf(response), response.status);
    const answer = WithdrawalAnswer.safeParse(await jsonOf(response));
    if (!answer.success) throw garbled('withdrawal');
    return answer.data;
  }

  /** Asks and returns status and problem document, and no byte of a record. */
  async ask(
    exchangeUrl: string,
    request: z.infer<typeof FetchRequest>,
  ): Promise<{ status: number; problem: Record<string, unknown> | null }> {
    const response = await this.post(exchangeUrl, 'exchange/fetch', request);
    if (response.ok) {
      await response.body?.cancel();
      return { status: response.status, problem: null };
    }
    return { status: response.status, problem: await jsonOf(response) };
  }

  private async post(exchangeUrl: string, path: string, body: object): Promise<Response> {
    const base = exchangeUrl.endsWith('/') ? exchangeUrl : `${exchangeUrl}/`;
    // Bounds the wait for the headers only: a large body may take its time.
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), headersWithinMs);
    try {
      return await fetch(new URL(path, base), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...requestHeaders() },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: silence.signal,
      });
    } catch (cause) {
      throw homeSilent(toAppError(cause));
    } finally {
      clearTimeout(timer);
    }
  }
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  try {
    return jsonObject.parse(JSON.parse(await startOf(response)));
  } catch {
    return {}; // no problem document of ours: only the status is known
  }
}

/** The body as text, up to the longest problem document; the rest is not read, and its connection ends. */
async function startOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    parts.push(part);
    length += part.length;
    if (length > maxProblemBytes) break;
  }
  return Buffer.concat(parts).toString();
}

/** @throws AppError `home-garbled` names the length */
function checkLengths(sizeBytes: number, metadata: RecordMetadata, maxRecordBytes: number): void {
  if (metadata.sizeBytes > maxRecordBytes) throw garbled('metadata.sizeBytes');
  const headerBytes = sizeBytes - payloadLength(metadata.sizeBytes);
  if (!(headerBytes > 0 && headerBytes <= maxHeaderBytes)) throw garbled('content-length');
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

const homeSilent = (cause?: unknown) =>
  unavailable('home-silent', 'the home hospital does not answer', { cause, retryAfterSec: 5 });
