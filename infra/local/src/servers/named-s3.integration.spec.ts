import { Client } from 'minio';
import { openObjectStorage } from '../consortium/object-storage.js';
import type { ServersSpec } from '../consortium/servers.js';
import { testObjectStore } from '../testing/servers.js';
import { bucketAt, namedS3Server } from './named-s3.js';

const account = { CPDS_S3_ACCESS_KEY: 'key', CPDS_S3_SECRET_KEY: 'secret' };

describe('an S3 server named in the environment', () => {
  it('is none without an address', () => {
    expect(namedS3Server({})).toBeNull();
    expect(namedS3Server({ CPDS_S3_ENDPOINT: '', ...account })).toBeNull();
  });

  it.each([
    ['no URL', { CPDS_S3_ENDPOINT: 'localhost:9000', ...account }, 'CPDS_S3_ENDPOINT must be'],
    ['no access key', { ...account, CPDS_S3_ENDPOINT: 'http://s3', CPDS_S3_ACCESS_KEY: '' }, 'CPDS_S3_ACCESS_KEY goes'],
    ['no secret', { CPDS_S3_ENDPOINT: 'http://s3', CPDS_S3_ACCESS_KEY: 'key' }, 'CPDS_S3_SECRET_KEY goes'],
  ])('is refused with %s', (_what, environment, says) => {
    expect(() => namedS3Server(environment)).toThrow(says);
  });

  describe('with an account', () => {
    let store: Awaited<ReturnType<typeof testObjectStore>>;

    beforeAll(async () => {
      store = await testObjectStore();
    });

    const environmentOf = (secretKey: string) => ({
      CPDS_S3_ENDPOINT: store.endpoint,
      CPDS_S3_ACCESS_KEY: store.accessKey,
      CPDS_S3_SECRET_KEY: secretKey,
      CPDS_S3_BUCKET_PREFIX: '',
    });

    it('gives a bucket that is there already, and that takes objects', async () => {
      const bucket = await bucketAt(namedS3Server(environmentOf(store.secretKey))!, store.bucket);
      const { hostname, port } = new URL(bucket.endpoint);
      const client = new Client({
        endPoint: hostname,
        port: Number(port),
        useSSL: false,
        region: 'us-east-1',
        ...bucket,
      });
      await client.putObject(bucket.bucket, 'a', Buffer.from('hello'));
      expect((await client.statObject(bucket.bucket, 'a')).size).toBe(5);
    });

    it('is refused by name where the account may not use the bucket', async () => {
      const server = namedS3Server(environmentOf('wrong-secret'))!;
      await expect(bucketAt(server, store.bucket)).rejects.toThrow(`refuses bucket ${store.bucket}: HTTP 403`);
    });

    it('is what a consortium keeps its objects on, without a MinIO of its own', async () => {
      const kept = { ...process.env };
      // No binary may be looked for, built or started: each would throw.
      const untouched = new Proxy({} as ServersSpec, {
        get: (_, what) => {
          throw new Error(`${String(what)} was asked for`);
        },
      });
      Object.assign(process.env, environmentOf('wrong-secret'), { CPDS_MINIO_BIN: '/nowhere' });
      try {
        await expect(openObjectStorage(untouched, new AbortController().signal)).rejects.toThrow(
          /refuses bucket records-(north|south): HTTP 403/,
        );
      } finally {
        process.env = kept;
      }
    });
  });
});

describe('the object storage of a consortium that is being stopped', () => {
  it('starts no MinIO any more', async () => {
    const stopping = new AbortController();
    stopping.abort(new Error('stopped'));
    const spec = { report: () => undefined } as unknown as ServersSpec;
    await expect(openObjectStorage(spec, stopping.signal)).rejects.toThrow('stopped');
  });
});
