import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SigningKey } from 'ethers';
import { Client as S3Client } from 'minio';
import pg from 'pg';
import { fetchDigest, type Grant, type Hex } from '@cpds/contracts';
import * as age from '@cpds/crypto/age';
import { to0x } from '@cpds/crypto/bytes';
import { compressed, G, scalarBytes } from '@cpds/crypto/curve';
import { nodeAead } from '@cpds/crypto/node';
import { AgeIdentitiesView, fetchHeaders } from '@cpds/messages';
import { startChain, type TestChain } from './chain.js';
import { startHospital, startMs, until, type Hospital, type Patient } from './hospital.js';

const bundle = readFileSync(
  join(
    import.meta.dirname,
    '../../../examples/records/Lindsey52_Swaniawski813_a7004633-15b2-6d32-b97b-958b655604e9.json',
  ),
);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const fill = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;
/** Bytes with the form of a signature that no known key made. */
const nobodys: Hex = `${fill('07', 64)}1b`;

/** q, the secret of the grant's one-time recipient. In the house only identity's custody has it. */
const q = BigInt(to0x(randomBytes(31)));
/** The department at south that every consent is for. */
const departmentId = '11111111-2222-4333-8444-555555555555';
const point = (n: bigint): Hex => to0x(compressed(G.multiply(n)));

let chain: TestChain;
let north: Hospital;
let south: Hospital;
let patient: Patient;

/** A consent to one record, as the bridges know it. */
interface Consent {
  grantId: Hex;
  grant: Grant;
  commitment: Hex;
  recordId: string;
}

/** The two bridges' answers on each grant; tests change them. */
const consents = new Map<string, Consent>();
const mayServe = { north: () => ({ ok: true }) as object, south: () => ({ ok: true }) as object };
const authorize = new Map<string, () => object>();
const opened: string[] = [];
let isDepartmentDisabled = false;

beforeAll(async () => {
  chain = await startChain('north', 7_002);
  [north, south] = await Promise.all([startHospital('north', chain), startHospital('south', chain)]);
  await chain.setExchangeUrl(north.url);
  patient = north.newPatient();
  const known = ({ grantId }: { grantId: string }) => consents.get(grantId);
  const asGrant = (body: never) => {
    const consent = known(body);
    if (!consent) return null;
    return {
      homeUid: chain.chainUid,
      grant: consent.grant,
      commitment: consent.commitment,
      patientId: null,
      departmentId,
    };
  };
  north.answers.set('bridge.grant', asGrant);
  north.answers.set('bridge.may-serve', () => mayServe.north());
  north.answers.set('bridge.authorize-fetch', (body: never) => {
    const { grantId } = body as { grantId: string };
    return authorize.get(grantId)?.() ?? { outcome: 'allowed', commitment: known(body)!.commitment };
  });
  south.answers.set('bridge.grant', asGrant);
  south.answers.set('bridge.may-serve', () => mayServe.south());
  south.answers.set('bridge.released', (body: never) => released(known(body)));
  south.answers.set('identity.department', () => ({
    departmentId,
    name: 'cardiology',
    metaAddress: `st:eth:0x${point(2n).slice(2)}${point(3n).slice(2)}`,
    isDisabled: isDepartmentDisabled,
  }));
  south.answers.set('bridge.opened', (body: never) => {
    opened.push((body as { grantId: string }).grantId);
    return { state: 'opened' };
  });
  south.answers.set('identity.sign', (body: never) => {
    const { homeUid, fetch } = body as { homeUid: Hex; fetch: Parameters<typeof fetchDigest>[1] };
    return { signature: sign(fetch, homeUid) };
  });
  south.answers.set('identity.open', (body: never) => ({
    stanza: age.serializeStanza(
      age.wrapFileKey(fileKeys.get((body as { grant: Grant }).grant.nonce)!, age.recipientOf(south.ageIdentity)),
    ),
  }));
}, startMs);
afterAll(async () => {
  await Promise.all([north.close(), south.close()]);
  await chain.close();
});
afterEach(() => {
  mayServe.north = () => ({ ok: true });
  mayServe.south = () => ({ ok: true });
  authorize.clear();
});

/** File keys by grant nonce: what a capsule would hold. */
const fileKeys = new Map<string, Uint8Array>();

function sign(fetch: Parameters<typeof fetchDigest>[1], homeUid: string = chain.chainUid, secret = q): Hex {
  return new SigningKey(to0x(scalarBytes(secret))).sign(fetchDigest(homeUid, fetch)).serialized as Hex;
}

const partial = {
  grantId: fill('01', 32),
  epoch: 1,
  index: 1,
  sealedKeyHash: fill('02', 32),
  w: point(5n),
  c: fill('03', 32),
  s: fill('04', 32),
  lockBlock: fill('05', 32),
  mintBlock: fill('06', 32),
  signature: nobodys,
};

/** Takes north's place as the home, if it is set. */
let hostileUrl: string | undefined;

function released(consent: Consent | undefined): object | null {
  if (!consent) return null;
  const { grant, commitment } = consent;
  return {
    homeUid: chain.chainUid,
    grant,
    capsule: fill('08', 162),
    keyId: fill('09', 32),
    ySeal: point(6n),
    w: point(7n),
    partials: [partial],
    exchangeUrl: hostileUrl ?? north.url,
    commitment,
    departmentId,
  };
}

