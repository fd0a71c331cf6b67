import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, unavailable } from '@cpds/errors';
import { steady, within } from '@cpds/service';
import { Client } from 'minio';
import {
  checkedKey,
  exactly,
  objectExists,
  unknownObject,
  type ObjectStore,
  type StoredObject,
} from './object-store.js';

export interface S3Options {
  /** `http://host:port` or `https://…` */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
  /** default `us-east-1`; fixed here, since the client would ask the server for it at each signature */
  region?: string;
  /** milliseconds that the server may take no byte, send none, or owe an answer; default 30,000 */
  silenceMs?: number;
}

/** Seconds that a signed address is valid; it is used at once. */
const signedForSec = 300;

/**
 * Objects in one bucket of an S3 server.
 *
 * A PUT is one request with an unsigned payload and a known length: the payload authenticates itself (age), a server
 * takes it whole or not at all, and no part of it is held here.
 *
 * Only what the server owes is timed: a slow sender or reader on our side is bounded where it comes in.
 */
export class S3ObjectStore implements ObjectStore {
  private readonly client: Client;
  /** for bodies */
  private readonly agent: Agent;
  /** for the client's own calls, whose sockets cannot be reached one by one */
  private readonly asking: Agent;
  private readonly silenceMs: number;

  constructor(private readonly options: S3Options) {
    const { hostname, port, protocol } = new URL(options.endpoint);
    const useSSL = protocol === 'https:';
    const newAgent = () => (useSSL ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true }));
    this.agent = newAgent();
    this.asking = newAgent();
    this.silenceMs = options.silenceMs ?? 30_000;
    this.client = new Client({
      endPoint: hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      useSSL,
      accessKey: options.accessKey,
      secretKey: options.secretKey,
      region: options.region ?? 'us-east-1',
      transportAgent: this.asking,
    });
  }

  async put(key: string, sizeBytes: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const url = await this.client.presignedPutObject(this.options.bucket, checkedKey(key), signedForSec);
    const request = this.request(url, 'PUT', { 'content-length': sizeBytes, 'if-none-match': '*' });
    cutWhenSilent(request, this.silenceMs);
    const own = remembering(exactly(sizeBytes, body));
    const answer = responseOf(request);
    // A server that answers before the end reads no more: the rest would wait for it for ever.
    void answer.then(
      (response) => {
        response.resume(); // read away, so that the connection can be used again
        if (!request.writableEnded) request.destroy();
      },
      () => undefined,
    );
    const [sent, answered] = await Promise.allSettled([pipeline(Readable.from(own.body), request), answer]);
    if (own.thrown() !== undefined) throw own.thrown();
    if (answered.status === 'fulfilled' && answered.value.statusCode === 412) throw objectExists(key);
    if (answered.status === 'fulfilled' && answered.value.statusCode === 200 && sent.status === 'fulfilled') return;
    throw storeAway(answered.status === 'fulfilled' ? `it answered ${answered.value.statusCode}` : 'it hung up');
  }

  async get(key: string): Promise<StoredObject> {
    try {
      const { size } = await this.ask(this.client.statObject(this.options.bucket, checkedKey(key)));
      return { sizeBytes: size, body: this.bytesOf(key, size) };
    } catch (error) {
      if (codeOf(error) === 'NotFound' || codeOf(error) === 'NoSuchKey') throw unknownObject(key);
      throw asAway(error);
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.ask(this.client.removeObject(this.options.bucket, checkedKey(key)));
    } catch (error) {
      throw asAway(error);
    }
  }

  async isUp(): Promise<boolean> {
    try {
      return await this.ask(this.client.bucketExists(this.options.bucket));
    } catch {
      return false; // the probe's answer, not an error
    }
  }

  /** Asks when the first byte is wanted: a body that nobody reads holds no connection. */
  private async *bytesOf(key: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
    const url = await this.client.presignedGetObject(this.options.bucket, key, signedForSec);
    const request = this.request(url, 'GET', {});
    request.end();
    try {
      const response = await within(responseOf(request), this.silenceMs, silent);
      if (response.statusCode !== 200) throw storeAway(`it answered ${response.statusCode}`);
      yield* exactly(sizeBytes, steady(response as AsyncIterable<Uint8Array>, this.silenceMs, silent));
    } catch (error) {
      request.destroy();
      throw asAway(error);
    }
  }

  private request(url: string, method: 'GET' | 'PUT', headers: Record<string, string | number>): ClientRequest {
    return (url.startsWith('https:') ? httpsRequest : httpRequest)(url, { method, agent: this.agent, headers });
  }

  /** What a call of the client gives; a silent server ends it and every other call that waits for it. */
  private ask<T>(call: Promise<T>): Promise<T> {
    return within(call, this.silenceMs, () => {
      this.asking.destroy();
      return silent();
    });
  }
}

/** The answer's head. */
async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.once('close', () => reject(new Error('closed without an answer')));
  });
}

/** Ends `request` when the server, which owes an answer or has not taken what waits, stays silent for `ms`. */
function cutWhenSilent(request: ClientRequest, ms: number): void {
  let passed = -1;
  let since = Date.now();
  const timer = setInterval(() => {
    const bytes = request.socket?.bytesWritten ?? 0;
    const owes = request.writableEnded || request.writableNeedDrain;
    if (!owes || bytes !== passed) [passed, since] = [bytes, Date.now()];
    else if (Date.now() - since >= ms) request.destroy(silent());
  }, ms / 10);
  request.once('close', () => clearInterval(timer));
}

/** Passes `body` on and keeps its error, so that this is not taken for an error of the server. */
function remembering(body: AsyncIterable<Uint8Array>): { body: AsyncIterable<Uint8Array>; thrown: () => unknown } {
  let error: unknown;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (thrown) {
      error = thrown;
      throw thrown;
    }
  }
  return { body: watched(), thrown: () => error };
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

/** An error of the store; a wrong name and what says for itself what it is stay as they are. */
function asAway(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof AppError) return error;
  return storeAway(codeOf(error) ?? 'it does not answer', error);
}

const silent = () => storeAway('it is silent');

const storeAway = (why: string, cause?: unknown) =>
  unavailable('object-store-away', `the object store is not usable: ${why}`, { cause, retryAfterSec: 5 });
