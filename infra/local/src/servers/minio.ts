import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { minioBinary } from '../binaries/sources.js';
import { answersOk, startChild, waitUntilReady } from '../machine/child.js';
import type { Child } from '../machine/child.js';
import { freePort } from '../machine/port.js';
import type { Report } from '../machine/progress.js';
import { signedHeaders } from './aws-signature.js';
import type { S3Credentials } from './aws-signature.js';

/** A running MinIO and its root credentials, which only the launcher uses. */
export interface MinioServer {
  readonly endpoint: string;
  readonly root: S3Credentials;
  readonly child: Child | null;
}

/** One bucket, and the only access key that may use it; the key may use nothing else. */
export interface Bucket extends S3Credentials {
  readonly endpoint: string;
  readonly bucket: string;
}

/**
 * Starts MinIO on loopback with its data in `dir/minio`; the root credentials are kept in `dir/minio.root` (0600).
 *
 * @throws BinaryUnavailableError MinIO could not be had
 */
export async function startMinio(
  spec: { dir: string; port?: number; onStart?: (child: Child) => void },
  report: Report,
): Promise<MinioServer> {
  const binary = await minioBinary(report);
  const data = join(spec.dir, 'minio');
  await mkdir(data, { recursive: true });
  const root = await rootCredentials(join(spec.dir, 'minio.root'));
  const port = spec.port ?? (await freePort());
  const child = await startChild({
    name: 'minio',
    command: binary,
    args: ['server', data, '--address', `127.0.0.1:${port}`, '--quiet'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: spec.dir,
      MINIO_ROOT_USER: root.accessKey,
      MINIO_ROOT_PASSWORD: root.secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    cwd: spec.dir,
    logFile: join(spec.dir, 'minio.log'),
    onStart: spec.onStart,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const server = { endpoint, root, child };
  // The health route answers before the user store is loaded, so readiness is a signed request that has to succeed.
  await waitUntilReady(
    child,
    async () => (await answersOk(`${endpoint}/minio/health/ready`)) && (await isServing(server)),
  ).catch(async (cause: unknown) => {
    await child.kill();
    throw cause;
  });
  return server;
}

/** Makes the bucket and its access key, or takes over the ones that exist. Secret: 8 to 40 characters. */
export async function createBucket(server: MinioServer, bucket: string, credentials: S3Credentials): Promise<Bucket> {
  const made = await send(server, 'PUT', `/${bucket}`, new Uint8Array());
  // 409: it is there already and ours, since only root makes buckets.
  if (!made.ok && made.status !== 409) throw new MinioError(`bucket ${bucket}: ${made.status} ${made.text}`);
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['s3:*'], Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`] },
    ],
  };
  const request = JSON.stringify({ policy, accessKey: credentials.accessKey, secretKey: credentials.secretKey });
  const body = encryptForAdmin(server.root.secretKey, Buffer.from(request));
  const added = await send(server, 'PUT', '/minio/admin/v3/add-service-account', body);
  if (!added.ok && !added.text.includes('already taken') && added.status !== 409)
    throw new MinioError(`access key of ${bucket}: ${added.status} ${added.text}`);
  return { endpoint: server.endpoint, bucket, ...credentials };
}

/**
 * The body format of MinIO's admin API (madmin-go `EncryptData`): salt(32) ‖ 2 ‖ nonce(8) ‖ one sealed fragment of its DARE stream.
 * The fragment's nonce is the stream's with a little-endian counter behind it; its associated data is 0x80 (last fragment) and the tag of the empty
 * header. Up to 16 KiB, which is one fragment.
 */
function encryptForAdmin(password: string, data: Uint8Array): Uint8Array {
  const salt = randomBytes(32);
  const nonce = randomBytes(8);
  const key = pbkdf2Sync(password, salt, 8192, 32, 'sha256');
  const seal = (counter: number, plaintext: Uint8Array, associated: Uint8Array) => {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32LE(counter);
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, suffix])).setAAD(associated);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  };
  const headerTag = seal(0, new Uint8Array(), new Uint8Array());
  const fragment = seal(1, data, Buffer.concat([Buffer.of(0x80), headerTag]));
  return Buffer.concat([salt, Buffer.of(2), nonce, fragment]);
}

async function send(
  server: Pick<MinioServer, 'endpoint' | 'root'>,
  method: string,
  path: string,
  body: Uint8Array,
): Promise<{ ok: boolean; status: number; text: string }> {
  const url = new URL(path, server.endpoint);
  const response = await fetch(url, {
    method,
    headers: signedHeaders({ method, url, body }, server.root, new Date()),
    ...(body.length === 0 ? {} : { body: Buffer.from(body) }),
  });
  return { ok: response.ok, status: response.status, text: await response.text() };
}

async function isServing(server: Pick<MinioServer, 'endpoint' | 'root'>): Promise<boolean> {
  return send(server, 'GET', '/', new Uint8Array()).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function rootCredentials(file: string): Promise<S3Credentials> {
  const kept = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  });
  if (kept !== null) return JSON.parse(kept) as S3Credentials;
  const fresh = { accessKey: 'cpds-root', secretKey: randomBytes(20).toString('hex') };
  await writeFile(file, JSON.stringify(fresh), { mode: 0o600 });
  return fresh;
}

/** MinIO refused what the launcher asked of it. */
export class MinioError extends Error {
  override readonly name = 'MinioError';
}
