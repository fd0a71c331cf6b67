import { unavailable } from '@cpds/errors';
import { CountedObjectStore } from './counted.object-store.js';
import { ObjectStore, objectExists, unknownObject } from './object-store.js';

/** Does what it is told to; its bodies end with `broken` if that is set. */
class Scripted extends ObjectStore {
  thrown: Error | null = null;
  broken: Error | null = null;

  private readonly does = () => (this.thrown ? Promise.reject(this.thrown) : Promise.resolve());
  put = this.does;
  delete = this.does;
  isUp = () => Promise.resolve(true);

  async get() {
    await this.does();
    return { sizeBytes: 3, body: this.body() };
  }

  private async *body() {
    yield Buffer.from('one');
    if (this.broken) throw this.broken;
  }
}

describe('a counted object store', () => {
  const store = new Scripted();
  const ends: string[] = [];
  const counted = new CountedObjectStore(store, (operation, outcome) => ends.push(`${operation} ${outcome}`));
  const away = unavailable('object-store-away', 'it hung up');
  const read = async () => {
    for await (const bytes of (await counted.get('objects/one')).body) expect(bytes.toString()).toBe('one');
  };
  beforeEach(() => {
    ends.length = 0;
    store.thrown = store.broken = null;
  });

  it('counts what was done', async () => {
    await counted.put('objects/one', 0, (async function* () {})());
    await read();
    await counted.delete('objects/one');
    expect(ends).toEqual(['put done', 'get done', 'delete done']);
  });

  it('tells what the store could not do from what it must refuse', async () => {
    for (const error of [away, objectExists('objects/one'), unknownObject('objects/one'), new Error('no such field')]) {
      store.thrown = error;
      await expect(read()).rejects.toBe(error);
    }
    expect(ends).toEqual(['get failed', 'get refused', 'get refused', 'get failed']);
  });

  it('counts a body that breaks off', async () => {
    store.broken = away;
    await expect(read()).rejects.toBe(away);
    expect(ends).toEqual(['get done', 'get failed']);
  });
});
