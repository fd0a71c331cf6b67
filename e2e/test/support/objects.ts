import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '@cpds/cli';
import type { Hospital } from '@cpds/local';
import { Client } from 'minio';
import { filesBelow } from './stage.js';

/** Reads and writes a hospital's object store with its credentials, past the records service. */
export interface Objects {
  list(): Promise<string[]>;
  get(key: string): Promise<Buffer>;
  put(key: string, bytes: Buffer): Promise<void>;
}

/** MinIO's bucket of the hospital, or the folder that stands in for it. */
export async function objectsOf({ consortium }: World, hospital: Hospital): Promise<Objects> {
  const bucket = (await consortium.objectStorage)?.[hospital];
  if (bucket === undefined) return folder(join(consortium.dir, 'objects', hospital));
  const { hostname, port } = new URL(bucket.endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: bucket.accessKey,
    secretKey: bucket.secretKey,
    region: 'us-east-1',
  });
  return {
    async list() {
      const keys: string[] = [];
      for await (const item of client.listObjectsV2(bucket.bucket, '', true))
        keys.push((item as { name: string }).name);
      return keys.sort();
    },
    async get(key) {
      const parts: Buffer[] = [];
      for await (const part of await client.getObject(bucket.bucket, key)) parts.push(part as Buffer);
      return Buffer.concat(parts);
    },
    async put(key, bytes) {
      await client.putObject(bucket.bucket, key, bytes);
    },
  };
}

function folder(dir: string): Objects {
  return {
    list: async () => (await filesBelow(dir)).map((path) => path.slice(dir.length + 1)).sort(),
    get: (key) => readFile(join(dir, key)),
    put: (key, bytes) => writeFile(join(dir, key), bytes),
  };
}