/** Uploads a record at north and consents to its being read at south. */
async function consentTo(body: Uint8Array, type = 'application/fhir+json'): Promise<Consent> {
  const answer = await fetch(`${north.url}/records?patient=${patient.id}`, {
    method: 'POST',
    body: body as BodyInit,
    headers: { authorization: `Bearer ${await north.token('records.write')}`, 'content-type': type },
  });
  const { recordId, commitment } = (await answer.json()) as { recordId: string; commitment: Hex };
  const object = await fetch(`${north.url}/records/${recordId}/object`, {
    headers: { authorization: `Bearer ${await north.token('wallet', { patient: patient.id })}` },
  });
  const { header } = await age.splitFile([Buffer.from(await object.arrayBuffer())]);
  const nonce = to0x(randomBytes(32));
  fileKeys.set(nonce, age.unwrapHeader(age.parseHeader(header), patient.ageIdentity));
  const grant: Grant = {
    nonce,
    lockedAccount: fill('0a', 20),
    destinationUid: fill('0b', 32),
    mappedDeeds: fill('0c', 20),
    slot: 7,
    tag: point(8n),
    recipientKey: point(q),
    ephemeralKey: point(9n),
    viewTag: '0x01',
    revoker: fill('0d', 20),
    termsHash: fill('0e', 32),
    sealedKeyHash: fill('0f', 32),
    lockBefore: 1,
    mintBefore: 2,
    notAfter: 3,
  };
  const consent = { grantId: to0x(randomBytes(32)), grant, commitment, recordId };
  consents.set(consent.grantId, consent);
  return consent;
}

interface Statement {
  grantId: Hex;
  objectId: Hex;
  from: number;
  to: number;
  nonce: Hex;
  expires: number;
}

const statement = ({ grantId, commitment }: Consent, change: Partial<Statement> = {}): Statement => ({
  grantId,
  objectId: commitment,
  from: 0,
  to: Number.MAX_SAFE_INTEGER,
  nonce: to0x(randomBytes(16)),
  expires: Math.floor(Date.now() / 1000) + 50,
  ...change,
});

