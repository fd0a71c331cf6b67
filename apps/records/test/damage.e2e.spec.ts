import { randomBytes } from 'node:crypto';
import pg from 'pg';
import * as age from '@cpds/crypto/age';
import { nodeAead } from '@cpds/crypto/node';
import { ScrubView } from '@cpds/messages';
import { Bucket } from './bucket.js';
import { startHospital, startMs, until, type Hospital, type Patient } from './hospital.js';

/** A store that loses, swaps or forges objects is told of, and nothing of it is given out. */

let north: Hospital;
let patient: Patient;
let bucket: Bucket;
let database: pg.Client;

beforeAll(async () => {
  north = await startHospital('north');
  patient = north.newPatient();
  bucket = new Bucket(north);
  database = new pg.Client({ connectionString: north.databaseUrl });
  await database.connect();
}, startMs);
afterAll(async () => {
  await database.end();
  await north.close();
});

async function call(path: string, scope: string, init: RequestInit = {}, claims = {}): Promise<Response> {
  const authorization = `Bearer ${await north.token(scope, claims)}`;
  return fetch(`${north.url}${path}`, { ...init, headers: { authorization, ...init.headers } });
}

interface Kept {
  recordId: string;
  commitment: string;
  key: string;
  text: string;
}

/** A record of some sentences, all of the same length but for `times`. */
async function keep(name: string, times = 1): Promise<Kept> {
  const text = `${name.padEnd(20)} blood pressure 120 over 80\n`.repeat(times);
  const answer = await call(`/records?patient=${patient.id}`, 'records.write', {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'text/plain' },
  });
  const { recordId, commitment } = (await answer.json()) as Kept;
  const { rows } = await database.query('SELECT object_key FROM object WHERE record_id = $1', [recordId]);
  return { recordId, commitment, key: rows[0].object_key, text };
}

const damageOf = ({ recordId }: Kept) =>
  north.events
    .filter(({ type, correlation }) => type === 'records.object-damaged.v1' && correlation === recordId)
    .map(({ details: { recordId: record, part, during } }) => ({ record, part, during }));

async function swap(a: Kept, b: Kept): Promise<void> {
  const [ofA, ofB] = [await bucket.get(a.key), await bucket.get(b.key)];
  expect(ofA).toHaveLength(ofB.length);
  await bucket.put(a.key, ofB);
  await bucket.put(b.key, ofA);
}

/** What somebody with a patient's wallet and the bucket's key can make: another text under the file's own key. */
async function forge({ key, text }: Kept): Promise<void> {
  const file = await bucket.get(key);
  const { header } = await age.splitFile([file]);
  const fileKey = age.unwrapHeader(age.parseHeader(header), patient.ageIdentity);
  const parts: Uint8Array[] = [header];
  const other = Buffer.from(text.replaceAll('120', '999'));
  for await (const part of age.sealPayload([other], fileKey, randomBytes(16), nodeAead)) parts.push(part);
  expect(Buffer.concat(parts)).toHaveLength(file.length);
  await bucket.put(key, Buffer.concat(parts));
}

/** Each way to damage an object, and the part that its row finds first. */
const ways: [string, string, string, (kept: Kept, other: Kept) => Promise<void>][] = [
  ['lost', 'object-lost', 'object', ({ key }) => bucket.remove(key)],
  ['swapped with one of equal length', 'object-altered', 'header', swap],
  ['forged under its own key', 'object-altered', 'payload', forge],
  ['cut', 'object-altered', 'length', async ({ key }) => bucket.put(key, (await bucket.get(key)).subarray(0, -1))],
];

describe.each(ways)('an object that was %s', (_, code, part, damage) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await keep('one');
    await damage(kept, await keep('other'));
  });

  it('is a 500 for staff, with an event and no byte of any record', async () => {
    const answer = await call(`/records/${kept.recordId}`, 'records.read');
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(JSON.parse(text).issue[0].details.coding[0].code).toBe(code);
    expect(text).not.toContain('blood pressure');
    await until(() => damageOf(kept).length === 1);
    expect(damageOf(kept)).toEqual([{ record: kept.recordId, part, during: 'reading' }]);
  });

  it('is a 500 for the patient too', async () => {
    const answer = await call(`/records/${kept.recordId}/object`, 'wallet', {}, { patient: patient.id });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code, field: part });
  });

  it('is not sealed anew, which would make its deed one of other bytes', async () => {
    await database.query('INSERT INTO re_encryption (grant_id, commitment) VALUES ($1, $2)', [
      randomBytes(32),
      Buffer.from(kept.commitment.slice(2), 'hex'),
    ]);
    const isDone = async () =>
      (await database.query('SELECT 1 FROM re_encryption WHERE done_at IS NULL')).rowCount === 0;
    await until(async () => damageOf(kept).some(({ during }) => during === 'sealing-anew') || (await isDone()));
    await database.query('DELETE FROM re_encryption WHERE done_at IS NULL');
    expect(damageOf(kept)).toContainEqual({ record: kept.recordId, part, during: 'sealing-anew' });
    const { rows } = await database.query('SELECT is_current FROM object WHERE record_id = $1', [kept.recordId]);
    expect(rows).toEqual([{ is_current: true }]);
  });
});

