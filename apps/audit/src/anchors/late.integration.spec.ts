import { type LogStore, openLogStore } from '../testing/test-log.js';
import type { AuditLog } from '../log/log.service.js';
import { Anchors } from './anchors.service.js';

/** What the operator hears when a chain does not take the log's anchors. */

let database: LogStore;
let anchors: Anchors;
const now = new Date('2026-07-01T12:00:00Z');
const ago = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000);
const quarter = 15 * 60_000;

beforeAll(async () => {
  database = await openLogStore();
  anchors = new Anchors(database.unitOfWork, database.reader, {} as AuditLog, {
    hubChain: 'hub',
    chains: ['hub', 'north'],
    everyMs: 60_000,
    now: () => now,
    onError: () => undefined,
  });
});

afterAll(() => database.close());

const entry = (leafIndex: number, at: Date): Promise<unknown> =>
  database.store.query(
    `INSERT INTO event (producer, seq, id, at, correlation, leaf, details_key, leaf_index)
     VALUES ('records.north', $1, gen_random_uuid(), $2, 'r-1', '', '', $1)`,
    [leafIndex, at],
  );
const anchored = (chain: string, size: number, settledAt: Date): Promise<unknown> =>
  database.store.query(
    `INSERT INTO anchor (chain, size, root, checkpoint, state, attempt, wanted_at, settled_at)
     VALUES ($1, $2, '', '', 'final', 1, $3, $3)`,
    [chain, size, settledAt],
  );
const lateness = (): Promise<string | null> =>
  anchors.assertNotLate(quarter).then(
    () => null,
    ({ code, message }: { code: string; message: string }) => `${code} ${message.split(' on ')[1]}`,
  );

it('an empty log waits for no anchor; an entry waits on each chain, until a final anchor covers it', async () => {
  expect(await lateness()).toBeNull();
  await entry(0, ago(14));
  expect(await lateness()).toBeNull();
  await database.store.query('UPDATE event SET at = $1', [ago(16)]);
  expect(await lateness()).toBe('anchor-late hub, north');
  await anchored('hub', 1, ago(15.5));
  expect(await lateness()).toBe('anchor-late north');
  await anchored('north', 1, ago(15.5));
  expect(await lateness()).toBeNull();
});

it('an entry that came long after it was made waits since the last anchor', async () => {
  await anchored('hub', 2, ago(1));
  await entry(1, ago(600));
  expect(await lateness()).toBe('anchor-late north');
  await entry(2, ago(600));
  await anchored('north', 2, ago(1));
  expect(await lateness()).toBeNull();
});
