import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { exactly, type ObjectStore } from './object-store.js';

const KiB = 1024;

async function* pieces(bytes: Uint8Array, size = 64 * KiB): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function read(store: ObjectStore, key: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of (await store.get(key)).body) parts.push(part);
  return Buffer.concat(parts);
}

/** What every object store must do. `open` gives the store under test; `broken` one that cannot be reached. */
export function objectStoreSuite(open: () => Promise<ObjectStore>, broken: () => ObjectStore): void {
  let store: ObjectStore;
  const name = (): string => `objects/${randomUUID()}`;
  beforeAll(async () => {
    store = await open();
  });

  it.each([1, 64 * KiB, 3_000_001])('gives back the %d bytes it took', async (length) => {
    const [key, bytes] = [name(), randomBytes(length)];
    await store.put(key, length, pieces(bytes));
    expect((await store.get(key)).sizeBytes).toBe(length);
    expect(digest(await read(store, key))).toBe(digest(bytes));
  });

  it('writes a name once', async () => {
    const key = name();
    await store.put(key, 3, pieces(Buffer.from('one')));
    await expect(store.put(key, 3, pieces(Buffer.from('two')))).rejects.toMatchObject({
      code: 'object-exists',
      kind: 'conflict',
    });
    expect((await read(store, key)).toString()).toBe('one');
  });

  it('of two writers at once takes exactly one', async () => {
    const key = name();
    const both = await Promise.allSettled([
      store.put(key, 3, pieces(Buffer.from('one'))),
      store.put(key, 3, pieces(Buffer.from('two'))),
    ]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [winner] = both.map(({ status }, i) => (status === 'fulfilled' ? ['one', 'two'][i] : '')).filter(Boolean);
    expect((await read(store, key)).toString()).toBe(winner);
  });

  it.each([
    ['ends early', 10],
    ['goes on too long', 300],
  ])('keeps nothing of a body that %s', async (_, announced) => {
    const key = name();
    await expect(store.put(key, announced === 10 ? 11 : 299, pieces(randomBytes(announced)))).rejects.toMatchObject({
      code: 'object-cut-off',
    });
    await expect(store.get(key)).rejects.toMatchObject({ code: 'unknown-object', kind: 'missing' });
  });

  it('keeps nothing of a body that throws, and throws the same', async () => {
    const key = name();
    const own = new Error('the body is wrong');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield randomBytes(200 * KiB);
      throw own;
    }
    await expect(store.put(key, 500 * KiB, failing())).rejects.toBe(own);
    await expect(store.get(key)).rejects.toMatchObject({ code: 'unknown-object' });
    await store.put(key, 2, pieces(Buffer.from('ok')));
    expect((await read(store, key)).toString()).toBe('ok');
  });

  it('lets the source of a reader go who leaves early', async () => {
    const key = name();
    await store.put(key, 3_000_000, pieces(randomBytes(3_000_000)));
    for (let i = 0; i < 30; i++) for await (const part of (await store.get(key)).body) if (part.length > 0) break;
    expect(await read(store, key)).toHaveLength(3_000_000);
  });

  it('removes, twice if asked', async () => {
    const key = name();
    await store.put(key, 2, pieces(Buffer.from('ok')));
    await store.delete(key);
    await store.delete(key);
    await expect(store.get(key)).rejects.toMatchObject({ code: 'unknown-object' });
  });

  it('refuses names that lead elsewhere', async () => {
    for (const key of ['../x', 'a//b', '/a', 'A', 'a/../b', ''])
      await expect(store.put(key, 1, pieces(Buffer.from('x')))).rejects.toThrow(TypeError);
  });

  it('says whether it is up', async () => {
    expect(await store.isUp()).toBe(true);
    expect(await broken().isUp()).toBe(false);
  });

  it('counts what passes', async () => {
    const all: Uint8Array[] = [];
    for await (const part of exactly(5, pieces(Buffer.from('12345'), 2))) all.push(part);
    expect(Buffer.concat(all).toString()).toBe('12345');
  });
}
