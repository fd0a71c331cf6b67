import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { DeedRegistry } from '@cpds/contracts';
import * as age from '@cpds/crypto/age';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { cohortWord } from '@cpds/crypto/cohort';
import { compressed, G, parsePoint } from '@cpds/crypto/curve';
import { keyCommit, recordCommitment } from '@cpds/crypto/deed';
import { scan } from '@cpds/crypto/stealth';
import { DeedAnswer, RecordStatus, WalletDeeds, type WalletDeed } from '@cpds/messages';
import { startChain, type TestChain } from './chain.js';
import { startHospital, startMs, until, type Hospital, type Patient } from './hospital.js';

const image = readFileSync(join(import.meta.dirname, '../../../examples/records/MR_small.dcm'));

let chain: TestChain;
let north: Hospital;
let database: pg.Client;

beforeAll(async () => {
  chain = await startChain('north', 7_001);
  north = await startHospital('north', chain);
  database = new pg.Client({ connectionString: north.databaseUrl });
  await database.connect();
}, startMs);
afterAll(async () => {
  await database.end();
  await north.close();
  await chain.close();
});

const withheld = 'records.disclosure-withheld.v1';

async function upload(patient: Patient): Promise<{ recordId: string; commitment: `0x${string}` }> {
  const answer = await fetch(`${north.url}/records?patient=${patient.id}&category=imaging`, {
    method: 'POST',
    body: image,
    headers: { authorization: `Bearer ${await north.token('records.write')}`, 'content-type': 'application/dicom' },
  });
  expect(answer.status).toBe(201);
  return answer.json() as Promise<{ recordId: string; commitment: `0x${string}` }>;
}

async function statusOf(recordId: string): Promise<RecordStatus> {
  const answer = await fetch(`${north.url}/records/${recordId}/status`, {
    headers: { authorization: `Bearer ${await north.token('records.read')}` },
  });
  return RecordStatus.parse(await answer.json());
}

async function deedsAnswer(patient: Patient): Promise<Response> {
  return fetch(`${north.url}/wallet/deeds`, {
    headers: { authorization: `Bearer ${await north.token('wallet', { patient: patient.id })}` },
  });
}

async function deedsOf(patient: Patient): Promise<WalletDeed[]> {
  return WalletDeeds.parse(await (await deedsAnswer(patient)).json()).deeds;
}

async function ask(query: object): Promise<DeedAnswer> {
  const reply = (await north.bus.request('records.deed', JSON.stringify(query), { timeout: 5_000 })).json() as {
    value: unknown;
  };
  return DeedAnswer.parse(reply.value);
}

async function mintedCohorts(): Promise<number> {
  return Number(await new DeedRegistry(chain.deedRegistry, chain.provider).cohorts());
}

