import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { unavailable } from '@cpds/errors';
import { Client } from 'minio';
import {
  checkedKey,
  clip,
  exactly,
  objectExists,
  unknownObject,
  type ByteRange,
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
}

/** Seconds that a signed PUT address is valid; it is used at once. */
const signedForSec = 300;

/**
 * Objects in one bucket of an S3 server.
 *
 * A PUT is one request with an unsigned payload and a known length: the payload authenticates itself (age), a server
 * takes it whole or not at all, and no part of it is held here.
 */
export class S3ObjectStore implements ObjectStore {
  private readonly client: Client;
  private readonly agent: Agent;

  constructor(private readonly options: S3Options) {
    const { hostname, port, protocol } = new URL(options.endpoint);
    const useSSL = protocol === 'https:';
    this.agent = useSSL ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
    this.client = new Client({
      endPoint: hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      useSSL,
      accessKey: options.accessKey,
      secretKey: options.secretKey,
      region: options.region ?? 'us-east-1',
      transportAgent: this.agent,
    });
  }

  async put(key: string, sizeBytes: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const url = await this.client.presignedPutObject(this.options.bucket, checkedKey(key), signedForSec);
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'PUT',
      agent: this.agent,
      headers: { 'content-length': sizeBytes, 'if-none-match': '*' },
    });
    const own = remembering(exactly(sizeBytes, body));
    const [sent, answered] = await Promise.allSettled([
      pipeline(Readable.from(own.body), request),
      responseOf(request),
    ]);
    if (own.thrown() !== undefined) throw own.thrown();
    if (answered.status === 'fulfilled' && answered.value.statusCode === 412) throw objectExists(key);
    if (answered.status === 'fulfilled' && answered.value.statusCode === 200 && sent.status === 'fulfilled') return;
    throw storeAway(answered.status === 'fulfilled' ? `it answered ${answered.value.statusCode}` : 'it hung up');
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject> {
    try {
      const { size } = await this.client.statObject(this.options.bucket, checkedKey(key));
      return { sizeBytes: size, body: this.bytesOf(key, clip(range, size)) };
    } catch (error) {
      if (codeOf(error) === 'NotFound' || codeOf(error) === 'NoSuchKey') throw unknownObject(key);
      throw error instanceof TypeError ? error : storeAway(codeOf(error) ?? 'it does not answer', error);
    }
  }

  async delete(key: string): Promise<void> {
    await this.client.removeObject(this.options.bucket, checkedKey(key));
  }

  async isUp(): Promise<boolean> {
    try {
      return await this.client.bucketExists(this.options.bucket);
    } catch {
      return false; // the probe's answer, not an error
    }
  }

  /** Asks when the first byte is wanted: a part that nobody reads holds no connection. */
  private async *bytesOf(key: string, part: { from: number; length: number }): AsyncGenerator<Uint8Array> {
    if (part.length === 0) return;
    yield* await this.client.getPartialObject(this.options.bucket, key, part.from, part.length);
  }
}

/** The answer's head; its body is read away so that the connection can be used again. */
async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.once('close', () => reject(new Error('closed without an answer')));
  });
  response.resume();
  return response;
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

const storeAway = (why: string, cause?: unknown) =>
  unavailable('object-store-away', `the object store is not usable: ${why}`, { cause, retryAfterSec: 5 });
