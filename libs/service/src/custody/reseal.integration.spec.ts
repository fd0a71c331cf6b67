import { toHex, utf8 } from '@cpds/crypto/bytes';
import { KeyRing, sealAtRest } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { derivationRoot, derivationRootMigrations, derivationRootPlace } from './derivation-root.js';
import { reseal, type SealedPlace } from './reseal.js';

class Drawers1763999999000 implements MigrationInterface {
  name = 'Drawers1763999999000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE drawer (shelf text, place int, sealed bytea, PRIMARY KEY (shelf, place))');
    await runner.query(
      'CREATE TABLE letter (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int, sealed text, inside jsonb)',
    );
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE drawer, letter');
  }
}

const places: SealedPlace[] = [
  derivationRootPlace,
  {
    table: 'drawer',
    key: ['shelf', 'place'],
    sealed: { column: 'sealed', encoding: 'bytes' },
    placeOf: (row) => `drawer/${row['shelf'] as string}/${row['place'] as number}`,
  },
  {
    table: 'letter',
    key: ['id'],
    also: ['n'],
    sealed: { column: 'sealed', encoding: 'base64' },
    placeOf: (row) => `letter/${row['n'] as number}`,
  },
  {
    table: 'letter',
    key: ['id'],
    also: ['n'],
    sealed: { column: 'inside', encoding: 'base64', property: 'key' },
    placeOf: (row) => `inside/${row['n'] as number}`,
  },
];

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const [first, second, third] = [key(1), key(2), key(3)];
const silent = (): void => undefined;
/** More than one batch. */
const drawers = 300;

