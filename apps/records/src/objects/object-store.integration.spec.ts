import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testObjectStore } from '@cpds/local';
import { FileSystemObjectStore } from './file-system.object-store.js';
import { objectStoreSuite } from './object-store.suite.js';
import { S3ObjectStore } from './s3.object-store.js';

describe('the file-system object store', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cpds-objects-'));
    writeFileSync(join(folder, 'a-file'), '');
  });
  afterAll(() => {
    expect(readdirSync(join(folder, 'store', '.partial'))).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  objectStoreSuite(
    () => Promise.resolve(new FileSystemObjectStore(join(folder, 'store'))),
    () => new FileSystemObjectStore(join(folder, 'a-file', 'below')),
  );
});

describe('the S3 object store', () => {
  let bucket: Awaited<ReturnType<typeof testObjectStore>>;
  afterAll(() => bucket.close());

  objectStoreSuite(
    async () => {
      bucket = await testObjectStore();
      return new S3ObjectStore(bucket);
    },
    () => new S3ObjectStore({ ...bucket, endpoint: 'http://127.0.0.1:9' }),
  );

  it('is closed to a wrong secret, and says no more than that', async () => {
    const stranger = new S3ObjectStore({ ...bucket, secretKey: 'wrong-secret-of-somebody' });
    async function* one(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
    }
    await expect(stranger.put('objects/theirs', 1, one())).rejects.toMatchObject({ code: 'object-store-away' });
    await expect(stranger.get('objects/theirs')).rejects.toMatchObject({ code: 'object-store-away' });
  });
});