describe('the registrar', () => {
  it('mints pending deeds in a cohort of sixteen, one of each patient, and tells them when it is final', async () => {
    const patients = [north.newPatient(), north.newPatient(), north.newPatient()];
    // The registrar's own lock, so that all four wait together however slow this machine is.
    await database.query(`SELECT pg_advisory_lock(hashtext('cpds/registrar'))`);
    const stored = await Promise.all(patients.map((patient) => upload(patient)));
    const { recordId, commitment } = stored[0]!;
    expect(await statusOf(recordId)).toMatchObject({ recordId, commitment, deed: 'pending' });
    const second = await upload(patients[0]!); // the same patient's: another cohort
    await database.query(`SELECT pg_advisory_unlock(hashtext('cpds/registrar'))`);
    await until(async () => (await deedsOf(patients[0]!)).length === 2);

    expect(await statusOf(recordId)).toMatchObject({ commitment, deed: 'current' });
    const [deed, later] = (await deedsOf(patients[0]!)).sort((a, b) => a.cohort - b.cohort) as [WalletDeed, WalletDeed];
    expect([deed.recordId, later.recordId].sort()).toEqual([stored[0]!.recordId, second.recordId].sort());
    expect(later.cohort).toBeGreaterThan(deed.cohort);
    expect(deed.ringReal).toBe(3);
    expect(later.ringReal).toBe(1);

    // The registry's word for the cohort is the hash of these x's and commitments.
    const word = await new DeedRegistry(chain.deedRegistry, chain.provider).cohortHash(deed.cohort);
    expect(word).toBe(
      to0x(
        cohortWord(
          deed.xs.map((x) => BigInt(x)),
          fromHex(deed.commitmentsHash, 'hash'),
        ),
      ),
    );
  });

  it('gives the wallet what it checks a deed with: its key, its file key, its commitment', async () => {
    const patient = north.newPatient();
    const { commitment } = await upload(patient);
    await until(async () => (await deedsOf(patient)).length === 1);
    const [deed] = (await deedsOf(patient)) as [WalletDeed];
    // The categories that the wallet was shown stand in the log; the looks that showed none do not.
    const looks = () =>
      north.events.filter(({ type, person }) => type === 'records.deeds-read.v1' && person === patient.id);
    await until(() => looks().length === 2);
    expect(looks()[0]!.details).toEqual({ by: 'backend', deeds: 1 });

    const key = parsePoint(fromHex(deed.deedKey, 'deedKey'), 'deedKey');
    const ephemeralKey = parsePoint(fromHex(deed.ephemeralKey, 'R'), 'R');
    const announcement = { ephemeralKey, viewTag: Number(deed.viewTag), key };
    const { spending, viewing } = patient.secrets;
    const spendingKey = G.multiply(spending);
    expect(scan(viewing, spendingKey, announcement)).toBeDefined();
    expect(scan(viewing + 1n, spendingKey, announcement)).toBeUndefined();
    expect(deed.xs).toContain(to0x(compressed(key).slice(1)));

    const header = age.parseHeader(Buffer.from(deed.header, 'base64'));
    const fileKey = age.unwrapHeader(header, patient.ageIdentity);
    const { payloadHash, metadata, salt } = deed;
    const facts = {
      payloadSha256: fromHex(payloadHash, 'h'),
      keyCommit: keyCommit(fileKey),
      metadata,
      salt: fromHex(salt, 's'),
    };
    expect(to0x(recordCommitment(facts))).toBe(commitment);

    const answer = await ask({ commitment });
    expect(answer).toMatchObject({
      patientId: patient.id,
      category: 'imaging',
      current: true,
      ringReal: 1,
      cohort: deed.cohort,
    });
    expect(await ask({ x: answer!.x })).toEqual(answer);
  });

  it('shows the wallet no category that the log has not receipted', async () => {
    const patient = north.newPatient();
    await upload(patient);
    await until(async () => (await deedsOf(patient)).length === 1);
    north.isLogSilent = true;
    const answer = await deedsAnswer(patient);
    north.isLogSilent = false;
    const body = await answer.text();
    expect({ status: answer.status, body }).toEqual({
      status: 503,
      body: expect.stringContaining('disclosure-withheld'),
    });
    expect(body).not.toContain('imaging');
    await until(() => north.events.some(({ type, person }) => type === withheld && person === patient.id));
    expect(await deedsOf(patient)).toHaveLength(1);
  });

  it('answers null for padding, and for a deed that is not final yet', async () => {
    const padding = await database.query('SELECT x, commitment FROM deed WHERE object_id IS NULL LIMIT 1');
    expect(await ask({ x: to0x(padding.rows[0].x) })).toBeNull();
    expect(await ask({ commitment: to0x(padding.rows[0].commitment) })).toBeNull();
    const { commitment } = await upload(north.newPatient());
    expect(await ask({ commitment })).toBeNull();
    await until(async () => (await ask({ commitment })) !== null);
  });

  it('stopped after a cohort was wished, mints it once when it starts again', async () => {
    const before = await mintedCohorts();
    const patient = north.newPatient();
    await upload(patient);
    await until(async () => (await database.query(`SELECT 1 FROM cohort WHERE state = 'assembled'`)).rowCount === 1);
    await north.restart();
    await until(async () => (await deedsOf(patient)).length === 1);
    await north.restart();
    expect(await mintedCohorts()).toBe(before + 1);
    expect((await database.query('SELECT 1 FROM deed WHERE cohort_id IS NULL')).rowCount).toBe(0);
  });

  it('logs each mint it signs and each cohort that became final', async () => {
    const cohorts = await mintedCohorts();
    const of = (type: string) => north.events.filter((event) => event.type === type);
    await until(() => of('records.cohort-final.v1').length === cohorts);
    const signed = of('records.cohort-minted.v1').map(({ details }) => details.transaction);
    expect(
      of('records.cohort-final.v1')
        .map(({ details }) => details.transaction)
        .sort(),
    ).toEqual(signed.sort());
  });
});

