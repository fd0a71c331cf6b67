import { testPostgres } from '@cpds/local';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { once } from './idempotency.js';
import { Leases } from './lease.js';
import { openStore } from './open-store.js';
import { hasSqlState, UnitOfWork } from './unit-of-work.js';

class Counter1763800000100 implements MigrationInterface {
  name = 'Counter1763800000100';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE counter (id int PRIMARY KEY, value int NOT NULL)');
    await runner.query('INSERT INTO counter VALUES (1, 0), (2, 0)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE counter');
  }
}

let database: Awaited<ReturnType<typeof testPostgres>>;
let store: DataSource;
let unitOfWork: UnitOfWork;

const open = (): Promise<DataSource> => openStore({ url: database.url, migrations: [Counter1763800000100] });
const valueOf = async (id: number): Promise<number> =>
  ((await store.query('SELECT value FROM counter WHERE id = $1', [id])) as [{ value: number }])[0].value;

beforeAll(async () => {
  database = await testPostgres();
  store = await open();
  unitOfWork = new UnitOfWork(store);
});

afterAll(async () => {
  await store.destroy();
  await database.close();
});

describe('openStore', () => {
  it('runs each migration once when several processes start together', async () => {
    const fresh = await testPostgres();
    const stores = await Promise.all(
      [1, 2, 3].map(() => openStore({ url: fresh.url, migrations: [Counter1763800000100], poolSize: 2 })),
    );
    const rows = (await stores[0]!.query('SELECT name FROM migrations')) as unknown[];
    expect(rows).toHaveLength(3);
    await Promise.all(stores.map((each) => each.destroy()));
    await fresh.close();
  });

  it('says that the database is away', async () => {
    await expect(openStore({ url: 'postgres://x:y@127.0.0.1:1/none' })).rejects.toMatchObject({
      code: 'store-unreachable',
      kind: 'unavailable',
    });
  });
});

describe('UnitOfWork', () => {
  it('commits what the work wrote and then calls its hooks', async () => {
    const seen: number[] = [];
    await unitOfWork.run(async (tx) => {
      await tx.manager.query('UPDATE counter SET value = 7 WHERE id = 1');
      tx.afterCommit(() => seen.push(1));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([1]);
    expect(await valueOf(1)).toBe(7);
  });

  it('leaves nothing of a work that throws, and calls no hook', async () => {
    const seen: number[] = [];
    const failing = unitOfWork.run(async (tx) => {
      await tx.manager.query('UPDATE counter SET value = 99 WHERE id = 1');
      tx.afterCommit(() => seen.push(1));
      throw new Error('stop');
    });
    await expect(failing).rejects.toThrow('stop');
    expect(await valueOf(1)).toBe(7);
    expect(seen).toEqual([]);
  });

  it('starts a deadlocked transaction again until both are through', async () => {
    await store.query('UPDATE counter SET value = 0');
    let attempts = 0;
    let bothLocked = (): void => undefined;
    const meet = new Promise<void>((resolve) => (bothLocked = resolve));
    let locked = 0;
    const cross = (first: number, second: number): Promise<void> =>
      unitOfWork.run(async (tx) => {
        attempts++;
        await tx.manager.query('UPDATE counter SET value = value + 1 WHERE id = $1', [first]);
        if (++locked >= 2) bothLocked();
        await meet;
        await tx.manager.query('UPDATE counter SET value = value + 1 WHERE id = $1', [second]);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect([await valueOf(1), await valueOf(2)]).toEqual([2, 2]);
    expect(attempts).toBeGreaterThan(2);
  });

  it('names a broken unique constraint by its SQLSTATE', async () => {
    const failing = unitOfWork.run((tx) => tx.manager.query('INSERT INTO counter VALUES (1, 1)'));
    await expect(failing.catch((error: unknown) => hasSqlState(error, '23505'))).resolves.toBe(true);
  });
});

describe('idempotency', () => {
  const request = { scope: 'client-1', key: 'k', body: '{"a":1}' };

  it('gives the first answer again and does the work once, also for two at once', async () => {
    let works = 0;
    const ask = (): Promise<{ n: number }> => unitOfWork.run((tx) => once(tx, request, async () => ({ n: ++works })));
    const answers = await Promise.all([ask(), ask()]);
    expect([...answers, await ask()]).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    expect(works).toBe(1);
  });

  it('refuses the key with another body', async () => {
    const other = unitOfWork.run((tx) => once(tx, { ...request, body: '{"a":2}' }, async () => ({ n: 0 })));
    await expect(other).rejects.toMatchObject({ code: 'idempotency-key-reused', kind: 'conflict' });
  });

  it('forgets the key when the work failed', async () => {
    const key = { ...request, key: 'fails-first' };
    await expect(unitOfWork.run((tx) => once(tx, key, () => Promise.reject(new Error('no'))))).rejects.toThrow('no');
    await expect(unitOfWork.run((tx) => once(tx, key, async () => 'yes'))).resolves.toBe('yes');
  });
});

describe('Leases', () => {
  it('has one holder at a time and passes on when the holder stops', async () => {
    const other = await open();
    const order: string[] = [];
    let firstHolds = (): void => undefined;
    let secondHolds = (): void => undefined;
    const held1 = new Promise<void>((resolve) => (firstHolds = resolve));
    const held2 = new Promise<void>((resolve) => (secondHolds = resolve));
    const untilAborted = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    const fail = (error: unknown): never => {
      throw error;
    };
    const one = new Leases(store, 20).hold(
      'job',
      async (signal) => {
        order.push('first');
        firstHolds();
        await untilAborted(signal);
        order.push('first gone');
      },
      fail,
    );
    one.start();
    await held1;
    expect(await new Leases(other, 20).tryOnce('job', new AbortController().signal, async () => undefined)).toBe(false);
    const two = new Leases(other, 20).hold(
      'job',
      async (signal) => {
        order.push('second');
        secondHolds();
        await untilAborted(signal);
      },
      fail,
    );
    two.start();
    await one.stop();
    await held2;
    expect(order).toEqual(['first', 'first gone', 'second']);
    await two.stop();
    await other.destroy();
  });

  it('tells the holder when its connection dies, and somebody can hold it again', async () => {
    const errors: unknown[] = [];
    let holds = 0;
    let heldAgain = (): void => undefined;
    const again = new Promise<void>((resolve) => (heldAgain = resolve));
    const fragile = new Leases(store, 20).hold(
      'fragile',
      async (signal) => {
        if (++holds === 2) heldAgain();
        if (holds === 1)
          await store.query(
            `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()`,
          );
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
      (error) => errors.push(error),
    );
    fragile.start();
    await again;
    await fragile.stop();
    expect(holds).toBe(2);
    expect(errors.length).toBeGreaterThan(0);
  });
});
