import { signedHeaders } from './aws-signature.js';
import type { S3Credentials } from './aws-signature.js';
import type { Bucket } from './minio.js';

/** An S3 server that this launcher does not run, and an account there that may make buckets. */
export interface NamedS3Server extends S3Credentials {
  readonly endpoint: string;
  /** Put before the name of each bucket: names are shared by all users of a server. */
  readonly prefix: string;
}

/**
 * The S3 server that the environment names by CPDS_S3_ENDPOINT, or null. CPDS_S3_ACCESS_KEY and CPDS_S3_SECRET_KEY are
 * required with it; CPDS_S3_BUCKET_PREFIX is optional (default `cpds-`).
 *
 * @throws NamedS3Error names the variable that is missing or no URL
 */
export function namedS3Server(environment: NodeJS.ProcessEnv): NamedS3Server | null {
  const { CPDS_S3_ENDPOINT: endpoint, CPDS_S3_ACCESS_KEY: accessKey, CPDS_S3_SECRET_KEY: secretKey } = environment;
  if (!endpoint) return null;
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new NamedS3Error('CPDS_S3_ENDPOINT must be the http:// or https:// address of an S3 server');
  if (!accessKey) throw new NamedS3Error('CPDS_S3_ACCESS_KEY goes with CPDS_S3_ENDPOINT');
  if (!secretKey) throw new NamedS3Error('CPDS_S3_SECRET_KEY goes with CPDS_S3_ENDPOINT');
  return { endpoint, accessKey, secretKey, prefix: environment['CPDS_S3_BUCKET_PREFIX'] ?? 'cpds-' };
}

/**
 * Makes a bucket at a named server, or takes over the one of that name if the account may use it.
 *
 * @throws NamedS3Error the server refuses it, or does not answer
 */
export async function bucketAt(server: NamedS3Server, name: string): Promise<Bucket> {
  const { endpoint, accessKey, secretKey } = server;
  const bucket = `${server.prefix}${name}`;
  const made = await ask(server, 'PUT', bucket);
  // 409: a bucket of this name exists; it is ours if we may look into it.
  const usable = made === 409 ? await ask(server, 'HEAD', bucket) : made;
  if (usable !== 200)
    throw new NamedS3Error(`the S3 server of CPDS_S3_ENDPOINT refuses bucket ${bucket}: HTTP ${usable}`);
  return { endpoint, bucket, accessKey, secretKey };
}

async function ask(server: NamedS3Server, method: 'PUT' | 'HEAD', bucket: string): Promise<number> {
  const url = new URL(server.endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${bucket}`;
  const headers = signedHeaders({ method, url, body: new Uint8Array() }, server, new Date());
  try {
    return (await fetch(url, { method, headers })).status;
  } catch (cause) {
    throw new NamedS3Error('the S3 server of CPDS_S3_ENDPOINT does not answer', { cause });
  }
}

/** The environment names an S3 server that cannot be used. */
export class NamedS3Error extends Error {
  override readonly name = 'NamedS3Error';
}
