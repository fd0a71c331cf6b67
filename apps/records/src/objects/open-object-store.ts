import { invalid } from '@cpds/errors';
import type { RecordsConfig } from '../config.js';
import { FileSystemObjectStore } from './file-system.object-store.js';
import type { ObjectStore } from './object-store.js';
import { S3ObjectStore } from './s3.object-store.js';

/** The object store that the environment names. @throws AppError `bad-config` when it names none, or half of one */
export function openObjectStore(config: RecordsConfig): ObjectStore {
  const { S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET, OBJECT_STORE_DIR } = config;
  if (S3_ENDPOINT === undefined) {
    if (OBJECT_STORE_DIR === undefined)
      throw invalid('bad-config', 'S3_ENDPOINT', 'either S3_ENDPOINT or OBJECT_STORE_DIR must be set');
    return new FileSystemObjectStore(OBJECT_STORE_DIR);
  }
  if (!S3_ACCESS_KEY || !S3_SECRET_KEY || !S3_BUCKET)
    throw invalid('bad-config', 'S3_ENDPOINT', 'S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET go with it');
  return new S3ObjectStore({
    endpoint: S3_ENDPOINT,
    accessKey: S3_ACCESS_KEY,
    secretKey: S3_SECRET_KEY,
    bucket: S3_BUCKET,
  });
}
