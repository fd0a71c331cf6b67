import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as age from '@cpds/crypto/age';
import { KeyRing } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import { Changes, Outbox } from '@cpds/outbox';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { recordsTables } from '../migrations.js';
import { AgeIdentities } from '../objects/age-identities.js';
import { FileSystemObjectStore } from '../objects/file-system.object-store.js';
import { NamedFiles } from '../objects/named-files.js';
import type { ObjectStore } from '../objects/object-store.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { Vault } from '../objects/vault.js';
import { fileOf, ObjectRow, objectRow, RecordRow } from '../records/record.row.js';
import { KeyRotations } from './key-rotations.service.js';

/** A new age identity takes the place of the former one, whatever dies meanwhile, and no row is passed over. */

const running = new AbortController().signal;
const patient = age.encodeIdentity(randomBytes(32));
const fresh = (): string => age.encodeIdentity(randomBytes(32));
const fetchedKey = new Uint8Array(randomBytes(16));

let database: Awaited<ReturnType<typeof testPostgres>>;
let source: DataSource;
let folder: string;

beforeAll(async () => {
  database = await testPostgres();
  source = await openStore({ url: database.url, ...recordsTables });
});
afterAll(async () => {
  await source.destroy();
  await database.close();
});
beforeEach(async () => {
  await source.query(
    'TRUNCATE record, object, deed, opening, key_rotation, pending_object, damaged_object, outbox CASCADE',
  );
  folder = await mkdtemp(join(tmpdir(), 'cpds-rotation-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** One process with its keys. From the durable step `diesAt` on everything it does fails, as if it had been killed there. */
function processWith(current: string, former: string[], diesAt = Infinity) {
  let steps = 0;
  let isDead = false;
  const step = async <T>(isDurable: boolean, work: () => Promise<T>): Promise<T> => {
    if (isDurable && ++steps === diesAt) isDead = true;
    if (isDead) throw new Error('killed');
    return work();
  };
  const files = new FileSystemObjectStore(folder);
  const store = {
    put: (...given: Parameters<ObjectStore['put']>) => step(true, () => files.put(...given)),
    get: (...given: Parameters<ObjectStore['get']>) => step(false, () => files.get(...given)),
    delete: (key: string) => step(true, () => files.delete(key)),
    isUp: () => step(false, () => files.isUp()),
  } as ObjectStore;
  const whole = new UnitOfWork(source);
  const unitOfWork = {
    run: (work: Parameters<UnitOfWork['run']>[0]) => step(true, () => whole.run(work)),
    reader: new Proxy(whole.reader, {
      get: (manager, name) => {
        const method = Reflect.get(manager, name) as (...given: unknown[]) => Promise<unknown>;
        const isDurable = (sql: unknown) => typeof sql === 'string' && /^\s*(INSERT|UPDATE|DELETE)/.test(sql);
        return (...given: unknown[]) => step(isDurable(given[0]), () => method.apply(manager, given));
      },
    }),
  } as unknown as UnitOfWork;
  const errors: unknown[] = [];
  const ended: (readonly string[])[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const identities = new AgeIdentities(current, former);
  const changes = new Changes(unitOfWork, new Outbox('records.north', new KeyRing(new Uint8Array(32))));
  const named = new NamedFiles(changes, store, { onDamage: () => undefined });
  const pending = new PendingObjects(unitOfWork, store, { onError });
  const vault = new Vault(store, pending, named, identities);
  const rotations = new KeyRotations(unitOfWork, changes, identities, store, vault, pending, {
    onError,
    onEnd: (one) => ended.push(one),
  });
  return { identities, vault, pending, rotations, errors, ended, isDead: () => isDead };
}
type Process = ReturnType<typeof processWith>;

async function keep({ vault, pending }: Process, text: string): Promise<string> {
  const body = Buffer.from(text);
  const recordId = randomUUID();
  const content = {
    sizeBytes: body.length,
    body: (async function* () {
      yield body;
    })(),
  };
  return vault.seal(content, age.recipientOf(patient), async (sealed) => {
    await new UnitOfWork(source).run(async (tx) => {
      await pending.keep(tx, `objects/${sealed.id}`);
      await tx.manager.insert(RecordRow, {
        id: recordId,
        patientId: randomUUID(),
        contentType: 'text/plain',
        category: 'record',
        sizeBytes: String(body.length),
      });
      const [salt, commitment] = [randomBytes(32), randomBytes(32)];
      await tx.manager.insert(ObjectRow, objectRow(recordId, { sealed, salt, commitment, deed: {} as never }));
    });
    return sealed.id;
  });
}

const keepFetched = ({ identities }: Process): Promise<unknown> =>
  source.query(
    `INSERT INTO opening (grant_id, object_key, header, stanza, recipient, metadata, commitment, department_id)
     VALUES ($1, $2, '', $3, $4, '{}', '', $5)`,
    [randomBytes(32), `fetched/${randomUUID()}`, identities.wrap(fetchedKey), identities.recipient, randomUUID()],
  );

/** Every text that is kept, in the order of ids, as this process reads it; and whether it opens each fetched key. */
async function texts({ vault, identities }: Process): Promise<string[]> {
  const objects = await source.manager.find(ObjectRow, { order: { id: 'ASC' } });
  const read: string[] = [];
  for (const object of objects) {
    const record = await source.manager.findOneByOrFail(RecordRow, { id: object.recordId });
    const parts: Uint8Array[] = [];
    for await (const part of await vault.open(fileOf(record, object), 'reading')) parts.push(part);
    read.push(Buffer.concat(parts).toString());
  }
  for (const { stanza } of (await source.query('SELECT stanza FROM opening')) as { stanza: string }[])
    read.push(Buffer.from(identities.openStanza(stanza).fileKey).toString('hex'));
  return read;
}

/** Names in the store, and names that rows give. */
async function names(): Promise<[string[], string[]]> {
  const found = await readdir(join(folder, 'objects'), { recursive: true });
  const rows = (await source.query('SELECT object_key FROM object')) as { object_key: string }[];
  return [found.map((name) => `objects/${name}`).sort(), rows.map(({ object_key }) => object_key).sort()];
}

const deedOf = (): Promise<unknown> =>
  source.query(`SELECT id, payload_sha256, salt, commitment FROM object ORDER BY id`);
const told = async (): Promise<string[]> =>
  ((await source.query('SELECT envelope FROM outbox ORDER BY seq')) as { envelope: { type: string } }[]).map(
    ({ envelope }) => envelope.type,
  );
async function makeDue(): Promise<void> {
  for (const table of ['object', 'opening']) await source.query(`UPDATE ${table} SET rewrap_due_at = 'epoch'`);
}

describe('a rotation of the age identity', () => {
  it('moves all that is kept, tells of begin and end, and says that the former identity may go', async () => {
    const [old, young] = [fresh(), fresh()];
    const before = processWith(old, []);
    await keep(before, 'one');
    await keep(before, 'two'.repeat(100_000));
    await keepFetched(before);
    await before.rotations.workOff(running);
    expect(await before.rotations.view()).toMatchObject({
      current: before.identities.recipient,
      former: [],
      rotation: null,
    });
    const [kept, deeds] = [await texts(before), await deedOf()];

    const after = processWith(young, [old]);
    await after.rotations.assertHeld();
    const { recipient } = before.identities;
    expect(await after.rotations.view()).toMatchObject({
      current: after.identities.recipient,
      former: [{ recipient, isHeld: true, rows: 3, mayBeRemoved: false }],
    });
    expect(await texts(after)).toEqual(kept);
    await after.rotations.workOff(running);
    expect(await after.rotations.view()).toMatchObject({
      former: [{ recipient, isHeld: true, rows: 0, mayBeRemoved: true }],
      unnamed: 0,
      failing: 0,
      rotation: { recipient: after.identities.recipient, outcome: 'finished', rows: 3, done: 3 },
    });
    expect([after.ended, await after.rotations.left()]).toEqual([[[recipient]], 0]);
    expect(await deedOf()).toEqual(deeds);
    expect(await texts(processWith(young, []))).toEqual(kept);
    await expect(texts(before)).rejects.toMatchObject({ code: 'sealed-for-another' });
    expect(await told()).toEqual(['records.key-rotation-begun.v1', 'records.key-rotation-ended.v1']);
    await after.rotations.workOff(running);
    expect(await told()).toHaveLength(2);
  });

  it('loses nothing when it dies between any two durable steps, and the next start ends it', async () => {
    let current = fresh();
    const first = processWith(current, []);
    for (const text of ['one', 'two']) await keep(first, text);
    await keepFetched(first);
    const kept = await texts(first);
    let deaths = 0;
    for (let isDone = false; !isDone;) {
      const former = current;
      current = fresh();
      const dying = processWith(current, [former], deaths + 1);
      await dying.rotations
        .workOff(running)
        .catch((error: unknown) => expect(error).toMatchObject({ message: 'killed' }));
      isDone = !dying.isDead();
      if (!isDone) deaths++;
      const next = processWith(current, [former]);
      expect(await texts(next)).toEqual(kept);
      await makeDue();
      await next.rotations.workOff(running);
      expect(await next.rotations.view()).toMatchObject({
        former: [{ mayBeRemoved: true }],
        rotation: { outcome: 'finished' },
      });
      const alone = processWith(current, []);
      await alone.rotations.assertHeld();
      expect(await texts(alone)).toEqual(kept);
      await next.pending.sweep(0);
      const [there, named] = await names();
      expect(there).toEqual(named);
    }
    expect(deaths).toBeGreaterThan(12);
  });

  it('does not end while one row is left, and a start without the former identity names what is missing', async () => {
    const [old, young] = [fresh(), fresh()];
    const before = processWith(old, []);
    await keep(before, 'one');
    const lost = await keep(before, 'two');
    await new FileSystemObjectStore(folder).delete(`objects/${lost}`);
    const after = processWith(young, [old]);
    await after.rotations.workOff(running);
    await makeDue();
    await after.rotations.workOff(running);
    expect(after.errors).toEqual([
      expect.objectContaining({ code: 'object-lost' }),
      expect.objectContaining({ code: 'object-lost' }),
    ]);
    const { recipient } = before.identities;
    expect(await after.rotations.view()).toMatchObject({
      former: [{ recipient, rows: 1, mayBeRemoved: false }],
      failing: 1,
      rotation: { endedAt: null, outcome: null, rows: 2, done: 1 },
    });
    expect(after.ended).toEqual([]);
    const refused = await processWith(young, [])
      .rotations.assertHeld()
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'age-identity-missing',
      kind: 'invalid',
      message: `what is kept needs age identities that are not there: ${recipient} (1 rows)`,
    });
    expect(String(refused)).not.toContain('SECRET');

    const [{ id, pause }] = (await source.query(
      `SELECT id, extract(epoch FROM rewrap_due_at - now()) AS pause FROM object WHERE recipient = $1`,
      [recipient],
    )) as [{ id: string; pause: string }];
    expect([id, Number(pause) > 0]).toEqual([lost, true]);
  });

  it('begins anew for another identity, and names rows that named none', async () => {
    const [old, middle, young] = [fresh(), fresh(), fresh()];
    const before = processWith(old, []);
    for (const text of ['one', 'two']) await keep(before, text);
    const kept = await texts(before);
    await source.query(`UPDATE object SET recipient = ''`);
    const stop = new AbortController();
    stop.abort();
    await processWith(middle, [old]).rotations.workOff(stop.signal);
    const last = processWith(young, [middle, old]);
    expect(await last.rotations.view()).toMatchObject({
      unnamed: 2,
      former: [{ mayBeRemoved: false }, { mayBeRemoved: false }],
    });
    await last.rotations.workOff(running);
    expect(await last.rotations.view()).toMatchObject({
      unnamed: 0,
      former: [{ mayBeRemoved: true }, { mayBeRemoved: true }],
    });
    expect(await texts(processWith(young, []))).toEqual(kept);
    expect(await told()).toEqual([
      'records.key-rotation-begun.v1',
      'records.key-rotation-ended.v1',
      'records.key-rotation-begun.v1',
      'records.key-rotation-ended.v1',
    ]);
    // Of the current identity already: it is named, and not copied.
    const [{ object_key }] = (await source.query('SELECT object_key FROM object LIMIT 1')) as [{ object_key: string }];
    await source.query(`UPDATE object SET recipient = ''`);
    await last.rotations.workOff(running);
    expect(await source.query('SELECT 1 FROM object WHERE object_key = $1', [object_key])).toHaveLength(1);
    expect(await last.rotations.left()).toBe(0);
  });

  it('names the object by what it is now, when it is removed or replaced in the middle of the copy', async () => {
    const [old, young] = [fresh(), fresh()];
    const before = processWith(old, []);
    const id = await keep(before, 'one');
    const after = processWith(young, [old]);
    const keepOf = after.pending.keep.bind(after.pending);
    after.pending.keep = async (tx, key) => {
      await source.query('UPDATE object SET is_current = false, removed_at = now() WHERE id = $1', [id]);
      await keepOf(tx, key);
    };
    await after.rotations.workOff(running);
    expect(after.errors).toEqual([expect.objectContaining({ code: 'object-replaced' })]);
    expect((await names())[0]).toEqual([`objects/${id}`]);
    expect(await source.query('SELECT 1 FROM pending_object')).toEqual([]);
  });
});