function post(fetched: Statement, signature: Hex = sign(fetched), partials: object[] = [partial]): Promise<Response> {
  return fetch(`${north.url}/exchange/fetch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fetch: fetched, signature, partials }),
  });
}

const read = async ({ grantId }: Consent, claims = {}, headers = {}): Promise<Response> =>
  fetch(`${south.url}/grants/${grantId}/record`, {
    headers: { authorization: `Bearer ${await south.token('records.read', claims)}`, ...headers },
  });

const of = (hospital: Hospital, type: string, { grantId }: Consent) =>
  hospital.events.filter((event) => event.type === type && event.correlation === grantId);

function bucketOf(hospital: Hospital): S3Client {
  const { hostname, port } = new URL(hospital.bucket.endpoint);
  return new S3Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: 'us-east-1',
    ...hospital.bucket,
  });
}

async function objectsOf(hospital: Hospital): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of bucketOf(hospital).listObjectsV2(hospital.bucket.bucket, '', true))
    names.push(name as string);
  return names;
}

async function bytesOf(hospital: Hospital, name: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of await bucketOf(hospital).getObject(hospital.bucket.bucket, name))
    parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

/** Tells south that the transfer of this grant has ended. Returns the event's id. */
function tellClosed({ grantId, commitment }: Consent, reason = 'expired'): string {
  const details = { grantId, role: 'B', state: 'closed', reason, because: 'time', commitment, mapped: true };
  const event = {
    id: randomUUID(),
    type: 'bridge.transfer-closed.v1',
    producer: 'bridge.south',
    seq: 1,
    at: new Date().toISOString(),
    correlation: grantId,
    salt: fill('01', 32),
    details,
  };
  south.bus.publish(event.type, JSON.stringify(event));
  return event.id;
}

async function rowsOf(hospital: Hospital, sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  const database = new pg.Client({ connectionString: hospital.databaseUrl });
  await database.connect();
  const { rows } = await database.query(sql, values);
  await database.end();
  return rows as Record<string, unknown>[];
}

/** Comes first: all that follows runs under the identities that came of it. */
describe('a rotation of the age identities of both hospitals', () => {
  const fresh = (): string => age.encodeIdentity(randomBytes(32));
  const call = async (hospital: Hospital, path: string, scope: string, init: RequestInit = {}, claims = {}) =>
    fetch(`${hospital.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${await hospital.token(scope, claims)}` },
    });
  const view = async (hospital: Hospital): Promise<AgeIdentitiesView> =>
    AgeIdentitiesView.parse(await (await call(hospital, '/age-identities', 'records.operate')).json());
  const told = (hospital: Hospital, type: string) => hospital.events.filter((event) => event.type === type);
  const restartWith = async (hospital: Hospital, current: string, ...former: string[]): Promise<void> => {
    await hospital.restartWith(current, ...former);
    if (hospital === north) await chain.setExchangeUrl(north.url);
  };

  /** Every way in which a record leaves: to staff, to the patient, to another hospital; and its status. */
  async function expectReadable(consent: Consent): Promise<void> {
    const { recordId } = consent;
    const staff = await call(north, `/records/${recordId}`, 'records.read');
    expect(digest(Buffer.from(await staff.arrayBuffer()))).toBe(digest(bundle));
    const own = await call(north, `/records/${recordId}/object`, 'wallet', {}, { patient: patient.id });
    const parts: Uint8Array[] = [];
    const file = [Buffer.from(await own.arrayBuffer())];
    for await (const part of age.openFile(file, { identity: patient.ageIdentity })) parts.push(part);
    expect(digest(Buffer.concat(parts))).toBe(digest(bundle));
    const status = await call(north, `/records/${recordId}/status`, 'records.read');
    expect(await status.json()).toMatchObject({ commitment: consent.commitment });
    expect((await post(statement(consent))).status).toBe(200);
    expect((await post(statement(consent, { from: 3_000, to: 3_999 }))).status).toBe(206);
    expect(digest(Buffer.from(await (await read(consent)).arrayBuffer()))).toBe(digest(bundle));
  }

  it('is seen nowhere but in the store: each record stays readable under the former, both, and the new one', async () => {
    const [ofNorth, ofSouth] = [north.ageIdentity, south.ageIdentity];
    const [opened, unopened] = [await consentTo(bundle), await consentTo(bundle)];
    await expectReadable(opened);
    const before = new Set(await objectsOf(north));
    await restartWith(north, fresh(), ofNorth);
    await restartWith(south, fresh(), ofSouth);
    for (const consent of [opened, unopened]) await expectReadable(consent);

    for (const [hospital, former] of [
      [north, ofNorth],
      [south, ofSouth],
    ] as const) {
      const [recipient, current] = [age.recipientOf(former), age.recipientOf(hospital.ageIdentity)];
      await until(async () => (await view(hospital)).former[0]!.mayBeRemoved);
      await until(() => told(hospital, 'records.key-rotation-ended.v1').length === 1);
      const { rotation, ...keys } = await view(hospital);
      expect(keys).toEqual({
        current,
        former: [{ recipient, isHeld: true, rows: 0, mayBeRemoved: true }],
        unnamed: 0,
        failing: 0,
      });
      const rows = hospital === north ? 2 : 1;
      expect(rotation).toMatchObject({ recipient: current, outcome: 'finished', rows, done: rows });
      expect(told(hospital, 'records.key-rotation-begun.v1').map(({ details }) => details)).toEqual([
        { by: 'service:records', rotationId: rotation!.rotationId, recipient: current, from: [{ recipient, rows }] },
      ]);
      expect(told(hospital, 'records.key-rotation-ended.v1')[0]!.details).toMatchObject({ outcome: 'finished', rows });
      const metrics = await (await fetch(`${hospital.url}/metrics`)).text();
      expect(metrics).toMatch(/^cpds_age_rows_left\{[^}]*\} 0$/m);
    }
    await until(async () => !(await objectsOf(north)).some((name) => before.has(name)));

    await restartWith(north, north.ageIdentity);
    await restartWith(south, south.ageIdentity);
    for (const consent of [opened, unopened, await consentTo(bundle)]) await expectReadable(consent);
    const scrub = await (await call(north, '/scrubs', 'records.operate', { method: 'POST' })).json();
    const scrubbed = async () => (await call(north, `/scrubs/${scrub.scrubId}`, 'records.operate')).json();
    await until(async () => (await scrubbed()).endedAt !== null);
    expect(await scrubbed()).toMatchObject({ objects: 3, checked: 3, damaged: 0, unread: 0 });
  });

  it('is for operators to see', async () => {
    expect((await call(north, '/age-identities', 'records.read')).status).toBe(403);
  });

  it('ends a start without an identity that is needed, and names its recipient', async () => {
    const held = north.ageIdentity;
    const { code, said } = await north.failWith(fresh());
    expect([code, said]).toEqual([65, expect.stringContaining('age-identity-missing')]);
    expect(said).toContain(age.recipientOf(held));
    expect(said).not.toContain('AGE-SECRET-KEY');
    await restartWith(north, held);
  });
});

describe('opening a record of another hospital', () => {
  it('fetches it once, checks it against the deed, logs, and hands out the same bytes', async () => {
    const consent = await consentTo(bundle);
    const before = await objectsOf(south);
    const answer = await read(consent);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/fhir+json');
    expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(bundle));
    expect(of(north, 'records.disclosed.v1', consent)).toHaveLength(1);
    expect(of(south, 'records.fetched.v1', consent)).toHaveLength(1);
    expect(of(south, 'records.opened.v1', consent)[0]!.details).toMatchObject({
      by: 'backend',
      bytes: bundle.length,
    });
    expect(opened.filter((grantId) => grantId === consent.grantId)).toHaveLength(1);

    const [name] = (await objectsOf(south)).filter((one) => !before.includes(one));
    const kept = await bytesOf(south, name!);
    expect(kept.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(kept.includes('Swaniawski')).toBe(false);

    expect(digest(Buffer.from(await (await read(consent)).arrayBuffer()))).toBe(digest(bundle));
    expect(of(north, 'records.disclosed.v1', consent)).toHaveLength(1);
    expect(of(south, 'records.opened.v1', consent)).toHaveLength(2);
  });

  it('names its request to its own house, to the other hospital, and with every event of both', async () => {
    const named = 'ward-7.call-1';
    const consent = await consentTo(bundle);
    const carried = new Map<string, string[]>();
    const note = ({ party, bus }: Hospital) =>
      bus.subscribe('>', {
        callback: (_, { subject, headers }) => {
          const requestId = headers?.get('x-request-id');
          if (requestId) carried.set(requestId, [...(carried.get(requestId) ?? []), `${party} ${subject}`]);
        },
      });
    const listening = [note(north), note(south)];
    await Promise.all([north.bus.flush(), south.bus.flush()]);
    await (await read(consent, {}, { 'x-request-id': named })).arrayBuffer();
    for (const subscription of listening) subscription.unsubscribe();
    expect(carried.get(named)).toEqual(
      expect.arrayContaining([
        'south bridge.released',
        'south identity.sign',
        'north bridge.authorize-fetch',
        'north records.disclosed.v1',
        'south records.opened.v1',
      ]),
    );
  });

  it('deletes ciphertext and stanza when the transfer is closed', async () => {
    const consent = await consentTo(bundle);
    const before = await objectsOf(south);
    await (await read(consent)).arrayBuffer();
    expect(await objectsOf(south)).toHaveLength(before.length + 1);
    const { grantId } = consent;
    tellClosed(consent);
    const database = new pg.Client({ connectionString: south.databaseUrl });
    await database.connect();
    const rows = async () =>
      (await database.query('SELECT 1 FROM opening WHERE grant_id = $1', [Buffer.from(grantId.slice(2), 'hex')]))
        .rowCount;
    await until(async () => (await rows()) === 0);
    await database.end();
    await until(async () => (await objectsOf(south)).length === before.length);
  });

  it.each([
    ['expired', 'expired'],
    ['given-back', 'revoked'],
  ])('keeps nothing of a fetch in the middle of which its transfer was closed: %s', async (reason, code) => {
    const consent = await consentTo(bundle);
    const before = await objectsOf(south);
    const opens = south.answers.get('identity.open')!;
    let goOn!: () => void;
    const latch = new Promise<void>((resolve) => (goOn = resolve));
    const asked = new Promise<void>((resolve) => {
      south.answers.set('identity.open', async (body: never) => {
        resolve();
        await latch;
        return opens(body);
      });
    });
    const reading = read(consent);
    await asked;
    const event = tellClosed(consent, reason);
    const heard = () => rowsOf(south, 'SELECT 1 FROM inbox WHERE envelope_id = $1', [event]);
    await until(async () => (await heard()).length === 1);
    goOn();
    const answer = await reading;
    south.answers.set('identity.open', opens);
    expect([answer.status, (await answer.json()).issue[0].details.coding[0].code]).toEqual([410, code]);
    const grant = [Buffer.from(consent.grantId.slice(2), 'hex')];
    expect(await rowsOf(south, 'SELECT 1 FROM opening WHERE grant_id = $1', grant)).toEqual([]);
    expect(await objectsOf(south)).toEqual(before);
  });

  describe('from a home that means no good', () => {
    const metadata = (sizeBytes: number): string =>
      Buffer.from(`{"category":"record","contentType":"text/plain","sizeBytes":${sizeBytes}}`).toString('base64url');
    const headers = (claimed: number, length: number) => ({
      [fetchHeaders.metadata]: metadata(claimed),
      [fetchHeaders.salt]: fill('01', 32),
      'content-length': String(length),
    });
    let server: Server;
    let sent = 0;
    let closed = 0;
    let begin: (response: ServerResponse) => void;
    beforeAll(async () => {
      server = createServer((_, response) => {
        response.on('close', () => closed++);
        begin(response);
        const more = (): void => {
          do sent += 64 * 1024;
          while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, ' ')));
        };
        response.on('drain', more);
        more();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => {
      hostileUrl = undefined;
      server.closeAllConnections();
      server.close();
    });

    it.each([
      ['more bytes than its metadata has', (r: ServerResponse) => r.writeHead(200, headers(1_000, 10_000_000_000))],
      ['a record above the own limit', (r: ServerResponse) => r.writeHead(200, headers(30_000_000, 30_010_000))],
      ['fewer bytes than its metadata has', (r: ServerResponse) => r.writeHead(200, headers(10_000_000, 1_000_000))],
      ['an error without end', (r: ServerResponse) => r.writeHead(500, { 'content-type': 'application/problem+json' })],
    ])('takes no more than a little of %s', async (_, respond) => {
      const consent = await consentTo(bundle);
      hostileUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      [sent, closed, begin] = [0, 0, respond];
      let kept = 0;
      const looking = setInterval(() => {
        void rowsOf(south, 'SELECT 1 FROM pending_object', []).then((rows) => (kept = Math.max(kept, rows.length)));
      }, 50);
      const answer = await read(consent);
      clearInterval(looking);
      hostileUrl = undefined;
      expect(answer.status).toBe(503);
      expect((await answer.json()).issue[0].details.coding[0].code).toBe('fetch-withheld');
      expect(kept).toBe(0);
      // What the sockets of both ends hold is on its way before the first byte is read.
      expect(sent).toBeLessThan(2 * 16 * 1024 * 1024);
      await until(() => closed === 2);
    });
  });

  it('of two readers at once both get it, and one copy stays', async () => {
    const consent = await consentTo(bundle);
    const before = (await objectsOf(south)).length;
    const answers = await Promise.all([read(consent), read(consent)]);
    for (const answer of answers) expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(bundle));
    await until(async () => (await objectsOf(south)).length === before + 1);
  });

  it('uses no key of a record that the home hospital does not give', async () => {
    const consent = await consentTo(bundle);
    let uses = 0;
    const opening = south.answers.get('identity.open')!;
    south.answers.set('identity.open', (body: never) => ((uses += 1), opening(body)));
    authorize.set(consent.grantId, () => ({ outcome: 'refused', field: 'partials', reason: 'too few' }));
    expect((await read(consent)).status).toBe(403);
    expect(uses).toBe(0);
    authorize.clear();
    expect((await read(consent)).status).toBe(200);
    expect(uses).toBe(1);
    south.answers.set('identity.open', opening);
  });

  it('is refused before anything is asked when the grant ended, and what A says can be shown', async () => {
    const consent = await consentTo(bundle);
    const signed = { grantId: consent.grantId, action: 'release', verdict: 'revoked', signature: nobodys };
    authorize.set(consent.grantId, () => ({ outcome: 'revoked', answer: signed }));
    mayServe.south = () => ({ ok: false, reason: 'revoked' });
    const refused = await read(consent);
    expect(refused.status).toBe(410);
    expect((await refused.json()).issue[0].details.coding[0].code).toBe('revoked');
    const asked = await fetch(`${south.url}/grants/${consent.grantId}/home-answer`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await south.token('records.read')}` },
    });
    expect(await asked.json()).toMatchObject({ status: 410, problem: { code: 'revoked', answer: signed } });
    await until(() => of(south, 'records.home-asked.v1', consent).length === 1);
    expect(of(south, 'records.home-asked.v1', consent)[0]!.details).toMatchObject({ by: 'backend' });
  });

  it('is for clients of the department that the patient consented to: others fetch nothing and read nothing', async () => {
    const consent = await consentTo(bundle);
    const others = [{ departments: ['99999999-2222-4333-8444-555555555555'] }, { departments: [] }];
    const refusals = async (): Promise<void> => {
      for (const claims of others) {
        const answers = [
          await read(consent, claims),
          await fetch(`${south.url}/grants/${consent.grantId}/home-answer`, {
            method: 'POST',
            headers: { authorization: `Bearer ${await south.token('records.read', claims)}` },
          }),
        ];
        expect(answers.map(({ status }) => status)).toEqual([403, 403]);
        expect((await answers[0]!.json()).issue[0].details.coding[0].code).toBe('department-denied');
        expect(await answers[1]!.json()).toMatchObject({ code: 'department-denied' });
      }
    };
    await refusals();
    expect(of(north, 'records.disclosed.v1', consent)).toHaveLength(0);
    expect((await read(consent, { departments: [departmentId] })).status).toBe(200);
    await refusals(); // also of the copy that is here now
    expect(of(south, 'records.opened.v1', consent)).toHaveLength(1);
    expect(of(south, 'records.home-asked.v1', consent)).toHaveLength(0);
  });

  it('is for no client of a disabled department, also of the copy that is here', async () => {
    const consent = await consentTo(bundle);
    expect((await read(consent)).status).toBe(200);
    isDepartmentDisabled = true;
    const refused = await read(consent);
    isDepartmentDisabled = false;
    expect(refused.status).toBe(403);
    expect((await refused.json()).issue[0].details.coding[0].code).toBe('department-disabled');
    expect(of(south, 'records.opened.v1', consent)).toHaveLength(1);
  });

  it('names the clinician on whose behalf it was read, of that department and no other', async () => {
    const consent = await consentTo(bundle);
    const [own, foreign] = ['aaaaaaaa-2222-4333-8444-555555555555', 'bbbbbbbb-2222-4333-8444-555555555555'];
    south.answers.set('identity.clinician', (body: never) => {
      const { clinicianId } = body as { clinicianId: string };
      return { clinicianId, departmentId: clinicianId === own ? departmentId : foreign };
    });
    const refused = await read(consent, {}, { 'cpds-on-behalf-of': foreign });
    expect(refused.status).toBe(403);
    expect((await refused.json()).issue[0].details.coding[0].code).toBe('clinician-refused');
    expect(of(north, 'records.disclosed.v1', consent)).toHaveLength(0);
    expect((await read(consent, {}, { 'cpds-on-behalf-of': own })).status).toBe(200);
    expect(of(south, 'records.opened.v1', consent).map(({ details }) => details)).toMatchObject([
      { by: 'backend', onBehalfOf: own, departmentId },
    ]);
  });

  it('waits for its own log: without a receipt no plaintext', async () => {
    const consent = await consentTo(bundle);
    south.isLogSilent = true;
    const answer = await read(consent);
    south.isLogSilent = false;
    expect(answer.status).toBe(503);
    expect(opened).not.toContain(consent.grantId);
    expect((await read(consent)).status).toBe(200);
  });

  it.each([
    ['one payload byte changed', (file: Buffer) => ((file[file.length - 3]! ^= 1), file)],
    ['its end cut off', (file: Buffer) => file.subarray(0, file.length - 100)],
    ['a header that is not one', (file: Buffer) => ((file[0]! ^= 1), file)],
    ['the header of another file', (file: Buffer) => ((file[60]! = file[60] === 65 ? 66 : 65), file)],
  ])('refuses a file with %s, says so twice in the log and keeps nothing', async (_, change) => {
    const consent = await consentTo(bundle);
    const before = await objectsOf(south);
    const name = (await objectsOf(north)).at(-1)!;
    const database = new pg.Client({ connectionString: north.databaseUrl });
    await database.connect();
    const { rows } = await database.query('SELECT id FROM object WHERE record_id = $1', [consent.recordId]);
    await database.end();
    const own = `objects/${rows[0].id}`;
    expect(name).toBeDefined();
    await bucketOf(north).putObject(north.bucket.bucket, own, change(await bytesOf(north, own)));
    const answer = await read(consent);
    expect(answer.status).toBe(503);
    expect((await answer.json()).issue[0].details.coding[0].code).toBe('fetch-withheld');
    await until(() => of(south, 'records.fetch-withheld.v1', consent).length === 2);
    expect(of(south, 'records.opened.v1', consent)).toEqual([]);
    expect(await objectsOf(south)).toEqual(before);
  });

  it('refuses a file key that did not seal the header, though the payload may open', async () => {
    const consent = await consentTo(bundle);
    fileKeys.set(consent.grant.nonce, randomBytes(16));
    expect((await read(consent)).status).toBe(503);
    await until(() => of(south, 'records.fetch-withheld.v1', consent).length === 2);
    expect(of(south, 'records.fetch-withheld.v1', consent)[0]!.details).toMatchObject({ code: 'wrong-bytes' });
  });

  it('says that nothing is released yet, and that a grant is unknown', async () => {
    const consent = await consentTo(bundle);
    consents.delete(consent.grantId);
    expect((await read(consent)).status).toBe(409);
    const asked = await fetch(`${south.url}/grants/${consent.grantId}/home-answer`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await south.token('records.read')}` },
    });
    expect(asked.status).toBe(404);
    expect((await read({ ...consent, grantId: '0x12' })).status).toBe(400);
  });
});

describe('an object that was lost or altered', () => {
  const damaged = (hospital: Hospital, during: string) =>
    hospital.events.filter(({ type, details }) => type === 'records.object-damaged.v1' && details.during === during);
  const keyOf = async ({ recordId }: Consent): Promise<string> => {
    const database = new pg.Client({ connectionString: north.databaseUrl });
    await database.connect();
    const { rows } = await database.query('SELECT object_key FROM object WHERE record_id = $1', [recordId]);
    await database.end();
    return rows[0].object_key;
  };

  it('at A is a 500 with an event, for the whole and for a part', async () => {
    const [lost, swapped] = [await consentTo(bundle), await consentTo(bundle)];
    const other = await bytesOf(north, await keyOf(lost));
    await bucketOf(north).putObject(north.bucket.bucket, await keyOf(swapped), other);
    await bucketOf(north).removeObject(north.bucket.bucket, await keyOf(lost));
    const before = damaged(north, 'fetch').length;
    for (const range of [{}, { from: 3_000, to: 3_999 }]) {
      const gone = await post(statement(lost, range));
      expect([gone.status, await gone.json()]).toEqual([500, expect.objectContaining({ code: 'object-lost' })]);
      const altered = await post(statement(swapped, range));
      expect([altered.status, await altered.json()]).toEqual([
        500,
        expect.objectContaining({ code: 'object-altered', field: 'header' }),
      ]);
    }
    await until(() => damaged(north, 'fetch').length === before + 4);
  });

  it('is not looked for on behalf of a fetch that the bridge refuses', async () => {
    const [refused, allowed] = [await consentTo(bundle), await consentTo(bundle)];
    for (const consent of [refused, allowed])
      await bucketOf(north).removeObject(north.bucket.bucket, await keyOf(consent));
    authorize.set(refused.grantId, () => ({ outcome: 'refused', field: 'partials', reason: 'too few' }));
    expect((await post(statement(refused))).status).toBe(403);
    expect((await post(statement(allowed))).status).toBe(500);
    // Events come in their order: one of the refused fetch would be here before.
    const told = ({ recordId }: Consent) =>
      damaged(north, 'fetch').filter(({ details }) => details.recordId === recordId);
    await until(() => told(allowed).length > 0);
    expect(told(refused)).toEqual([]);
  });

  it('at A is no part of what the deed commits to, though it opens under the same file key', async () => {
    const consent = await consentTo(bundle);
    const key = await keyOf(consent);
    const { header } = await age.splitFile([await bytesOf(north, key)]);
    const other = Buffer.from(bundle).fill('9', 100, 200);
    const parts: Uint8Array[] = [header];
    const fileKey = fileKeys.get(consent.grant.nonce)!;
    for await (const part of age.sealPayload([other], fileKey, randomBytes(16), nodeAead)) parts.push(part);
    await bucketOf(north).putObject(north.bucket.bucket, key, Buffer.concat(parts));
    const before = damaged(north, 'fetch').length;
    const ranges = [
      { from: 0, to: 99 },
      { from: header.length, to: header.length + 99 },
      { from: 1_000, to: 1_000 },
    ];
    for (const range of ranges) {
      const answer = await post(statement(consent, range));
      const isCut = await answer.arrayBuffer().then(
        (bytes) => !answer.ok || bytes.byteLength < range.to - range.from + 1,
        () => true,
      );
      expect(isCut).toBe(true);
    }
    await until(() => damaged(north, 'fetch').length === before + ranges.length);
    expect(damaged(north, 'fetch').at(-1)!.details).toMatchObject({ part: 'payload' });
  });

  it('at B is a 500 with an event, and is fetched again for the next reader', async () => {
    const [one, two] = [await consentTo(bundle), await consentTo(bundle)];
    const earlier = await objectsOf(south);
    await (await read(one)).arrayBuffer();
    const [ofOne] = (await objectsOf(south)).filter((name) => !earlier.includes(name));
    await (await read(two)).arrayBuffer();
    const [ofTwo] = (await objectsOf(south)).filter((name) => !earlier.includes(name) && name !== ofOne);
    await bucketOf(south).putObject(south.bucket.bucket, ofOne!, await bytesOf(south, ofTwo!));
    await bucketOf(south).removeObject(south.bucket.bucket, ofTwo!);
    for (const [consent, code] of [
      [one, 'object-altered'],
      [two, 'object-lost'],
    ] as const) {
      const answer = await read(consent);
      expect(answer.status).toBe(500);
      expect((await answer.json()).issue[0].details.coding[0].code).toBe(code);
      await until(() => damaged(south, 'reading').some(({ correlation }) => correlation === consent.grantId));
      expect(digest(Buffer.from(await (await read(consent)).arrayBuffer()))).toBe(digest(bundle));
    }
  });
});

describe('the exchange endpoint', () => {
  let consent: Consent;
  beforeAll(async () => {
    consent = await consentTo(bundle);
  });

  it('gives age file, metadata and salt to whom q signed for, and a part of it', async () => {
    const whole = await post(statement(consent));
    expect(whole.status).toBe(200);
    const file = Buffer.from(await whole.arrayBuffer());
    expect(whole.headers.get('content-length')).toBe(String(file.length));
    expect(JSON.parse(Buffer.from(whole.headers.get(fetchHeaders.metadata)!, 'base64url').toString())).toEqual({
      contentType: 'application/fhir+json',
      sizeBytes: bundle.length,
      category: 'record',
    });
    expect(whole.headers.get(fetchHeaders.salt)).toMatch(/^0x[0-9a-f]{64}$/);
    const part = await post(statement(consent, { from: 100, to: 299 }));
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 100-299/${file.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(100, 300))).toBe(true);
  });

  it('takes a statement once', async () => {
    const one = statement(consent);
    await (await post(one)).arrayBuffer();
    const again = await post(one);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: 'nonce-used', field: 'fetch.nonce' });
  });

  it.each<[string, (consent: Consent) => [Statement, Hex], number, string]>([
    ['of another key', (c) => [statement(c), sign(statement(c), chain.chainUid, q + 1n)], 403, 'bad-fetch-signature'],
    ['of other bytes', (c) => [statement(c), sign(statement(c))], 403, 'bad-fetch-signature'],
    [
      'for another chain',
      (c) => ((s) => [s, sign(s, fill('99', 32))])(statement(c)) as [Statement, Hex],
      403,
      'bad-fetch-signature',
    ],
    ['that is garbage', (c) => [statement(c), nobodys], 403, 'bad-fetch-signature'],
    [
      'that expired',
      (c) => ((s) => [s, sign(s)])(statement(c, { expires: 1_700_000_000 })) as [Statement, Hex],
      403,
      'fetch-expired',
    ],
    [
      'that lives for hours',
      (c) => ((s) => [s, sign(s)])(statement(c, { expires: 4_000_000_000 })) as [Statement, Hex],
      400,
      'fetch-too-long-lived',
    ],
    [
      'for another record',
      (c) => ((s) => [s, sign(s)])(statement(c, { objectId: fill('33', 32) })) as [Statement, Hex],
      403,
      'wrong-object',
    ],
    [
      'for a range backwards',
      (c) => ((s) => [s, sign(s)])(statement(c, { from: 9, to: 8 })) as [Statement, Hex],
      400,
      'bad-range',
    ],
    [
      'for an unknown grant',
      (c) => ((s) => [s, sign(s)])(statement(c, { grantId: fill('34', 32) })) as [Statement, Hex],
      404,
      'unknown-grant',
    ],
  ])('refuses a statement %s', async (_, make, status, code) => {
    const answer = await post(...make(consent));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ code });
  });

  it('refuses with 410 and the signed answer when the grant ended, before partials are looked at', async () => {
    for (const verdict of ['revoked', 'expired']) {
      const answer = { grantId: consent.grantId, action: 'release', verdict, signature: nobodys };
      authorize.set(consent.grantId, () => ({ outcome: verdict, answer }));
      const refused = await post(statement(consent), undefined, []);
      expect(refused.status).toBe(410);
      expect(await refused.json()).toMatchObject({ code: verdict, status: 410, answer });
    }
  });

  it('refuses partials that the bridge does not take, and is unavailable when it cannot say', async () => {
    authorize.set(consent.grantId, () => ({
      outcome: 'refused',
      field: 'partials',
      reason: '3 partials are needed, 1 came',
    }));
    const refused = await post(statement(consent));
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'fetch-refused', field: 'partials' });
    authorize.set(consent.grantId, () => ({ outcome: 'unavailable', reason: 'the chain is away' }));
    const away = await post(statement(consent));
    expect(away.status).toBe(503);
    expect(away.headers.get('retry-after')).toBe('1');
  });

  it('sends no byte before the log has it, nor when the bridge says no or nothing', async () => {
    const before = of(north, 'records.disclosed.v1', consent).length;
    north.isLogSilent = true;
    expect((await post(statement(consent))).status).toBe(503);
    north.isLogSilent = false;
    await until(() => of(north, 'records.disclosed.v1', consent).length === before + 1);

    mayServe.north = () => ({ ok: false, reason: 'revoked' });
    expect((await post(statement(consent))).status).toBe(410);
    north.answers.delete('bridge.may-serve');
    const silent = await post(statement(consent));
    north.answers.set('bridge.may-serve', () => mayServe.north());
    expect(silent.status).toBe(503);
    expect(await silent.json()).toMatchObject({ code: 'may-serve-unknown' });
  });

  it('serves no grant of a record that was withdrawn, nor the rest of a file that is under way', async () => {
    const withdraw = async ({ recordId }: Consent) =>
      fetch(`${north.url}/records/${recordId}/withdrawal`, {
        method: 'POST',
        body: JSON.stringify({ reason: 'wrong patient', object: 'keep' }),
        headers: {
          authorization: `Bearer ${await north.token('records.write')}`,
          'content-type': 'application/json',
        },
      });
    const before = await consentTo(bundle);
    expect((await withdraw(before)).status).toBe(200);
    const refused = await post(statement(before));
    expect([refused.status, await refused.json()]).toEqual([410, expect.objectContaining({ code: 'withdrawn' })]);
    expect(of(north, 'records.disclosed.v1', before)).toEqual([]);

    const large = await consentTo(Buffer.alloc(6_000_000, 'blood pressure 120 over 80\n'), 'text/plain');
    let asked = 0;
    let withdrawn: Promise<Response> | undefined;
    north.answers.set('bridge.may-serve', async () => {
      if (++asked === 2) await (withdrawn ??= withdraw(large));
      return { ok: true };
    });
    const answer = await post(statement(large));
    await expect(answer.arrayBuffer()).rejects.toThrow();
    north.answers.set('bridge.may-serve', () => mayServe.north());
    expect(asked).toBeLessThan(5);
  });

  it('stops in the middle of a file when a revoke comes', async () => {
    const large = await consentTo(Buffer.alloc(6_000_000, 'blood pressure 120 over 80\n'), 'text/plain');
    let asked = 0;
    mayServe.north = () => (++asked <= 2 ? { ok: true } : { ok: false, reason: 'revoked' });
    const answer = await post(statement(large));
    expect(answer.status).toBe(200);
    let got = 0;
    const reading = (async () => {
      for await (const part of answer.body!) got += (part as Uint8Array).length;
    })();
    await expect(reading).rejects.toThrow();
    expect(asked).toBe(3);
    expect(got).toBeLessThan(3_000_000);
  });

  it('asks after each MiB of a file that is served whole', async () => {
    const large = await consentTo(Buffer.alloc(3_500_000, 'blood pressure 120 over 80\n'), 'text/plain');
    let asked = 0;
    mayServe.north = () => (asked++, { ok: true });
    await (await post(statement(large))).arrayBuffer();
    expect(asked).toBe(4);
  });

  it('refuses a body that is no fetch by naming the field', async () => {
    const answer = await fetch(`${north.url}/exchange/fetch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        fetch: { ...statement(consent), nonce: '0x00' },
        signature: nobodys,
        partials: [],
      }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ field: 'fetch.nonce' });
  });
});

