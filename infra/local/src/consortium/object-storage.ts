import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryUnavailableError } from '../binaries/binary.js';
import { minioBinary } from '../binaries/sources.js';
import { createBucket, startMinio } from '../servers/minio.js';
import type { Bucket } from '../servers/minio.js';
import { bucketAt, namedS3Server } from '../servers/named-s3.js';
import { hospitals } from './parties.js';
import type { Hospital } from './parties.js';
import { groups } from './servers.js';
import type { ServersSpec } from './servers.js';

/** One bucket per hospital; null if there is no MinIO and the file system stands in. */
export type ObjectStorage = Record<Hospital, Bucket> | null;

/**
 * Opens the storage for the hospitals' encrypted objects: the S3 server that CPDS_S3_ENDPOINT names, else a MinIO of
 * our own, else files. Starts apart from the other servers: a new machine builds MinIO from source for minutes, and
 * only records needs it.
 *
 * @throws NamedS3Error    the environment names half of a server, or one that refuses
 * @throws                 `stopping`'s reason when it aborted before MinIO was started
 */
export async function openObjectStorage(spec: ServersSpec, stopping: AbortSignal): Promise<ObjectStorage> {
  const named = namedS3Server(process.env);
  const made =
    named === null
      ? await minioBuckets(spec, stopping)
      : (hospital: Hospital) => bucketAt(named, `records-${hospital}`);
  if (made === null) return null;
  const buckets = await Promise.all(hospitals.map(async (hospital) => [hospital, await made(hospital)] as const));
  return Object.fromEntries(buckets) as Record<Hospital, Bucket>;
}

/** Starts MinIO and returns a function that makes a bucket and the one access key that may use it. Null if MinIO cannot be had. */
async function minioBuckets(
  { dir, ports, secrets, report, entered }: ServersSpec,
  stopping: AbortSignal,
): Promise<((hospital: Hospital) => Promise<Bucket>) | null> {
  stopping.throwIfAborted();
  const stopped = new Promise<never>((_, reject) =>
    stopping.addEventListener('abort', () => reject(stopping.reason as Error), { once: true }),
  );
  try {
    // Whoever waits for records says that this is what it waits for.
    await Promise.race([minioBinary(() => undefined), stopped]);
  } catch (cause) {
    if (!(cause instanceof BinaryUnavailableError)) throw cause;
    report(`MinIO cannot be had here, so records are kept in the file system: ${cause.message}`);
    return null;
  }
  const minioDir = join(dir, 'minio');
  mkdirSync(minioDir, { recursive: true });
  const server = await startMinio(
    { dir: minioDir, port: await ports.free('minio'), onStart: (child) => entered(child, groups.bus) },
    report,
  );
  return (hospital) =>
    createBucket(server, `records-${hospital}`, {
      accessKey: `records-${hospital}`,
      secretKey: secrets.password(`s3.${hospital}`),
    });
}
