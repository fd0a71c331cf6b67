import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { testOwnPostgres, testPostgres } from '@cpds/local';
import type { DataSource } from 'typeorm';
import { openStore, type StoreLimits } from './open-store.js';
import { UnitOfWork } from './unit-of-work.js';

/** A database that goes away is said to be away, whatever the driver says. */

const away = { code: 'store-unreachable', kind: 'unavailable', retryAfterSec: 1 };
/** Short, but no shorter than a busy machine takes for a connection. */
const limits: StoreLimits = { connectMs: 3_000, statementMs: 1_000, idleInTransactionMs: 1_000, answerMs: 3_000 };

/** A wire to a database that can be held: nothing passes, and nobody is told. */
async function wireTo(url: string): Promise<{ url: string; hold(): void; cut(): void; close(): Promise<void> }> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isHeld = false;
  const server: Server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => isHeld || to.write(bytes));
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const wired = new URL(url);
  wired.host = `127.0.0.1:${port}`;
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: wired.href,
    hold: () => (isHeld = true),
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

const opened: DataSource[] = [];
async function open(
  url: string,
  poolSize = 2,
  own: Partial<StoreLimits> = {},
): Promise<{ store: DataSource; unitOfWork: UnitOfWork }> {
  const store = await openStore({ url, poolSize, limits: { ...limits, ...own } });
  opened.push(store);
  return { store, unitOfWork: new UnitOfWork(store) };
}

let database: Awaited<ReturnType<typeof testPostgres>>;
beforeAll(async () => {
  database = await testPostgres();
});
afterAll(async () => {
  await Promise.all(opened.map((store) => store.destroy()));
  await database.close();
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

describe('a database that is killed', () => {
  it('is away for what runs, for what comes, and for transactions under way', async () => {
    const own = await testOwnPostgres();
    const { store, unitOfWork } = await open(own.url, 4);
    await store.query('CREATE TABLE thing (id int PRIMARY KEY)');
    let began = (): void => undefined;
    const isUnderWay = new Promise<void>((resolve) => (began = resolve));
    let goOn = (): void => undefined;
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    let backend = 0;
    const underWay = unitOfWork.run(async ({ manager }) => {
      await manager.query('INSERT INTO thing VALUES (1)');
      [{ pid: backend }] = (await manager.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      began();
      await mayGoOn;
      await manager.query('INSERT INTO thing VALUES (2)');
    });
    await isUnderWay;
    const running = store.query('SELECT pg_sleep(0.25)');
    running.catch(() => undefined);
    await own.kill();
    // It outlives the server for a moment, and may even answer the next statement.
    killIfThere(backend);
    await expect(running).rejects.toMatchObject(away);
    goOn();
    await expect(underWay).rejects.toMatchObject(away);
    await expect(store.query('SELECT 1')).rejects.toMatchObject(away);
    await expect(unitOfWork.run(({ manager }) => manager.query('SELECT 1'))).rejects.toMatchObject(away);
  });
});

describe('a connection', () => {
  it('that an operator ends is away, and the next one works', async () => {
    const { store, unitOfWork } = await open(database.url);
    const ended = unitOfWork.run(async ({ manager }) => {
      const [{ pid }] = (await manager.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      await store.query('SELECT pg_terminate_backend($1)', [pid]);
      await manager.query('SELECT 1');
    });
    await expect(ended).rejects.toMatchObject(away);
    await expect(store.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('that nobody gives back makes the next caller wait no longer than a connection may take', async () => {
    const { store, unitOfWork } = await open(database.url, 1, { idleInTransactionMs: 30_000 });
    await unitOfWork.run(async () => {
      await expect(store.query('SELECT 1')).rejects.toMatchObject(away);
    });
    await expect(store.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('that is cut at the commit leaves it unsure, which no client repeats by itself', async () => {
    const wire = await wireTo(database.url);
    const { unitOfWork } = await open(wire.url);
    const committing = unitOfWork.run(async ({ manager }) => {
      await manager.query('SELECT 1');
      wire.hold();
      setTimeout(wire.cut, 100);
    });
    await expect(committing).rejects.toMatchObject({ code: 'commit-unsure', kind: 'unavailable', status: 504 });
    await wire.close();
  });

  it('that falls silent is away after a while, and is not given to anybody else', async () => {
    const wire = await wireTo(database.url);
    const { store } = await open(wire.url, 1);
    wire.hold();
    await expect(store.query('SELECT 1')).rejects.toMatchObject(away);
    await expect(store.query('SELECT 1')).rejects.toMatchObject(away);
    await wire.close();
  });
});

describe('time limits', () => {
  it('end a statement that takes too long', async () => {
    const { store } = await open(database.url);
    await expect(store.query('SELECT pg_sleep(10)')).rejects.toMatchObject(away);
    await expect(store.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('end a transaction that does nothing', async () => {
    const { unitOfWork } = await open(database.url);
    const idle = unitOfWork.run(async ({ manager }) => {
      await manager.query('SELECT 1');
      await new Promise((resolve) => setTimeout(resolve, 3 * limits.idleInTransactionMs));
      await manager.query('SELECT 1');
    });
    await expect(idle).rejects.toMatchObject(away);
  });
});

describe('a fault of the statement', () => {
  it('stays what it is', async () => {
    const { store } = await open(database.url);
    await expect(store.query('SELECT nothing')).rejects.not.toMatchObject(away);
    await expect(store.query(`SELECT 'a'::int`)).rejects.toMatchObject({ driverError: { code: '22P02' } });
  });
});