describe('a grant that was revoked after its key was released', () => {
  it('has its record sealed anew under another key and deed; the old deed is not current', async () => {
    const patient = north.newPatient();
    const { recordId, commitment } = await upload(patient);
    await until(async () => (await deedsOf(patient)).length === 1);
    const [before] = (await deedsOf(patient)) as [WalletDeed];
    const details = {
      grantId: `0x${'77'.repeat(32)}`,
      role: 'A',
      state: 'closed',
      reason: 'revoked',
      because: 'revoke',
      commitment,
      mapped: true,
    };
    const event = {
      id: '11111111-2222-4333-8444-555555555555',
      type: 'bridge.transfer-closed.v1',
      producer: 'bridge.north',
      seq: 1,
      at: new Date().toISOString(),
      correlation: details.grantId,
      salt: `0x${'01'.repeat(32)}`,
      details,
    };
    north.bus.publish(event.type, JSON.stringify(event));
    north.bus.publish(event.type, JSON.stringify(event)); // at least once
    await until(
      async () => (await deedsOf(patient))[0]?.commitment !== commitment && (await deedsOf(patient)).length === 1,
    );
    const [after] = (await deedsOf(patient)) as [WalletDeed];
    expect(after.recordId).toBe(recordId);
    expect(after.deedKey).not.toBe(before.deedKey);
    expect(after.payloadHash).not.toBe(before.payloadHash);
    expect((await ask({ commitment }))?.current).toBe(false);
    expect((await database.query('SELECT 1 FROM object WHERE record_id = $1', [recordId])).rowCount).toBe(2);

    const answer = await fetch(`${north.url}/records/${recordId}`, {
      headers: { authorization: `Bearer ${await north.token('records.read')}` },
    });
    expect(Buffer.from(await answer.arrayBuffer()).equals(image)).toBe(true);
    // The earlier object stays while a grant of its deed is open, and goes when none is.
    const objectsLeft = async () =>
      (await database.query('SELECT 1 FROM object WHERE record_id = $1 AND removed_at IS NULL', [recordId])).rowCount;
    let looks = 0;
    north.answers.set('bridge.deed-in-use', () => ({ inUse: (looks += 1) < 3 }));
    await until(() => looks === 2);
    expect(await objectsLeft()).toBe(2);
    await until(async () => (await objectsLeft()) === 1);
    await until(async () => (await database.query('SELECT 1 FROM pending_object')).rowCount === 0);
    await until(() => north.events.some((event) => event.type === 'records.object-removed.v1'));

    const { payload } = await age.splitFile([await sealedFile(recordId, patient)]);
    let bytes = 0;
    for await (const part of payload) bytes += part.length;
    expect(bytes).toBeGreaterThan(image.length);
  });
});

async function sealedFile(recordId: string, patient: Patient): Promise<Uint8Array> {
  const authorization = `Bearer ${await north.token('wallet', { patient: patient.id })}`;
  const answer = await fetch(`${north.url}/records/${recordId}/object`, { headers: { authorization } });
  return new Uint8Array(await answer.arrayBuffer());
}
