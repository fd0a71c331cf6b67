import { KeyRing } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import type { EventEnvelope } from '@cpds/messages';
import { openStore, type Tx, UnitOfWork } from '@cpds/store';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { Changes } from './changes.js';
import { outboxMigrations } from './migrations.js';
import { Outbox } from './outbox.js';
import { type Outcome, told, unchanged, untold } from './outcome.js';
import { openEnvelope } from './stored-envelope.js';

class Notes1763999999999 implements MigrationInterface {
  name = 'Notes1763999999999';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE note (text text PRIMARY KEY, seq bigint)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE note');
  }
}

const type = 'records.cohort-minted.v1';
const draft = (correlation: string) => ({ type, correlation, details: {} });

const ring = new KeyRing(new Uint8Array(32).fill(9));
let database: Awaited<ReturnType<typeof testPostgres>>;
let store: DataSource;
let changes: Changes;

const write = (tx: Tx, text: string): Promise<unknown> =>
  tx.manager.query('INSERT INTO note (text) VALUES ($1)', [text]);
const notes = async (): Promise<string[]> =>
  ((await store.query('SELECT text FROM note ORDER BY text')) as { text: string }[]).map(({ text }) => text);
const events = async (): Promise<EventEnvelope[]> =>
  ((await store.query('SELECT envelope FROM outbox ORDER BY seq')) as { envelope: unknown }[]).map(({ envelope }) =>
    openEnvelope(ring, envelope),
  );

beforeEach(async () => {
  database = await testPostgres();
  store = await openStore({ url: database.url, migrations: [...outboxMigrations, Notes1763999999999] });
  changes = new Changes(new UnitOfWork(store), new Outbox('records.north', ring));
});

afterEach(async () => {
  await store.destroy();
  await database.close();
});

