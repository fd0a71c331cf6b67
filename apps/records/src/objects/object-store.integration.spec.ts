import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
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

  it('forgets with a name what a writer that was killed left of it', async () => {
    const store = join(folder, 'store');
    let goOn!: () => void;
    const killed = new Promise<void>((resolve) => (goOn = resolve));
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('the first bytes');
      await killed;
    }
    const writing = new FileSystemObjectStore(store).put('objects/killed', 100, stuck());
    while (readdirSync(join(store, '.partial')).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new FileSystemObjectStore(store).delete('objects/killed');
    expect(readdirSync(join(store, '.partial'))).toEqual([]);
    goOn();
    await expect(writing).rejects.toMatchObject({ code: 'object-cut-off' });
  });

  it('syncs the folder of each name that it makes or removes, and those above a new folder', async () => {
    const synced: string[] = [];
    const any = await open(folder, 'r');
    const handles = Object.getPrototypeOf(any) as { sync(this: { fd: number }): Promise<void> };
    await any.close();
    const sync = handles.sync;
    const spy = jest.spyOn(handles, 'sync').mockImplementation(function (this: { fd: number }) {
      synced.push(relative(folder, readlinkSync(`/proc/self/fd/${this.fd}`)));
      return sync.call(this);
    });
    try {
      const store = new FileSystemObjectStore(join(folder, 'new', 'store'));
      await store.put('objects/one', 2, Readable.from([Buffer.from('ok')]));
      expect(new Set(synced)).toEqual(
        new Set(['', 'new', 'new/store', 'new/store/objects', 'new/store/.partial/objects_one']),
      );
      synced.length = 0;
      await store.delete('objects/one');
      expect(synced).toEqual(['new/store/objects']);
    } finally {
      spy.mockRestore();
    }
  });
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
