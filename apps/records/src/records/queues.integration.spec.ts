import { randomBytes, randomUUID } from 'node:crypto';
import type { BusRequests } from '@cpds/bus';
import { testPostgres } from '@cpds/local';
import { KeyRing } from '@cpds/crypto/custody';
import { Changes, Outbox } from '@cpds/outbox';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { oldestPending } from '../deeds/pending-deeds.js';
import { recordsTables } from '../migrations.js';
import type { ObjectStore } from '../objects/object-store.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { ReEncryptions } from './re-encryptions.js';
import type { RecordsService } from './records.service.js';
import { RetiredObjects } from './retired-objects.js';

/** Queues that are worked off a part at a time: nothing in front of them may hold up what is behind. */

const running = new AbortController().signal;

let database: Awaited<ReturnType<typeof testPostgres>>;
let source: DataSource;
let unitOfWork: UnitOfWork;

beforeAll(async () => {
  database = await testPostgres();
  source = await openStore({ url: database.url, ...recordsTables });
  unitOfWork = new UnitOfWork(source);
});
afterAll(async () => {
  await source.destroy();
  await database.close();
});
beforeEach(() => source.query('TRUNCATE record, object, deed, re_encryption, pending_object, outbox CASCADE'));

/** `count` objects of one patient, each of a record of its own, each stored a second after the one before. */
async function objects(count: number, isCurrent: boolean, firstAgeSec: number): Promise<string> {
  const patientId = randomUUID();
  await source.query(
    `WITH made AS (
       INSERT INTO record (id, patient_id, content_type, category, size_bytes)
       SELECT gen_random_uuid(), $1, 'text/plain', 'record', 1 FROM generate_series(1, $2) RETURNING id
     ), numbered AS (SELECT id, row_number() OVER () AS n FROM made)
     INSERT INTO object (id, record_id, object_key, header, payload_sha256, salt, commitment, is_current, stored_at)
     SELECT gen_random_uuid(), id, 'objects/' || gen_random_uuid(), '', '', '', sha256(id::text::bytea), $3,
            now() - ($4 - n) * interval '1 second'
     FROM numbered`,
    [patientId, count, isCurrent, firstAgeSec],
  );
  return patientId;
}

describe('retired objects', () => {
  it('are all asked about, though hundreds in front of them stay in use and one gets no answer', async () => {
    await objects(250, false, 1_000);
    const commitments = (
      (await source.query('SELECT commitment FROM object ORDER BY stored_at')) as { commitment: Buffer }[]
    ).map(({ commitment }) => `0x${commitment.toString('hex')}`);
    const asked: string[] = [];
    const requests = {
      ask: async (_subject: string, _query: unknown, _answer: unknown, { commitment }: { commitment: string }) => {
        asked.push(commitment);
        if (commitment === commitments[0]) throw new Error('no answer');
        return { inUse: commitment !== commitments.at(-1) };
      },
    } as unknown as BusRequests;
    const store = { delete: async () => undefined } as unknown as ObjectStore;
    const pending = new PendingObjects(unitOfWork, store, { onError: () => undefined });
    const changes = new Changes(unitOfWork, new Outbox('records.north', new KeyRing(new Uint8Array(32))));
    const retired = new RetiredObjects(unitOfWork, changes, requests, pending);
    await expect(retired.workOff(running)).rejects.toThrow('no answer');
    for (let round = 0; round < 2; round++) await retired.workOff(running);
    await expect(retired.workOff(running)).rejects.toThrow('no answer'); // its turn again, behind all others
    expect(asked.slice(0, 250)).toEqual(commitments);
    const removed = (await source.query('SELECT commitment FROM object WHERE removed_at IS NOT NULL')) as object[];
    expect(removed).toHaveLength(1);
  });
});

describe('records to seal anew', () => {
  const done: string[] = [];
  const failing = new Set<string>();
  const reEncryptions = (): ReEncryptions =>
    new ReEncryptions(
      unitOfWork,
      {
        reEncrypt: async (_commitment: Uint8Array, grantId: string, finish: (tx: object) => Promise<void>) => {
          if (failing.has(grantId)) throw new Error('it cannot be read');
          await unitOfWork.run((tx) => finish(tx));
          done.push(grantId);
        },
      } as unknown as RecordsService,
      { onError: () => undefined },
    );

  it('are sealed though ten in front of them fail each time, and those are tried ever more seldom', async () => {
    const grants = Array.from({ length: 15 }, () => randomBytes(32));
    for (const [at, grant] of grants.entries()) {
      await source.query(
        `INSERT INTO re_encryption (grant_id, commitment, due_at) VALUES ($1, $1, now() - ($2 * interval '1 second'))`,
        [grant, 100 - at],
      );
      if (at < 10) failing.add(`0x${grant.toString('hex')}`);
    }
    const queue = reEncryptions();
    await queue.workOff(running);
    expect(done).toEqual([]);
    await queue.workOff(running);
    expect(done).toEqual(grants.slice(10).map((grant) => `0x${grant.toString('hex')}`));
    const pauses: number[] = [];
    for (let round = 0; round < 15; round++) {
      await source.query('UPDATE re_encryption SET due_at = now() WHERE done_at IS NULL');
      await queue.workOff(running);
      const [row] = (await source.query(
        'SELECT extract(epoch FROM max(due_at) - now()) AS pause FROM re_encryption WHERE done_at IS NULL',
      )) as [{ pause: string }];
      pauses.push(Math.round(Number(row.pause)));
    }
    expect(pauses[0]).toBeLessThan(5);
    expect(pauses.at(-1)).toBeGreaterThan(3_500);
    expect(pauses.at(-1)).toBeLessThanOrEqual(3_600);
  });

  it('are forgotten a month after they were sealed', async () => {
    for (const days of [29, 31])
      await source.query(
        `INSERT INTO re_encryption (grant_id, commitment, done_at) VALUES ($1, $1, now() - make_interval(days => $2))`,
        [randomBytes(32), days],
      );
    await reEncryptions().prune();
    expect(await source.query('SELECT 1 FROM re_encryption')).toHaveLength(1);
  });
});

describe('pending deeds', () => {
  it('of a patient with thousands take no place from the patients behind', async () => {
    const many = await objects(1_500, true, 100_000);
    const others: string[] = [];
    for (let n = 0; n < 20; n++) others.push(await objects(2, true, 1_000 - 10 * n));
    await source.query(
      `INSERT INTO deed (x, y, commitment, object_id, ephemeral_key, view_tag, pending_since)
       SELECT sha256(id::text::bytea), '', commitment, id, '', 1, stored_at FROM object`,
    );
    const oldest = await unitOfWork.run((tx) => oldestPending(tx, 2_000_000));
    expect(oldest.map(({ patientId }) => patientId)).toEqual([many, ...others.slice(0, 15)]);
    expect(oldest.map(({ isDue }) => isDue)).toEqual([true, ...Array<boolean>(15).fill(false)]);
  });
});