describe('sealing anew', () => {
  let database: { url: string; close(): Promise<void> };
  let store: DataSource;
  let unitOfWork: UnitOfWork;

  beforeEach(async () => {
    database = await testPostgres();
    store = await openStore({ url: database.url, migrations: [...derivationRootMigrations, Drawers1763999999000] });
    unitOfWork = new UnitOfWork(store);
    const ring = new KeyRing(first);
    await unitOfWork.run((tx) => derivationRoot(tx, ring));
    const numbers = [...Array(drawers).keys()];
    // Every third lies in the form that names no key, as in databases that are older than key rings.
    const seal = (n: number, name: string) =>
      Buffer.from(n % 3 === 0 ? sealAtRest(first, name, utf8(`secret ${n}`)) : ring.seal(name, utf8(`secret ${n}`)));
    await store.query('INSERT INTO drawer SELECT * FROM unnest($1::text[], $2::int[], $3::bytea[])', [
      numbers.map((n) => `shelf ${n % 7}`),
      numbers,
      numbers.map((n) => seal(n, `drawer/shelf ${n % 7}/${n}`)),
    ]);
    await store.query(
      'INSERT INTO letter (n, sealed, inside) SELECT * FROM unnest($1::int[], $2::text[], $3::jsonb[])',
      [
        [1, 2, 3],
        [seal(1, 'letter/1').toString('base64'), null, seal(3, 'letter/3').toString('base64')],
        [null, { key: seal(2, 'inside/2').toString('base64'), other: 'kept' }, { other: 'kept' }].map(
          (value) => value && JSON.stringify(value),
        ),
      ],
    );
  });
  afterEach(async () => {
    await store.destroy();
    await database.close();
  });

  /** All secrets, opened under `ring` by their own places. */
  async function secrets(ring: KeyRing): Promise<string[]> {
    const open = (name: string, bytes: Uint8Array): string => new TextDecoder().decode(ring.open(name, bytes));
    const rows = (await store.query('SELECT * FROM drawer ORDER BY place')) as {
      shelf: string;
      place: number;
      sealed: Buffer;
    }[];
    const letters = (await store.query('SELECT * FROM letter ORDER BY n')) as {
      n: number;
      sealed: string | null;
      inside: { key?: string } | null;
    }[];
    return [
      toHex(await unitOfWork.run((tx) => derivationRoot(tx, ring))),
      ...rows.map(({ shelf, place, sealed }) => open(`drawer/${shelf}/${place}`, sealed)),
      ...letters.map(({ n, sealed }) =>
        sealed === null ? 'none' : open(`letter/${n}`, Buffer.from(sealed, 'base64')),
      ),
      ...letters.map(({ n, inside }) =>
        inside?.key ? open(`inside/${n}`, Buffer.from(inside.key, 'base64')) : JSON.stringify(inside),
      ),
    ];
  }

  it('moves every row from the former key to the current one, and says how far it is', async () => {
    const before = await secrets(new KeyRing(first));
    const heard: { table: string; rows: number; left: number }[] = [];
    const done = await reseal(unitOfWork, new KeyRing(second, [first]), places, (one) => heard.push(one));
    expect(done.map(({ table, rows, left, broken, foreign }) => [table, rows, left, broken, foreign])).toEqual([
      ['derivation_root', 1, 0, 0, 0],
      ['drawer', drawers, 0, 0, 0],
      ['letter', 2, 0, 0, 0],
      ['letter', 1, 0, 0, 0],
    ]);
    expect(heard.filter(({ table }) => table === 'drawer').map(({ rows, left }) => [rows, left])).toEqual([
      [256, 44],
      [300, 0],
    ]);
    expect(await secrets(new KeyRing(second))).toEqual(before);
    await expect(secrets(new KeyRing(first))).rejects.toMatchObject({ code: 'wrong-kek' });
    expect(await store.query('SELECT inside FROM letter WHERE n = 2')).toMatchObject([{ inside: { other: 'kept' } }]);
  });

  it('changes nothing the second time, and not a byte of what lies under the current key', async () => {
    const ring = new KeyRing(second, [first]);
    await reseal(unitOfWork, ring, places, silent);
    const bytes = async (): Promise<string> =>
      JSON.stringify(await store.query('SELECT xmin, * FROM drawer ORDER BY place'));
    const before = await bytes();
    const done = await reseal(unitOfWork, ring, places, silent);
    expect(done.map(({ rows }) => rows)).toEqual([0, 0, 0, 0]);
    expect(await bytes()).toBe(before);
  });

  it('names keys where none was named, when no key changes', async () => {
    const before = await secrets(new KeyRing(first));
    const done = await reseal(unitOfWork, new KeyRing(first), places, silent);
    expect(done[1]).toMatchObject({ rows: drawers / 3, left: 0 });
    expect(await secrets(new KeyRing(first))).toEqual(before);
  });

  it('loses nothing when it dies before or after any commit, and the next start ends it', async () => {
    const before = await secrets(new KeyRing(first));
    const kill = async (ring: KeyRing, at: number, isBefore: boolean): Promise<boolean> => {
      const dying = new UnitOfWork(store);
      const run = dying.run.bind(dying);
      let commits = 0;
      dying.run = async (work) => {
        commits++;
        const value = await run(async (tx) => {
          const done = await work(tx);
          if (commits === at && isBefore) throw new Error('killed');
          return done;
        });
        if (commits === at) throw new Error('killed');
        return value;
      };
      return reseal(dying, ring, places, silent).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ message: 'killed' });
          return false;
        },
      );
    };
    let newest = first;
    let deaths = 0;
    for (const isBefore of [true, false]) {
      for (let at = 1, isDone = false; !isDone; at++) {
        const former = newest;
        newest = key(10 + at + (isBefore ? 0 : 100));
        const ring = new KeyRing(newest, [former]);
        isDone = await kill(ring, at, isBefore);
        if (!isDone) deaths++;
        expect(await secrets(ring)).toEqual(before);
        await reseal(unitOfWork, ring, places, silent);
        expect(await secrets(new KeyRing(newest))).toEqual(before);
      }
    }
    expect(deaths).toBeGreaterThan(16);
  }, 120_000);

  it('loses nothing when its connection is cut in the middle of a transaction', async () => {
    const before = await secrets(new KeyRing(first));
    const ring = new KeyRing(second, [first]);
    const dying = new UnitOfWork(store);
    const run = dying.run.bind(dying);
    let commits = 0;
    dying.run = (work) =>
      run(async (tx) => {
        const value = await work(tx);
        if (++commits === 3) await tx.manager.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(silent);
        return value;
      });
    await expect(reseal(dying, ring, places, silent)).rejects.toThrow();
    expect(await secrets(ring)).toEqual(before);
    await reseal(unitOfWork, ring, places, silent);
    expect(await secrets(new KeyRing(second))).toEqual(before);
  });

  it('seals everything it can and then refuses, when a key is not there', async () => {
    await reseal(unitOfWork, new KeyRing(second, [first]), places, silent);
    await store.query('UPDATE drawer SET sealed = $1 WHERE place = 5', [
      Buffer.from(new KeyRing(first).seal('drawer/shelf 5/5', utf8('late'))),
    ]);
    const [id1, id2, id3] = [first, second, third].map((one) => new KeyRing(one).keyIds[0]);
    await expect(reseal(unitOfWork, new KeyRing(third, [second]), places, silent)).rejects.toMatchObject({
      code: 'kek-missing',
      message: `rows do not open (1 of drawer); the first: drawer/shelf 5/5: was sealed under key ${id1}, this process holds ${id3}, ${id2}`,
    });
    await reseal(unitOfWork, new KeyRing(third, [first]), places, silent);
    expect((await secrets(new KeyRing(third)))[6]).toBe('late');
  });

  it('goes past rows that were changed or moved, counts them, and leaves them as they are', async () => {
    await reseal(unitOfWork, new KeyRing(first), places, silent);
    await store.query('UPDATE drawer SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1) WHERE place = 8');
    await store.query('UPDATE drawer SET sealed = (SELECT sealed FROM drawer WHERE place = 10) WHERE place = 9');
    await store.query("UPDATE drawer SET sealed = '' WHERE place = 11");
    const rows = (): Promise<unknown> =>
      store.query('SELECT sealed FROM drawer WHERE place IN (8, 9, 11) ORDER BY place');
    const before = await rows();
    const done = await reseal(unitOfWork, new KeyRing(second, [first]), places, silent);
    expect(done[1]).toEqual({ table: 'drawer', rows: drawers - 3, left: 3, broken: 3, foreign: 0 });
    expect(await rows()).toEqual(before);
  });

  it('overwrites nothing that another process writes meanwhile', async () => {
    const ring = new KeyRing(second, [first]);
    const fresh = Buffer.from(ring.seal('drawer/shelf 3/3', utf8('newer')));
    const other = store.createQueryRunner();
    await other.startTransaction();
    await other.query('UPDATE drawer SET sealed = $1 WHERE place = 3', [fresh]);
    const sealing = reseal(unitOfWork, ring, places, silent);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await other.commitTransaction();
    await other.release();
    await sealing;
    expect((await secrets(new KeyRing(second)))[4]).toBe('newer');
  });
});

describe('the derivation root', () => {
  it('comes of the key that the database began with and stays when keys change', async () => {
    const database = await testPostgres();
    const store = await openStore({ url: database.url, migrations: derivationRootMigrations });
    const unitOfWork = new UnitOfWork(store);
    const rootUnder = (ring: KeyRing) => unitOfWork.run((tx) => derivationRoot(tx, ring));
    const root = await rootUnder(new KeyRing(second, [first]));
    expect(root).toEqual(new KeyRing(first).origin());
    const ring = new KeyRing(third, [second]);
    await reseal(unitOfWork, ring, [derivationRootPlace], silent);
    expect(await rootUnder(new KeyRing(third))).toEqual(root);
    await expect(rootUnder(new KeyRing(second))).rejects.toMatchObject({ code: 'wrong-kek', field: 'derivation-root' });
    await store.destroy();
    await database.close();
  });
});
