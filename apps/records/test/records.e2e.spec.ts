import { createHash, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as S3Client } from 'minio';
import pg from 'pg';
import { testAge } from '@cpds/local';
import { startHospital, startMs, until, type Hospital, type Patient } from './hospital.js';

const bundle = readFileSync(
  join(
    import.meta.dirname,
    '../../../examples/records/Lindsey52_Swaniawski813_a7004633-15b2-6d32-b97b-958b655604e9.json',
  ),
);
const image = readFileSync(join(import.meta.dirname, '../../../examples/records/CT_small.dcm'));
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let north: Hospital;
let patient: Patient;
let database: pg.Client;

beforeAll(async () => {
  north = await startHospital('north');
  patient = north.newPatient();
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

async function upload(
  body: Uint8Array | string,
  type = 'application/fhir+json',
  query = `patient=${patient.id}`,
): Promise<Response> {
  return call(`/records?${query}`, 'records.write', {
    method: 'POST',
    body: body as BodyInit,
    headers: { 'content-type': type },
  });
}

/** Objects in the bucket, and rows that name them. */
async function kept(): Promise<{ objects: string[]; records: number; deeds: number; pending: number }> {
  const { hostname, port } = new URL(north.bucket.endpoint);
  const client = new S3Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: 'us-east-1',
    ...north.bucket,
  });
  const objects: string[] = [];
  for await (const { name } of client.listObjectsV2(north.bucket.bucket, '', true)) objects.push(name as string);
  const count = async (table: string): Promise<number> =>
    Number((await database.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
  return {
    objects,
    records: await count('record'),
    deeds: await count('deed'),
    pending: await count('pending_object'),
  };
}

/** The plaintext that the public age program makes of a file. */
function openWith(age: string, identity: string, file: Uint8Array): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'cpds-age-'));
  try {
    writeFileSync(join(folder, 'key'), `${identity}\n`, { mode: 0o600 });
    return execFileSync(age, ['-d', '-i', join(folder, 'key')], { input: file, maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('uploading a record', () => {
  it('stores it as an age file for the patient and this hospital, and says so in the log', async () => {
    const answer = await upload(
      bundle,
      'application/fhir+json; charset=utf-8',
      `patient=${patient.id}&category=summary`,
    );
    expect(answer.status).toBe(201);
    const stored = await answer.json();
    expect(stored).toEqual({
      recordId: expect.any(String),
      patientId: patient.id,
      metadata: { contentType: 'application/fhir+json', sizeBytes: bundle.length, category: 'summary' },
      sha256: `0x${digest(bundle)}`,
      commitment: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      deed: 'pending',
    });
    await until(() => north.events.some(({ type }) => type === 'records.object-stored.v1'));
    expect(north.events.find(({ type }) => type === 'records.object-stored.v1')).toMatchObject({
      correlation: stored.recordId,
      details: { commitment: stored.commitment, patientId: patient.id },
    });
    expect((await kept()).pending).toBe(0);

    const sealed = await call(`/records/${stored.recordId}/object`, 'wallet', {}, { patient: patient.id });
    const file = Buffer.from(await sealed.arrayBuffer());
    expect(file.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(file.includes('Swaniawski')).toBe(false);
    // No code of this project is needed to read one's own record.
    const age = await testAge();
    for (const identity of [patient.ageIdentity, north.ageIdentity])
      expect(digest(openWith(age, identity, file))).toBe(digest(bundle));
  });

  it('takes an image too, and gives both back to staff, each reading in the log first', async () => {
    const { recordId } = await (await upload(image, 'application/dicom')).json();
    const before = north.events.filter(({ type }) => type === 'records.object-read.v1').length;
    const answer = await call(`/records/${recordId}`, 'records.read');
    expect(answer.headers.get('content-type')).toBe('application/dicom');
    expect(answer.headers.get('content-length')).toBe(String(image.length));
    expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(image));
    const reads = north.events.filter(({ type }) => type === 'records.object-read.v1');
    expect(reads).toHaveLength(before + 1);
    expect(reads.at(-1)!.details).toMatchObject({ recordId, by: 'backend' });
  });

  it('names whoever uploaded, and whoever looked at a category, before it is shown', async () => {
    const { recordId } = await (
      await upload(bundle, 'application/fhir+json', `patient=${patient.id}&category=hiv`)
    ).json();
    await until(() => north.events.some(({ correlation }) => correlation === recordId));
    const stored = north.events.find(({ correlation }) => correlation === recordId);
    expect(stored!.details).toMatchObject({ by: 'backend', recordId });
    const looks = () => north.events.filter(({ type }) => type === 'records.status-read.v1');
    const before = looks().length;
    const shown = await call(`/records/${recordId}/status`, 'records.read');
    expect((await shown.json()).metadata.category).toBe('hiv');
    expect(looks()).toHaveLength(before + 1);
    expect(looks().at(-1)).toMatchObject({ person: patient.id, details: { by: 'backend', recordId } });
  });

  it('names the clinician on whose behalf a record is kept, looked at and read, if identity knows one', async () => {
    const [known, departmentId] = [randomUUID(), randomUUID()];
    north.answers.set('identity.clinician', (body: never) => {
      const { clinicianId } = body as { clinicianId: string };
      return clinicianId === known ? { clinicianId, departmentId } : null;
    });
    const headers = { 'cpds-on-behalf-of': known, 'content-type': 'application/dicom' };
    const init = { method: 'POST', body: image as BodyInit, headers };
    const { recordId } = await (await call(`/records?patient=${patient.id}`, 'records.write', init)).json();
    await call(`/records/${recordId}/status`, 'records.read', { headers });
    await call(`/records/${recordId}`, 'records.read', { headers });
    const told = () => north.events.filter(({ details }) => details['recordId'] === recordId);
    await until(() => told().length === 3);
    expect(told().map(({ details }) => details)).toMatchObject(
      [1, 2, 3].map(() => ({ by: 'backend', onBehalfOf: known })),
    );
    for (const [clinicianId, claims] of [
      [randomUUID(), {}],
      [known, { departments: [randomUUID()] }],
    ] as const) {
      const refused = { headers: { 'cpds-on-behalf-of': clinicianId } };
      expect((await call(`/records/${recordId}`, 'records.read', refused, claims)).status).toBe(403);
    }
    expect(told()).toHaveLength(3);
  });

  it('answers HEAD with 405 on every door that a token opens, reads nothing and logs nothing', async () => {
    const { recordId } = await (await upload(image, 'application/dicom')).json();
    await until(() => north.events.some(({ correlation }) => correlation === recordId));
    const before = north.events.length;
    const grantId = `0x${'12'.repeat(32)}`;
    for (const [path, scope] of [
      [`/records/${recordId}`, 'records.read'],
      [`/records/${recordId}/status`, 'records.read'],
      [`/records/${recordId}/object`, 'wallet'],
      ['/wallet/deeds', 'wallet'],
      [`/grants/${grantId}/record`, 'records.read'],
    ] as const) {
      const answer = await call(path, scope, { method: 'HEAD' }, { patient: patient.id });
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, 'GET']);
    }
    // An event that a HEAD had left would stand before this one.
    await (await call(`/records/${recordId}`, 'records.read')).arrayBuffer();
    expect(north.events.slice(before).map(({ type }) => type)).toEqual(['records.object-read.v1']);
  });

  it('passes 16 MiB in and out unchanged', async () => {
    const text = Buffer.alloc(16 * 1024 * 1024, 'blood pressure 120 over 80\n');
    const { recordId, sha256 } = await (await upload(text, 'text/plain')).json();
    expect(sha256).toBe(`0x${digest(text)}`);
    const answer = await call(`/records/${recordId}`, 'records.read');
    expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(text));
  });

  it.each([
    ['an empty body', '', 'application/fhir+json', 400, 'body-empty', 'body'],
    ['text that claims to be FHIR', 'no json', 'application/fhir+json', 422, 'not-what-it-says', 'body'],
    ['a resource without type', '{"a":1}', 'application/fhir+json', 422, 'not-what-it-says', 'resourceType'],
    [
      'a bundle that claims to be DICOM',
      '{"resourceType":"Bundle"}',
      'application/dicom',
      422,
      'not-what-it-says',
      'body',
    ],
    ['another content type', 'x', 'application/xml', 415, 'content-type-unknown', 'content-type'],
  ])('refuses %s by naming the field, and keeps nothing', async (_, body, type, status, code, field) => {
    const before = await kept();
    const answer = await upload(body, type);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/fhir+json');
    const outcome = await answer.json();
    expect(outcome.resourceType).toBe('OperationOutcome');
    expect(outcome.issue[0].details.coding[0].code).toBe(code);
    expect(outcome.issue[0].expression).toEqual([field]);
    expect(await kept()).toEqual(before);
  });

  it('refuses a bundle that is wrong at its very end, after most of it was stored', async () => {
    const before = await kept();
    const broken = Buffer.from(bundle);
    broken[broken.lastIndexOf('}')] = 0x20;
    const answer = await upload(broken);
    expect(answer.status).toBe(422);
    expect(await kept()).toEqual(before);
  });

  it('keeps nothing of an upload that is cut off', async () => {
    const before = await kept();
    const authorization = `Bearer ${await north.token('records.write')}`;
    const request = httpRequest(`${north.url}/records?patient=${patient.id}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/fhir+json', 'content-length': bundle.length },
    });
    const closed = new Promise((resolve) => request.on('error', resolve).on('close', resolve));
    request.write(bundle.subarray(0, 300_000));
    await until(async () => (await kept()).pending === 1); // it is under way
    request.destroy();
    await closed;
    await until(async () => (await kept()).pending === 0);
    expect(await kept()).toEqual(before);
  });

  it.each([
    ['no patient', 'category=x', 400, 'patient'],
    ['a patient that is no id', 'patient=7', 400, 'patient'],
    ['an unknown patient', `patient=${randomUUID()}`, 404, 'patient'],
    ['an unknown parameter', `patient=${randomUUID()}&name=x`, 400, 'name'],
  ])('refuses %s', async (_, query, status, field) => {
    const answer = await upload(bundle, 'application/fhir+json', query);
    expect(answer.status).toBe(status);
    expect((await answer.json()).issue[0].expression).toEqual([field]);
  });

  it('asks for a length, and refuses one that is too large', async () => {
    const body = new ReadableStream({
      start: (controller) => (controller.enqueue(Buffer.from('{}')), controller.close()),
    });
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/fhir+json' } };
    expect((await call(`/records?patient=${patient.id}`, 'records.write', init as RequestInit)).status).toBe(411);
    expect((await upload(Buffer.alloc(20_000_001), 'text/plain')).status).toBe(413);
  });
});

describe('a body that says whose it is', () => {
  /** Identifiers and PatientIDs that identity knows, by their value. */
  const known = new Map<string, string>();
  let other: Patient;
  beforeAll(() => {
    other = north.newPatient();
    north.answers.set('identity.whose', (body: never) => {
      const { named } = body as { named: { value?: string; patientId?: string }[] };
      const ids = named.flatMap(({ value = '', patientId = '' }) => known.get(value) ?? known.get(patientId) ?? []);
      return { patientIds: [...new Set(ids)] };
    });
  });
  afterAll(() => north.answers.set('identity.whose', () => ({ patientIds: [] })));
  beforeEach(() => known.clear());
  const synthea = 'a7004633-15b2-6d32-b97b-958b655604e9';
  const observation = (reference: string): string =>
    JSON.stringify({ resourceType: 'Observation', subject: { reference } });
  const told = (outcome: string) =>
    north.events.filter(({ type, details }) => type === 'records.patient-mismatched.v1' && details.outcome === outcome);

  it.each([
    ['a bundle', () => bundle, 'application/fhir+json', synthea],
    ['an image', () => image, 'application/dicom', '1CT1'],
    ['a reference', () => observation(`Patient/${other.id}`), 'application/fhir+json', () => other.id],
  ])('is refused for another patient, keeps nothing and is told of: %s', async (_, body, type, value) => {
    known.set(typeof value === 'string' ? value : value(), other.id);
    const before = await kept();
    const refusals = told('refused').length;
    const answer = await upload(body(), type);
    expect(answer.status).toBe(422);
    const { issue } = await answer.json();
    expect(issue[0].details.coding[0].code).toBe('patient-mismatch');
    expect(issue[0].expression).toEqual(['patient']);
    expect(await kept()).toEqual(before);
    await until(() => told('refused').length === refusals + 1);
    expect(told('refused').at(-1)!.details).toEqual({ by: 'backend', patientId: patient.id, outcome: 'refused' });
  });

  it('is taken for another patient by whoever says why, and that is told of', async () => {
    known.set('1CT1', other.id);
    const answer = await upload(image, 'application/dicom', `patient=${patient.id}&allowMismatch=imported%20number`);
    expect(answer.status).toBe(201);
    const { recordId } = await answer.json();
    await until(() => told('allowed').some(({ correlation }) => correlation === recordId));
    expect(told('allowed').at(-1)!.details).toEqual({
      by: 'backend',
      recordId,
      patientId: patient.id,
      outcome: 'allowed',
      reason: 'imported number',
    });
  });

  it('is taken when it names its patient, or nobody known here', async () => {
    const before = told('allowed').length + told('refused').length;
    known.set(synthea, patient.id);
    expect((await upload(bundle)).status).toBe(201);
    known.clear();
    const query = `patient=${patient.id}&allowMismatch=not%20needed`;
    expect((await upload(bundle, 'application/fhir+json', query)).status).toBe(201);
    await until(() => north.events.filter(({ type }) => type === 'records.object-stored.v1').length >= 2);
    expect(told('allowed').length + told('refused').length).toBe(before);
  });

  it('is refused when it names its patient and another, unless somebody says why', async () => {
    known.set(synthea, patient.id).set('999-67-8669', other.id);
    const before = await kept();
    const [refusals, allowances] = [told('refused').length, told('allowed').length];
    const answer = await upload(bundle);
    expect(answer.status).toBe(422);
    expect((await answer.json()).issue[0].details.coding[0].code).toBe('patient-mismatch');
    expect(await kept()).toEqual(before);
    const query = `patient=${patient.id}&allowMismatch=twins`;
    expect((await upload(bundle, 'application/fhir+json', query)).status).toBe(201);
    await until(() => told('refused').length === refusals + 1 && told('allowed').length === allowances + 1);
    expect(told('allowed').at(-1)!.details).toMatchObject({ patientId: patient.id, reason: 'twins' });
  });

  it('is its patient’s by a number without a system that others have too, and not beside a number of others only', async () => {
    const answer = north.answers.get('identity.whose')!;
    const withNumbers = (...numbers: string[]) =>
      JSON.stringify({
        resourceType: 'Patient',
        identifier: numbers.map((value) => ({ value })),
      });
    const having = new Map([
      ['shared', [other.id, patient.id]],
      ['foreign', [other.id]],
    ]);
    north.answers.set('identity.whose', (body: never) => {
      const { named } = body as { named: { value: string }[] };
      return { patientIds: [...new Set(named.flatMap(({ value }) => having.get(value) ?? []))] };
    });
    expect((await upload(withNumbers('shared', 'unknown'))).status).toBe(201);
    expect((await upload(withNumbers('shared', 'foreign'))).status).toBe(422);
    north.answers.set('identity.whose', answer);
  });

  it('gets no answer without identity: the upload is repeated, not believed', async () => {
    const answer = north.answers.get('identity.whose')!;
    north.answers.set('identity.whose', () => {
      throw Object.assign(new Error('away'), { code: 'no-answer', kind: 'unavailable' });
    });
    const before = await kept();
    expect((await upload(image, 'application/dicom')).status).toBe(503);
    north.answers.set('identity.whose', answer);
    expect(await kept()).toEqual(before);
  });
});

describe('a record that was entered in error', () => {
  const withdraw = (recordId: string, body: object, scope = 'records.write') =>
    call(`/records/${recordId}/withdrawal`, scope, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const told = (type: string, recordId: string) =>
    north.events.filter(({ type: one, details }) => one === `records.${type}.v1` && details.recordId === recordId);
  const grantId = `0x${'ab'.repeat(32)}`;
  beforeAll(() => north.answers.set('bridge.open-grants', () => ({ grantIds: [grantId] })));

  it('is withdrawn once: kept or erased as asked, its grants closed, each with its event', async () => {
    const { recordId } = await (await upload(image, 'application/dicom')).json();
    const first = await withdraw(recordId, { reason: 'wrong patient', object: 'keep' });
    expect([first.status, await first.json()]).toEqual([
      200,
      { recordId, withdrawnAt: expect.any(String), object: 'kept' },
    ]);
    await withdraw(recordId, { reason: 'wrong patient', object: 'keep' });
    await until(() => told('grant-withdrawn', recordId).length === 1);
    expect(told('grant-withdrawn', recordId)[0]).toMatchObject({ correlation: grantId, details: { grantId } });
    expect(told('record-withdrawn', recordId).map(({ details }) => details)).toEqual([
      { by: 'backend', recordId, patientId: patient.id, reason: 'wrong patient', object: 'keep' },
    ]);
    expect(told('object-removed', recordId)).toEqual([]);
    const status = await (await call(`/records/${recordId}/status`, 'records.read')).json();
    expect(status.withdrawnAt).toEqual(expect.any(String));
    expect((await call(`/records/${recordId}`, 'records.read')).status).toBe(200); // for whoever must look at the error
    const current = 'SELECT 1 FROM object WHERE record_id = $1 AND is_current';
    expect((await database.query(current, [recordId])).rowCount).toBe(0);

    const { rows } = await database.query('SELECT object_key FROM object WHERE record_id = $1', [recordId]);
    const erased = await withdraw(recordId, { reason: 'wrong patient', object: 'erase' });
    expect(await erased.json()).toMatchObject({ object: 'erased' });
    await until(() => told('object-removed', recordId).length === 1);
    expect(told('object-removed', recordId)[0]!.details).toMatchObject({ by: 'backend' });
    await until(async () => !(await kept()).objects.includes(rows[0].object_key));
    const gone = await call(`/records/${recordId}`, 'records.read');
    expect([gone.status, (await gone.json()).issue[0].details.coding[0].code]).toEqual([410, 'record-withdrawn']);
    const wallet = await call(`/records/${recordId}/object`, 'wallet', {}, { patient: patient.id });
    expect(wallet.status).toBe(410);
    expect((await call(`/records/${recordId}/status`, 'records.read')).status).toBe(200);
  });

  it('keeps its kept object while others that are not current go', async () => {
    const { recordId } = await (await upload(image, 'application/dicom')).json();
    north.answers.set('bridge.deed-in-use', () => ({ inUse: false }));
    await withdraw(recordId, { reason: 'wrong patient', object: 'keep' });
    const retired = await (await upload(image, 'application/dicom')).json();
    await database.query('UPDATE object SET is_current = false WHERE record_id = $1', [retired.recordId]);
    await until(() => told('object-removed', retired.recordId).length === 1);
    expect(told('object-removed', recordId)).toEqual([]);
  });

  it('is refused without its scope, reason or record', async () => {
    const good = { reason: 'wrong patient', object: 'keep' };
    expect((await withdraw(randomUUID(), good)).status).toBe(404);
    expect((await withdraw(randomUUID(), good, 'records.read')).status).toBe(403);
    for (const bad of [{ object: 'keep' }, { ...good, reason: ' ' }, { ...good, object: 'burn' }])
      expect((await withdraw(randomUUID(), bad)).status).toBe(400);
  });
});

describe('who may', () => {
  let recordId: string;
  beforeAll(async () => {
    ({ recordId } = await (await upload(image, 'application/dicom')).json());
  });

  it('is said by the scope of a token of this hospital', async () => {
    expect((await fetch(`${north.url}/records/${recordId}`)).status).toBe(401);
    expect((await call(`/records/${recordId}`, 'records.write')).status).toBe(403);
    expect((await call(`/records/${recordId}/object`, 'records.read')).status).toBe(403);
    const other = await startHospital('south');
    const foreign = await other.token('records.read');
    await other.close();
    const answer = await fetch(`${north.url}/records/${recordId}`, { headers: { authorization: `Bearer ${foreign}` } });
    expect(answer.status).toBe(401);
    expect((await answer.json()).resourceType).toBe('OperationOutcome');
  });

  it('read the age file: its own patient, and no other', async () => {
    const path = `/records/${recordId}/object`;
    expect((await call(path, 'wallet', {}, { patient: patient.id })).status).toBe(200);
    const other = await call(path, 'wallet', {}, { patient: randomUUID() });
    expect(other.status).toBe(404);
    expect(other.headers.get('content-type')).toContain('application/problem+json');
    expect((await call(path, 'wallet')).status).toBe(403);
  });

  it('finds no unknown record', async () => {
    expect((await call(`/records/${randomUUID()}`, 'records.read')).status).toBe(404);
    expect((await call('/records/seven', 'records.read')).status).toBe(400);
  });
});

describe('a log that does not answer', () => {
  it('withholds the reading with 503 and an event, and sends no byte', async () => {
    const { recordId } = await (await upload(image, 'application/dicom')).json();
    north.isLogSilent = true;
    const answer = await call(`/records/${recordId}`, 'records.read');
    north.isLogSilent = false;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await answer.json()).issue[0].details.coding[0].code).toBe('disclosure-withheld');
    await until(() => north.events.some(({ type }) => type === 'records.disclosure-withheld.v1'));
    expect((await call(`/records/${recordId}`, 'records.read')).status).toBe(200);
  });

  it('withholds a category too', async () => {
    const { recordId } = await (await upload(image, 'application/dicom')).json();
    north.isLogSilent = true;
    const answer = await call(`/records/${recordId}/status`, 'records.read');
    north.isLogSilent = false;
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('category');
  });
});

describe('an object that was changed in the store', () => {
  it('is not given out as if it were whole', async () => {
    const { recordId } = await (await upload(bundle)).json();
    const { rows } = await database.query('SELECT id FROM object WHERE record_id = $1', [recordId]);
    const { hostname, port } = new URL(north.bucket.endpoint);
    const client = new S3Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      region: 'us-east-1',
      ...north.bucket,
    });
    const name = `objects/${rows[0].id}`;
    const parts: Uint8Array[] = [];
    for await (const part of await client.getObject(north.bucket.bucket, name)) parts.push(part as Uint8Array);
    const file = Buffer.concat(parts);
    file[file.length - 200_000]! ^= 1;
    await client.putObject(north.bucket.bucket, name, file);
    const answer = await call(`/records/${recordId}`, 'records.read');
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });
});

describe('objects that nobody names', () => {
  it('are swept, and only those', async () => {
    const before = await kept();
    await database.query(`INSERT INTO pending_object (key, begun_at) VALUES ('objects/orphan', 'epoch')`);
    const { hostname, port } = new URL(north.bucket.endpoint);
    const client = new S3Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      region: 'us-east-1',
      ...north.bucket,
    });
    await client.putObject(north.bucket.bucket, 'objects/orphan', Buffer.from('left by a crash'));
    await north.restart(); // sweeps at its start
    await until(async () => !(await kept()).objects.includes('objects/orphan'));
    await until(async () => (await kept()).pending === 0);
    expect(await kept()).toEqual(before);
  });
});