describe('a withdrawal by the home hospital', () => {
  /** What south's bridge says of a notice, by grant. */
  const outcomes = new Map<string, string>();
  const signature: Hex = `0x${'05'.repeat(64)}1b`;
  /** Grants by the commitment of the record that north withdraws. */
  const grantIdsOf = (commitment: Hex) =>
    [...consents.values()].filter((one) => one.commitment === commitment).map(({ grantId }) => grantId);
  let isAway = false;
  beforeAll(async () => {
    north.answers.set('bridge.open-grants', (body: never) => ({
      grantIds: grantIdsOf((body as { commitment: Hex }).commitment),
    }));
    north.answers.set('bridge.sign-withdrawal', (body: never) => ({
      withdrawal: { ...(body as object), signature },
      destinationUid: chain.chainUid,
    }));
    south.answers.set('bridge.check-withdrawal', (body: never) => {
      if (isAway) throw Object.assign(new Error('away'), { code: 'no-answer', kind: 'unavailable' });
      const { grantId, signature: given } = body as { grantId: string; signature: string };
      return { outcome: given === signature ? (outcomes.get(grantId) ?? 'open') : 'not-signed' };
    });
    // The chain of the test stands for both hospitals: from here on it says where the notices go.
    await chain.setExchangeUrl(south.url);
  });
  afterAll(() => chain.setExchangeUrl(north.url));

  const withdraw = async ({ recordId }: Consent, object: 'keep' | 'erase'): Promise<void> => {
    const answer = await fetch(`${north.url}/records/${recordId}/withdrawal`, {
      method: 'POST',
      body: JSON.stringify({ reason: 'wrong patient', object }),
      headers: { authorization: `Bearer ${await north.token('records.write')}`, 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(200);
  };
  const notice = (grantId: Hex, change: object = {}): Promise<Response> =>
    fetch(`${south.url}/exchange/withdrawals`, {
      method: 'POST',
      body: JSON.stringify({ grantId, copy: 'erase', signature, ...change }),
      headers: { 'content-type': 'application/json' },
    });
  const answered = (consent: Consent) => of(north, 'records.withdrawal-answered.v1', consent);
  const refusal = async (consent: Consent): Promise<unknown[]> => {
    const answer = await read(consent);
    return [answer.status, answer.ok ? null : (await answer.json()).issue[0].details.coding[0].code];
  };
  const openings = ({ grantId }: Consent) =>
    rowsOf(south, 'SELECT object_key FROM opening WHERE grant_id = $1', [Buffer.from(grantId.slice(2), 'hex')]);

  it('ends all reading of the copy there, which is kept or erased as told, each with its event', async () => {
    const consent = await consentTo(bundle);
    expect((await read(consent)).status).toBe(200);
    const [{ object_key }] = (await openings(consent)) as [{ object_key: string }];
    await withdraw(consent, 'keep');
    await until(() => answered(consent).length === 1);
    expect(await refusal(consent)).toEqual([410, 'withdrawn']);
    expect(await objectsOf(south)).toContain(object_key);

    await withdraw(consent, 'erase');
    await until(() => answered(consent).length === 2);
    expect(await refusal(consent)).toEqual([410, 'withdrawn']);
    expect(await openings(consent)).toEqual([]);
    await until(async () => !(await objectsOf(south)).includes(object_key));
    const details = [
      { by: 'service:records', grantId: consent.grantId, asked: 'keep', copy: 'kept' },
      { by: 'service:records', grantId: consent.grantId, asked: 'erase', copy: 'erased' },
    ];
    expect(answered(consent).map((event) => event.details)).toEqual(details);
    expect(of(south, 'records.withdrawn-by-home.v1', consent).map((event) => event.details)).toEqual(details);
    expect(await (await notice(consent.grantId)).json()).toEqual({ copy: 'none' });
    expect(of(south, 'records.withdrawn-by-home.v1', consent)).toHaveLength(2);
  });

  it('is told until it is answered, also after a restart', async () => {
    const consent = await consentTo(bundle);
    expect((await read(consent)).status).toBe(200);
    isAway = true;
    await withdraw(consent, 'erase');
    const due = `SELECT tries FROM withdrawal_notice WHERE grant_id = $1 AND answered_at IS NULL`;
    const grant = [Buffer.from(consent.grantId.slice(2), 'hex')];
    await until(async () => Number((await rowsOf(north, due, grant))[0]?.['tries']) > 1);
    await north.stop();
    isAway = false;
    expect((await read(consent)).status).toBe(200);
    await rowsOf(north, 'UPDATE withdrawal_notice SET due_at = now() WHERE grant_id = $1', grant);
    await north.restart();
    await until(() => answered(consent).length === 1);
    expect(await refusal(consent)).toEqual([410, 'withdrawn']);
  });

  it('leaves nothing of a fetch that it meets in the middle, and cuts a reading that is under way', async () => {
    const consent = await consentTo(bundle);
    const before = await objectsOf(south);
    const opens = south.answers.get('identity.open')!;
    south.answers.set('identity.open', async (body: never) => {
      expect((await notice(consent.grantId)).status).toBe(200);
      return opens(body);
    });
    expect(await refusal(consent)).toEqual([410, 'withdrawn']);
    south.answers.set('identity.open', opens);
    expect([await openings(consent), await objectsOf(south)]).toEqual([[], before]);

    const large = await consentTo(Buffer.alloc(6_000_000, 'blood pressure 120 over 80\n'), 'text/plain');
    await (await read(large)).arrayBuffer();
    let asked = 0;
    mayServe.south = () => ({ ok: true });
    south.answers.set('bridge.may-serve', async () => {
      if (++asked === 3) await notice(large.grantId, { copy: 'keep' });
      return { ok: true };
    });
    const answer = await read(large);
    await expect(answer.arrayBuffer()).rejects.toThrow();
    south.answers.set('bridge.may-serve', () => mayServe.south());
    expect(asked).toBeLessThan(6);
  });

  it('is believed by its signature alone, of a grant that is known and open', async () => {
    const [consent, ended] = [await consentTo(bundle), await consentTo(bundle)];
    expect((await read(consent)).status).toBe(200);
    const forged = await notice(consent.grantId, { signature: nobodys });
    expect([forged.status, await forged.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'withdrawal-forged', field: 'signature' }),
    ]);
    outcomes.set(ended.grantId, 'unknown-grant');
    expect((await notice(ended.grantId)).status).toBe(404);
    outcomes.set(ended.grantId, 'ended');
    expect(await (await notice(ended.grantId)).json()).toEqual({ copy: 'none' });
    expect(
      await rowsOf(south, 'SELECT 1 FROM withdrawn_grant WHERE grant_id = $1', [
        Buffer.from(ended.grantId.slice(2), 'hex'),
      ]),
    ).toEqual([]);
    expect((await notice(consent.grantId, { copy: 'burn' })).status).toBe(400);
    expect((await read(consent)).status).toBe(200);

    expect((await notice(consent.grantId, { copy: 'keep' })).status).toBe(200);
    tellClosed(consent);
    const left = () =>
      rowsOf(south, 'SELECT 1 FROM withdrawn_grant WHERE grant_id = $1', [
        Buffer.from(consent.grantId.slice(2), 'hex'),
      ]);
    await until(async () => (await left()).length === 0);
  });
});