describe('a large object that was forged under its own key', () => {
  it('is cut before its end', async () => {
    const kept = await keep('large', 10_000);
    await forge(kept);
    const answer = await call(`/records/${kept.recordId}`, 'records.read');
    await expect(answer.arrayBuffer()).rejects.toThrow();
    const sealed = await call(`/records/${kept.recordId}/object`, 'wallet', {}, { patient: patient.id });
    await expect(sealed.arrayBuffer()).rejects.toThrow();
    await until(() => damageOf(kept).length === 2);
  });
});

describe('a scrub', () => {
  async function scrub(): Promise<ScrubView> {
    const begun = ScrubView.parse(await (await call('/scrubs', 'records.operate', { method: 'POST' })).json());
    for (;;) {
      const view = ScrubView.parse(await (await call(`/scrubs/${begun.scrubId}`, 'records.operate')).json());
      if (view.endedAt !== null) return view;
    }
  }
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${north.url}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
  };

  it('is for operators', async () => {
    expect((await call('/scrubs', 'records.read', { method: 'POST' })).status).toBe(403);
    expect((await call(`/scrubs/${patient.id}`, 'records.operate')).status).toBe(404);
  });

  it.each(ways)('finds an object that was %s, tells, and finds it whole when it was restored', async (...way) => {
    const [, , part, damage] = way;
    const [kept, other] = [await keep('one'), await keep('other')];
    const whole = [await bucket.get(kept.key), await bucket.get(other.key)] as const;
    const before = await scrub();
    await damage(kept, other);
    const view = await scrub();
    const both = part === 'header' ? 2 : 1;
    expect(view).toMatchObject({ checked: view.objects, damaged: before.damaged + both, unread: 0 });
    expect(view.found.find(({ objectKey }) => objectKey === kept.key)).toMatchObject({
      recordId: kept.recordId,
      part,
      foundBy: 'scrub',
    });
    expect(await metric('cpds_damaged_objects')).toBe(view.damaged);
    expect(await metric('cpds_scrub_ended_seconds')).toBeGreaterThan(Date.now() / 1000 - 60);
    await until(() => damageOf(kept).some(({ during }) => during === 'scrub'));
    const ended = () =>
      north.events.find(({ type, correlation }) => type === 'records.scrub-ended.v1' && correlation === view.scrubId);
    await until(() => ended() !== undefined);
    expect(ended()!.details).toMatchObject({ damaged: view.damaged, checked: view.checked });
    await bucket.put(kept.key, whole[0]);
    await bucket.put(other.key, whole[1]);
    expect(await scrub()).toMatchObject({ damaged: before.damaged });
  });

  it('comes by itself when the last one is a day old, and goes on where a restart stopped it', async () => {
    const kept = await keep('one');
    await database.query(`UPDATE scrub SET begun_at = begun_at - interval '2 days'`);
    const recent = async () =>
      (await database.query(`SELECT id FROM scrub WHERE begun_at > now() - interval '1 day'`)).rows;
    await until(async () => (await recent()).length === 1);
    const scrubId = (await recent())[0].id;
    await until(async () => (await database.query('SELECT 1 FROM scrub WHERE ended_at IS NULL')).rowCount === 0);
    const begun = north.events.find(
      ({ type, correlation }) => type === 'records.scrub-asked.v1' && correlation === scrubId,
    );
    expect(begun!.details).toMatchObject({ by: 'service:records', isNew: true });

    // As if it had been stopped behind every object but the last ones.
    await database.query(
      `UPDATE scrub SET ended_at = NULL, checked = 0, looked_through = (SELECT coalesce(max(object_key), '') FROM object WHERE object_key < $2) WHERE id = $1`,
      [scrubId, kept.key],
    );
    await north.restart();
    await until(async () => (await database.query('SELECT 1 FROM scrub WHERE ended_at IS NULL')).rowCount === 0);
    const { rows } = await database.query(
      'SELECT checked, (SELECT count(*) FROM object WHERE object_key >= $2) AS behind FROM scrub WHERE id = $1',
      [scrubId, kept.key],
    );
    expect(rows[0].checked).toBe(rows[0].behind);
  });
});