describe('changes', () => {
  it('commit rows and the event that tells of them together, and give the value back', async () => {
    const value = await changes.commit(async (tx) => {
      await write(tx, 'a');
      return told({ ...draft('r-1'), details: { n: 1 } }, 'value');
    });
    expect(value).toBe('value');
    expect(await notes()).toEqual(['a']);
    expect(await events()).toEqual([
      expect.objectContaining({ type, producer: 'records.north', seq: 1, correlation: 'r-1', details: { n: 1 } }),
    ]);
  });

  it('number several events in the order in which they are told', async () => {
    await changes.commit(async (tx) => {
      await write(tx, 'a');
      return told([draft('first'), draft('second'), draft('third')]);
    });
    expect((await events()).map(({ seq, correlation }) => [seq, correlation])).toEqual([
      [1, 'first'],
      [2, 'second'],
      [3, 'third'],
    ]);
  });

  it('leave neither rows nor events when the work throws', async () => {
    const failing = changes.commit(async (tx) => {
      await write(tx, 'a');
      throw new Error('half way');
    });
    await expect(failing).rejects.toThrow('half way');
    expect([await notes(), await events()]).toEqual([[], []]);
  });

  it('leave neither rows nor events when one event is malformed, and take no number', async () => {
    const failing = changes.commit(async (tx) => {
      await write(tx, 'a');
      return told([draft('good'), { ...draft('bad'), type: 'Nonsense' }]);
    });
    await expect(failing).rejects.toMatchObject({ code: 'invalid-input', field: 'type' });
    expect([await notes(), await events()]).toEqual([[], []]);
    expect((await changes.tell(draft('next'))).seq).toBe(1);
  });

  it('leave neither rows nor events when an event of a client’s door names nobody', async () => {
    const nameless = changes.commit(async (tx) => {
      await write(tx, 'a');
      return told({ ...draft('r-1'), type: 'records.object-stored.v1' });
    });
    await expect(nameless).rejects.toMatchObject({ code: 'assertion-failed', kind: 'bug' });
    expect([await notes(), await events()]).toEqual([[], []]);
  });

  it('leave neither rows nor events when an event is of a door that discloses, which waits for the log', async () => {
    const read = { type: 'records.object-read.v1', correlation: 'r-1', details: { by: 'lab.north' } };
    const work = async (tx: Tx): Promise<Outcome<void>> => {
      await write(tx, 'a');
      return told(read);
    };
    await expect(changes.commit(work)).rejects.toThrow('tell it by Disclosure');
    await expect(changes.tell(read)).rejects.toThrow('tell it by Disclosure');
    expect(await notes()).toEqual([]);
    expect(await events()).toEqual([]);
  });

  it('append once when the transaction is repeated after a serialization failure', async () => {
    let attempts = 0;
    await changes.commit(async (tx) => {
      await write(tx, 'a');
      return told({
        ...draft('r-1'),
        // Fails behind the append, as a commit would that lost against another.
        onNumbered: async () => {
          if (++attempts === 1) await tx.manager.query(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`);
        },
      });
    });
    expect(attempts).toBe(2);
    expect(await notes()).toEqual(['a']);
    expect((await events()).map(({ seq }) => seq)).toEqual([1]);
  });

  it("store an event's number in a row of the same transaction", async () => {
    await changes.tell(draft('earlier'));
    await changes.commit(async (tx) => {
      await write(tx, 'a');
      return told({
        ...draft('r-1'),
        onNumbered: ({ seq }) => tx.manager.query('UPDATE note SET seq = $1', [seq]),
      });
    });
    expect(await store.query('SELECT seq FROM note')).toEqual([{ seq: '2' }]);
  });

  it("append in the transaction of a library's hook, and vanish with it", async () => {
    const unitOfWork = new UnitOfWork(store);
    const hook = async (tx: Tx): Promise<string> => {
      await write(tx, 'a');
      return changes.within(tx, told(draft('r-1'), 'value'));
    };
    const failing = unitOfWork.run(async (tx) => {
      await hook(tx);
      throw new Error('after the hook');
    });
    await expect(failing).rejects.toThrow('after the hook');
    expect([await notes(), await events()]).toEqual([[], []]);
    expect(await unitOfWork.run(hook)).toBe('value');
    expect(await events()).toEqual([expect.objectContaining({ seq: 1, correlation: 'r-1' })]);
  });

  it('write rows that nobody hears of when the work says why', async () => {
    const value = await changes.commit(async (tx) => {
      await write(tx, 'a');
      return untold('drafts concern nobody else', 7);
    });
    expect(value).toBe(7);
    expect([await notes(), await events()]).toEqual([['a'], []]);
  });

  it('tell nothing of what stood already', async () => {
    expect(await changes.commit(async () => unchanged('stands'))).toBe('stands');
    expect(await events()).toEqual([]);
  });

  it('tell of what changes no row, and return the event as numbered', async () => {
    const { seq } = await changes.tell(draft('read'));
    expect(await events()).toEqual([expect.objectContaining({ seq, correlation: 'read' })]);
  });
});

describe('an outcome', () => {
  it('that tells nothing needs a reason', () => {
    expect(() => untold('')).toThrow('says why');
    expect(() => untold('  ', 1)).toThrow('says why');
  });

  it('is what work must return: neither a value, nor a look-alike, nor no event at all passes the compiler', () => {
    // @ts-expect-error work that returns nothing
    const nothing: () => Promise<void> = () => changes.commit(async () => undefined);
    // @ts-expect-error work that returns its value alone
    const value: () => Promise<number> = () => changes.commit(async () => 1);
    // @ts-expect-error an object that only looks like one
    const alike: Outcome<number> = { value: 1, events: [] };
    // @ts-expect-error told of, by no event
    const silent = (): Outcome<void> => told([]);
    // @ts-expect-error no reason
    const unreasoned = (): Outcome<void> => untold();
    expect([nothing, value, alike, silent, unreasoned]).toHaveLength(5);
  });
});
