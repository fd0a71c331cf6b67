import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testPostgresTools } from '@cpds/local';
import { anchoredSubject, type EventEnvelope, eventLeafHash, OutboxAgreement, receiptSubject } from '@cpds/messages';
import pg from 'pg';
import { startHospital, startMs, until, type Hospital } from './hospital.js';

const run = promisify(execFile);
const text = `text of a record ${randomUUID()}`;
const max = Number.MAX_SAFE_INTEGER;

let north: Hospital;
let recordId: string;
const file = join(tmpdir(), `cpds-dump-${randomUUID()}`);

beforeAll(async () => {
  north = await startHospital('north');
  const stored = await call(`/records?patient=${north.newPatient().id}&category=note`, 'records.write', {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'text/plain' },
  });
  ({ recordId } = (await stored.json()) as { recordId: string });
}, startMs);
afterAll(async () => {
  await north.close();
  rmSync(file, { force: true });
});

async function call(path: string, scope: string, init: RequestInit = {}): Promise<Response> {
  const authorization = `Bearer ${await north.token(scope)}`;
  return fetch(`${north.url}${path}`, { ...init, headers: { authorization, ...init.headers } });
}
const read = (): Promise<Response> => call(`/records/${recordId}`, 'records.read');
const tool = async (name: string, ...args: string[]): Promise<void> => {
  await run(join(await testPostgresTools(), name), args);
};
const rowsLeft = async (): Promise<number> => {
  const client = new pg.Client({ connectionString: north.databaseUrl });
  await client.connect();
  const { rows } = await client.query('SELECT count(*)::int AS n FROM outbox');
  await client.end();
  return rows[0].n;
};
/** What the bus carries when receipts are repeated, or made up. */
const announce = async (subject: string, throughSeq: number): Promise<void> => {
  const newest = north.events.reduce((a, b) => (a.seq > b.seq ? a : b)) as unknown as EventEnvelope;
  const receipt = { producer: 'records.north', throughSeq, leaf: eventLeafHash(newest), treeSize: 1 };
  north.bus.publish(subject, JSON.stringify(receipt));
  await north.bus.flush();
};

describe('records whose database was restored from a dump', () => {
  it('change nothing for a receipt that was made up, also over restarts', async () => {
    expect(await (await read()).text()).toBe(text);
    const before = await rowsLeft();
    for (const subject of [receiptSubject, 'audit.receipted.v1', anchoredSubject]) await announce(subject, max);
    north.isLogSilent = true;
    expect((await read()).status).toBe(503);
    await north.restart();
    expect((await read()).status).toBe(503);
    north.isLogSilent = false;
    await until(async () => (await read()).status === 200);
    expect(await rowsLeft()).toBeGreaterThan(before);
  });

  it('give no plaintext for a repeated receipt, until an operator has brought both into agreement', async () => {
    await tool('pg_dump', '--format=custom', `--file=${file}`, north.databaseUrl);
    for (let at = 0; at < 3; at++) expect((await read()).status).toBe(200);
    const lastSeq = Math.max(...north.events.map(({ seq }) => seq));
    await north.stop();
    await tool('pg_restore', '--clean', '--no-owner', `--dbname=${north.databaseUrl}`, file);

    for (let start = 0; start < 2; start++) {
      await north.restart();
      await announce(receiptSubject, lastSeq);
      const refused = await read();
      const body = await refused.text();
      expect({ status: refused.status, body }).toEqual({ status: 503, body: expect.stringContaining('log-disagrees') });
      expect(body).not.toContain(text);
    }

    expect((await call('/outbox/agreement', 'records.read', { method: 'POST' })).status).toBe(403);
    const answer = await call('/outbox/agreement', 'outbox.agree', { method: 'POST' });
    const agreement = OutboxAgreement.parse(await answer.json());
    expect(agreement).toMatchObject({ producer: 'records.north', changed: true });
    expect(agreement.logSeq).toBeGreaterThanOrEqual(lastSeq);
    expect(await (await read()).text()).toBe(text);
    const told = north.events.find(({ type }) => type === 'records.outbox-agreed.v1');
    expect(told?.details).toMatchObject({ by: expect.any(String), logSeq: agreement.logSeq });
  });
});
