import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { reportToStderr } from '../machine/progress.js';
import { postgresBinDir } from '../binaries/postgres.js';
import { ageBinary, pydicomFolder } from '../binaries/sources.js';
import { anvilKeys } from '../servers/anvil.js';
import { createBucket } from '../servers/minio.js';
import type { MinioServer } from '../servers/minio.js';
import { createDatabase, dropDatabase } from '../servers/postgres.js';

/** A database and role of its own on the test run's Postgres. `close` drops both, also under open connections. */
export async function testPostgres(): Promise<{ url: string; close(): Promise<void> }> {
  const { adminUrl } = await ask<{ adminUrl: string }>('/postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(adminUrl, name, randomBytes(12).toString('hex'));
  return { url, close: () => dropDatabase(adminUrl, name) };
}

/** A Postgres of its own, at its superuser's URL: `kill` ends it as a crash of the machine would. */
export async function testOwnPostgres(): Promise<{ url: string; kill(): Promise<void> }> {
  const { url, pid } = await ask<{ url: string; pid: number }>('/own-postgres');
  return { url, kill: () => stop(pid) };
}

/** A nats-server of its own with JetStream, `sync_interval: always`; without credentials, unless `extra` configuration has users. */
export async function testNats(
  options: { extra?: string } = {},
): Promise<{ url: string; monitorUrl: string; close(): Promise<void> }> {
  const { url, monitorUrl, pid } = await ask<{ url: string; monitorUrl: string; pid: number }>('/nats', options);
  return { url, monitorUrl, close: () => stop(pid) };
}

/** A bucket of its own on the test run's MinIO, and the one access key that may use it (and no other bucket). */
export async function testObjectStore(): Promise<{
  endpoint: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
  close(): Promise<void>;
}> {
  const minio = await ask<Omit<MinioServer, 'child'>>('/object-store');
  const bucket = `test-${randomBytes(6).toString('hex')}`;
  const made = await createBucket({ ...minio, child: null }, bucket, {
    accessKey: bucket,
    secretKey: randomBytes(20).toString('hex'),
  });
  // The bucket goes with the server at the end of the run.
  return { ...made, close: () => Promise.resolve() };
}

/** A chain of its own: blocks every `blockTimeSec` (1) and as soon as a transaction comes; ten funded accounts in `keys`. */
export async function testAnvil(
  options: { chainId?: number; blockTimeSec?: number } = {},
): Promise<{ url: string; chainId: number; keys: string[]; close(): Promise<void> }> {
  const { url, chainId, pid } = await ask<{ url: string; chainId: number; pid: number }>('/anvil', options);
  return { url, chainId, keys: [...anvilKeys], close: () => stop(pid) };
}

/** The path of the public `age` tool. */
export function testAge(): Promise<string> {
  return ageBinary(reportToStderr);
}

/** The folder that PYTHONPATH names to import pydicom, with its test files below `pydicom/data`. */
export function testPydicom(): Promise<string> {
  return pydicomFolder(reportToStderr);
}

/** The folder with Postgres's own programs, `pg_dump` among them. */
export function testPostgresTools(): Promise<string> {
  return postgresBinDir(reportToStderr);
}

const stop = async (pid: number): Promise<void> => {
  await ask('/stop', { pid });
};

function ask<T>(path: string, body: object = {}): Promise<T> {
  const socketPath = process.env['CPDS_TEST_SERVERS'];
  if (socketPath === undefined)
    throw new TestServersError('no test servers: run this under jest with the root configuration');
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: 'POST', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        const answer = JSON.parse(text) as { value?: T; error?: string };
        if (answer.error === undefined) resolve(answer.value as T);
        else reject(new TestServersError(answer.error));
      });
    });
    call.once('error', reject);
    call.end(JSON.stringify(body));
  });
}

/** A server of the test run could not be had. */
export class TestServersError extends Error {
  override readonly name = 'TestServersError';
}
