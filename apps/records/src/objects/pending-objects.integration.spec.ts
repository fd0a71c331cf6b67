import { testPostgres } from '@cpds/local';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { recordsTables } from '../migrations.js';
import type { ObjectStore } from './object-store.js';
import { PendingObjects } from './pending-objects.js';

/** A door that stays shut until it is opened: holds one side of a race where the test wants it. */
class Latch {
  open!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));
  private arrive!: () => void;
  /** resolves when somebody waits at the door */
  readonly reached = new Promise<void>((resolve) => (this.arrive = resolve));

  async pass(): Promise<void> {
    this.arrive();
    await this.opened;
  }
}

const key = 'objects/one';
const dayMs = 86_400_000;

let database: Awaited<ReturnType<typeof testPostgres>>;
let source: DataSource;
let unitOfWork: UnitOfWork;
/** names in the object store */
let stored: Set<string>;
let beforeDelete: (name: string) => Promise<void>;
let pending: PendingObjects;
const errors: unknown[] = [];

beforeAll(async () => {
  database = await testPostgres();
  source = await openStore({ url: database.url, ...recordsTables });
  unitOfWork = new UnitOfWork(source);
});
afterAll(async () => {
  await source.destroy();
  await database.close();
});
beforeEach(async () => {
  stored = new Set([key]);
  beforeDelete = async () => undefined;
  errors.length = 0;
  const store = {
    delete: async (name: string) => {
      await beforeDelete(name);
      stored.delete(name);
    },
  } as Partial<ObjectStore> as ObjectStore;
  pending = new PendingObjects(unitOfWork, store, { onError: (error) => errors.push(error) });
  await source.query('DELETE FROM pending_object');
});

const begin = (name: string, ageMs: number): Promise<unknown> =>
  source.query(`INSERT INTO pending_object (key, begun_at) VALUES ($1, now() - $2 * interval '1 millisecond')`, [
    name,
    ageMs,
  ]);
const intents = async (): Promise<string[]> =>
  ((await source.query('SELECT key FROM pending_object ORDER BY key')) as { key: string }[]).map((row) => row.key);

describe('a sweep and a commit that keeps the same object', () => {
  it('leave it when the commit came first, though it is not through yet', async () => {
    await begin(key, 1.5 * dayMs);
    const latch = new Latch();
    const keeping = unitOfWork.run(async (tx) => {
      await pending.keep(tx, key);
      await latch.pass();
    });
    await latch.reached;
    expect(await pending.sweep(dayMs)).toBe(0);
    latch.open();
    await keeping;
    expect([...stored]).toEqual([key]);
    expect(await intents()).toEqual([]);
  });

  it('give it up when the sweep came first, though the object is not gone yet', async () => {
    await begin(key, 1.5 * dayMs);
    const latch = new Latch();
    beforeDelete = () => latch.pass();
    const sweeping = pending.sweep(dayMs);
    await latch.reached;
    await expect(unitOfWork.run((tx) => pending.keep(tx, key))).rejects.toMatchObject({ code: 'object-swept' });
    latch.open();
    expect(await sweeping).toBe(1);
    expect([...stored]).toEqual([]);
  });
});

describe('a sweep', () => {
  it('comes again for an object whose slow writer finished after it, and died', async () => {
    await begin(key, 1.5 * dayMs);
    await pending.sweep(dayMs);
    stored.add(key);
    expect(await pending.sweep(dayMs)).toBe(0); // not each minute
    await source.query(`UPDATE pending_object SET begun_at = begun_at - interval '1 day'`);
    expect(await pending.sweep(dayMs)).toBe(1);
    expect([...stored]).toEqual([]);
    expect(await intents()).toEqual([]);
  });

  it('leaves what is young, and passes by what cannot be removed', async () => {
    const names = Array.from({ length: 250 }, (_, at) => `objects/${String(at).padStart(3, '0')}`);
    for (const name of names) await begin(name, 3 * dayMs);
    await begin('objects/young', dayMs / 2);
    beforeDelete = (name) =>
      name < 'objects/120' ? Promise.reject(new Error('the store refuses')) : Promise.resolve();
    expect(await pending.sweep(dayMs)).toBe(130);
    expect(await intents()).toEqual([...names.slice(0, 120), 'objects/young']);
    expect(errors).toHaveLength(120);
  });
});
