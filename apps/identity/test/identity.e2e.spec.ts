import { randomBytes, randomUUID } from 'node:crypto';
import { HttpClient, IdentityClient, TokenSource } from '@cpds/client';
import { giveBackDigest, isSignedByKey, type Hex } from '@cpds/contracts';
import * as age from '@cpds/crypto/age';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { verifyOpen } from '@cpds/crypto/capsule';
import { compressed, G, pointFromHex } from '@cpds/crypto/curve';
import { parseMetaAddress } from '@cpds/crypto/stealth';
import {
  ClientList,
  ClinicianAnswer,
  ClinicianQuery,
  type EventEnvelope,
  EvidenceAnswer,
  EvidenceQuery,
  eventCommitment,
  events,
  MatchAnswer,
  MatchQuery,
  OpenAnswer,
  OpenQuery,
  PatientAnswer,
  PatientMatch,
  type NamedPatient,
  PatientQuery,
  WhoseAnswer,
  WhoseQuery,
  ProveAnswer,
  ProveQuery,
  RegisteredClient,
  ScanAnswer,
  ScanQuery,
  SignQuery,
  SignQueryAnswer,
} from '@cpds/messages';
import { enrol, Wallet } from '@cpds/wallet';
import { computeAddress } from 'ethers';
import { decodeJwt, importJWK, type JWK, SignJWT } from 'jose';
import pg from 'pg';
import { z } from 'zod';
import { sealedGrant } from '../src/testing/sealed-grant.js';
import { newBackendKey, openStage, type Stage } from './stage.js';

let stage: Stage;
let backend: IdentityClient;
let http: HttpClient;
let log: readonly EventEnvelope[];

beforeAll(async () => {
  stage = await openStage();
  log = stage.log.events;
  backend = new IdentityClient({ baseUrl: stage.url, tokens: stage.admin });
  http = new HttpClient({ baseUrl: stage.url, tokens: stage.admin });
});

afterAll(() => stage.close());

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const identifier = () => ({ system: 'urn:oid:2.16.840.1.113883.4.1', value: randomUUID() });

async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await fact())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** A raw token request: the answer's status and body. */
async function askToken(
  assertion: string,
  scope = 'identity.admin',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope,
  });
  const response = await fetch(`${stage.url}/token`, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function assertion(jwk: JWK, claims: Record<string, unknown> = {}, algorithm = 'ES384'): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({
    iss: 'backend.north',
    sub: 'backend.north',
    aud: `${stage.url}/token`,
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: algorithm })
    .sign(await importJWK(jwk, algorithm));
}

describe('tokens', () => {
  it('are given to a client that proves itself, and open the doors its scopes name', async () => {
    const { status, body } = await askToken(await assertion(stage.adminJwk));
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 300, scope: 'identity.admin' });
    const listed = await fetch(`${stage.url}/departments`, {
      headers: { authorization: `Bearer ${String(body['access_token'])}` },
    });
    expect(listed.status).toBe(200);
  });

  it('are refused to another key under the same name', async () => {
    const { privateJwk } = await newBackendKey();
    const { status, body } = await askToken(await assertion(privateJwk));
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: 'invalid_client', code: 'client-refused', field: 'client_assertion' });
  });

  it('are refused for an assertion that was used before', async () => {
    const once = await assertion(stage.adminJwk);
    expect((await askToken(once)).status).toBe(200);
    expect(await askToken(once)).toMatchObject({ status: 401, body: { code: 'assertion-replayed' } });
  });

  it.each<[string, () => Record<string, unknown>, string]>([
    ["another hospital's token endpoint", () => ({ aud: 'http://south.example/token' }), 'aud'],
    ['another subject', () => ({ sub: 'somebody' }), 'sub'],
    ['a past end', () => ({ exp: Math.floor(Date.now() / 1_000) - 60 }), 'exp'],
    ['a life of an hour', () => ({ exp: Math.floor(Date.now() / 1_000) + 3_600 }), 'exp'],
    ['no id', () => ({ jti: undefined }), 'jti'],
  ])('are refused for an assertion with %s', async (_, claims, claim) => {
    const { status, body } = await askToken(await assertion(stage.adminJwk, claims()));
    expect(status).toBe(401);
    expect(body['code']).toBe('client-refused');
    expect(body['error_description']).toContain(claim);
  });

  it.each(['back\0end', 'back\ud800end'])('are refused for an issuer that no database can hold: %j', async (name) => {
    const { privateJwk } = await newBackendKey();
    const answer = await askToken(await assertion(privateJwk, { iss: name, sub: name }));
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client', code: 'client-refused' } });
  });

  it('are refused to an unknown client with the same words as to a wrong key', async () => {
    const { privateJwk } = await newBackendKey();
    const stranger = await askToken(await assertion(privateJwk, { iss: 'stranger', sub: 'stranger' }));
    const wrongKey = await askToken(await assertion(privateJwk));
    expect(stranger).toEqual(wrongKey);
  });

  it('carry no scope the client is not registered for', async () => {
    const answer = await askToken(await assertion(stage.adminJwk), 'bridge.open');
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope', code: 'scope-denied', field: 'scope' },
    });
  });

  it('are refused for a request that names no grant type, with the field', async () => {
    const response = await fetch(`${stage.url}/token`, { method: 'POST', body: new URLSearchParams({ scope: 'x' }) });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ code: 'invalid-input', field: 'grant_type' });
  });
});

describe('doors', () => {
  const list = (token?: string) =>
    fetch(`${stage.url}/departments`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

  it('are closed without a token', async () => {
    const response = await list();
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ code: 'token-missing' });
  });

  it("are closed to another hospital's token, whose key is not in this JWKS", async () => {
    const { privateJwk } = await newBackendKey();
    const now = Math.floor(Date.now() / 1_000);
    const foreign = await new SignJWT({ scope: 'identity.admin' })
      .setProtectedHeader({ alg: 'ES384' })
      .setIssuer(stage.url)
      .setAudience('urn:cpds:hospital:north')
      .setSubject('backend.south')
      .setExpirationTime(now + 300)
      .sign(await importJWK(privateJwk, 'ES384'));
    const response = await list(foreign);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'token-refused' });
  });

  it('are closed to a token without the scope', async () => {
    const { body } = await askToken(await assertion(stage.adminJwk), 'records.write');
    const response = await list(String(body['access_token']));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'scope-missing', field: 'scope' });
  });

  it('answer an unknown route and a body that is no JSON with problem documents', async () => {
    const unknown = await fetch(`${stage.url}/nowhere`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ type: 'urn:cpds:error:route-unknown' });
    const broken = await fetch(`${stage.url}/enrolments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"code":',
    });
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ code: 'bad-request', field: 'body' });
  });

  it('show the public token key, health, readiness and metrics to anyone', async () => {
    const jwks = (await (await fetch(`${stage.url}/.well-known/jwks.json`)).json()) as { keys: JWK[] };
    expect(jwks.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-384', alg: 'ES384' });
    expect(jwks.keys[0]).not.toHaveProperty('d');
    expect((await fetch(`${stage.url}/healthz`)).status).toBe(200);
    await until(async () => (await fetch(`${stage.url}/readyz`)).status === 200);
    expect(await (await fetch(`${stage.url}/metrics`)).text()).toContain('cpds_http_request_seconds');
  });
});

describe('clients', () => {
  it('are registered with a public key and then get tokens', async () => {
    const { privateJwk, publicJwk } = await newBackendKey();
    const { kty, crv, x, y } = publicJwk;
    const body = { clientId: 'lab.north', jwk: { kty, crv, x, y }, scopes: ['records.read'], departments: [] };
    await http.post('clients', body, RegisteredClient);
    const lab = new TokenSource({
      identityUrl: stage.url,
      clientId: 'lab.north',
      privateJwk,
      scopes: ['records.read'],
    });
    await expect(lab.token()).resolves.toEqual(expect.any(String));
  });

  it.each([
    [{ clientId: 'x', scopes: ['wallet.all'] }, 'scopes.0'],
    [{ clientId: 'Bad Name', scopes: ['records.read'] }, 'clientId'],
    [{ clientId: 'x', scopes: ['records.read'], departments: undefined }, 'departments'],
    [{ clientId: 'x', scopes: ['records.read'], departments: 'all' }, 'departments'],
    [{ clientId: 'x', scopes: ['records.read'], departments: [randomUUID()] }, 'departments.0'],
  ])('are refused by field: %j', async (part, field) => {
    const { publicJwk } = await newBackendKey();
    const { kty, crv, x, y } = publicJwk;
    const asked = http.post('clients', { jwk: { kty, crv, x, y }, departments: [], ...part }, RegisteredClient);
    await expect(asked).rejects.toMatchObject({ kind: 'invalid', field });
  });
});

describe('a client of departments', () => {
  it('says so at its registration, and its tokens name them; those of a wallet name none', async () => {
    const { departmentId } = await backend.registerDepartment(`surgery ${randomUUID()}`);
    for (const departments of [[departmentId], 'whole-hospital', []]) {
      const { privateJwk, publicJwk } = await newBackendKey();
      const { kty, crv, x, y } = publicJwk;
      const clientId = `ward-${randomUUID()}`;
      const body = { clientId, jwk: { kty, crv, x, y }, scopes: ['bridge.open'], departments };
      expect(await http.post('clients', body, RegisteredClient)).toMatchObject({ clientId, departments });
      const tokens = new TokenSource({ identityUrl: stage.url, clientId, privateJwk, scopes: ['bridge.open'] });
      expect(decodeJwt(await tokens.token())['departments']).toEqual(departments);
    }
    const wallet = new Wallet(random(32));
    const { enrolmentCode } = await backend.registerPatient(identifier());
    const { clientId } = await enrol(wallet, stage.url, enrolmentCode, stage.homeUid);
    const own = { identityUrl: stage.url, clientId, privateJwk: wallet.authJwk, scopes: ['wallet'] };
    expect(decodeJwt(await new TokenSource(own).token())).not.toHaveProperty('departments');
  });

  it('calls on behalf of a registered clinician, who is in the event; of nobody else', async () => {
    const { departmentId } = await backend.registerDepartment(`urology ${randomUUID()}`);
    const { clinicianId } = await backend.registerClinician(departmentId, `GMC ${randomUUID()}`);
    const query = { clinicianId };
    await expect(stage.requests.ask('identity.clinician', ClinicianQuery, ClinicianAnswer, query)).resolves.toEqual({
      clinicianId,
      departmentId,
    });
    const acting = (onBehalfOf: string) => new IdentityClient({ baseUrl: stage.url, tokens: stage.admin, onBehalfOf });
    const { patientId } = await acting(clinicianId).registerPatient(identifier());
    await until(() => log.some(({ person }) => person === patientId));
    expect(log.find(({ person }) => person === patientId)!.details).toEqual({
      by: 'backend.north',
      onBehalfOf: clinicianId,
    });
    await expect(acting(randomUUID()).registerPatient(identifier())).rejects.toMatchObject({
      code: 'clinician-refused',
    });
    await expect(acting(clinicianId).registerDepartment('of a clinician')).rejects.toMatchObject({
      code: 'on-behalf-refused',
    });
  });
});

describe('disabling', () => {
  const send = async (method: string, path: string, tokens = stage.admin): Promise<number> =>
    (await fetch(`${stage.url}/${path}`, { method, headers: { authorization: `Bearer ${await tokens.token()}` } }))
      .status;

  async function newClient(scopes: string[]): Promise<{ clientId: string; tokens: () => TokenSource }> {
    const { privateJwk, publicJwk } = await newBackendKey();
    const { kty, crv, x, y } = publicJwk;
    const clientId = `ward-${randomUUID()}`;
    await http.post('clients', { clientId, jwk: { kty, crv, x, y }, scopes, departments: [] }, RegisteredClient);
    return { clientId, tokens: () => new TokenSource({ identityUrl: stage.url, clientId, privateJwk, scopes }) };
  }

  async function listed(
    kind: 'backend' | 'wallet',
    clientId: string,
  ): Promise<z.infer<typeof ClientList>['clients'][0]> {
    for (let after = ''; ;) {
      const { clients, next } = await http.get('clients', ClientList, { kind, after });
      const found = clients.find((client) => client.clientId === clientId);
      if (found) return found;
      if (next === null) throw new Error(`no ${kind} ${clientId} in the list`);
      after = next;
    }
  }

  it('a client: it gets no token, those it has are refused here at once, until it is enabled', async () => {
    const { clientId, tokens } = await newClient(['identity.admin']);
    const early = tokens();
    expect(await send('GET', 'departments', early)).toBe(200);
    expect((await listed('backend', clientId)).disabledAt).toBeNull();
    expect(await send('POST', `clients/${clientId}/disablement`)).toBe(204);
    expect(await send('GET', 'departments', early)).toBe(401);
    await expect(tokens().token()).rejects.toMatchObject({ code: 'client-refused' });
    expect((await listed('backend', clientId)).disabledAt).toEqual(expect.any(String));
    expect(await send('DELETE', `clients/${clientId}/disablement`)).toBe(204);
    expect(await send('GET', 'departments', early)).toBe(200);
    await expect(tokens().token()).resolves.toEqual(expect.any(String));
    const of = (type: string) => log.filter((event) => event.type === type && event.details['clientId'] === clientId);
    await until(() => of(events.clientEnabled).length === 1);
    for (const type of [events.clientDisabled, events.clientEnabled])
      expect(of(type).map(({ details }) => details)).toEqual([{ by: 'backend.north', clientId }]);
  });

  it('a client stays so when it is registered anew', async () => {
    const { clientId } = await newClient(['records.read']);
    await send('POST', `clients/${clientId}/disablement`);
    const { privateJwk, publicJwk } = await newBackendKey();
    const { kty, crv, x, y } = publicJwk;
    const scopes = ['records.read'];
    await http.post('clients', { clientId, jwk: { kty, crv, x, y }, scopes, departments: [] }, RegisteredClient);
    const tokens = new TokenSource({ identityUrl: stage.url, clientId, privateJwk, scopes });
    await expect(tokens.token()).rejects.toMatchObject({ code: 'client-refused' });
  });

  it('is refused of the caller itself and of nobody', async () => {
    expect(await send('POST', 'clients/backend.north/disablement')).toBe(409);
    expect(await send('POST', 'clients/nobody/disablement')).toBe(404);
    expect(await send('POST', `departments/${randomUUID()}/disablement`)).toBe(404);
  });

  it('a wallet: it gets no token, and the event names its patient and nobody else', async () => {
    const wallet = new Wallet(random(32));
    const { enrolmentCode } = await backend.registerPatient(identifier());
    const { clientId } = await enrol(wallet, stage.url, enrolmentCode, stage.homeUid);
    const own = { identityUrl: stage.url, clientId, privateJwk: wallet.authJwk, scopes: ['wallet'] };
    await new TokenSource(own).token();
    expect(await send('POST', `clients/${clientId}/disablement`)).toBe(204);
    await expect(new TokenSource(own).token()).rejects.toMatchObject({ code: 'client-refused' });
    expect((await listed('wallet', clientId)).disabledAt).toEqual(expect.any(String));
    const is = ({ type, person }: EventEnvelope) => type === events.clientDisabled && person === clientId;
    await until(() => log.some(is));
    expect(log.find(is)!.details).toEqual({ by: 'backend.north' });
  });

  it('a department: its keys prove, fetch and open nothing, take no grant, and still end one', async () => {
    const { departmentId, metaAddress } = await backend.registerDepartment(`closed ${randomUUID()}`);
    const { clinicianId } = await backend.registerClinician(departmentId, `GMC ${randomUUID()}`);
    const { grant, homeUid, grantId, capsule, keyId, ySeal, w } = sealedGrant(metaAddress, stage.homeUid);
    const { ephemeralKey, viewTag, recipientKey } = grant;
    const announcement = { ephemeralKey, viewTag, recipientKey };
    const uses: (() => Promise<unknown>)[] = [
      () => stage.requests.ask('identity.prove', ProveQuery, ProveAnswer, { ...announcement, grantId }),
      () => stage.requests.ask('identity.open', OpenQuery, OpenAnswer, { homeUid, grant, capsule, keyId, ySeal, w }),
    ];
    const scan = () => stage.requests.ask('identity.scan', ScanQuery, ScanAnswer, announcement);
    const clinician = () => stage.requests.ask('identity.clinician', ClinicianQuery, ClinicianAnswer, { clinicianId });
    expect(await send('POST', `departments/${departmentId}/disablement`)).toBe(204);
    for (const use of uses) await expect(use()).rejects.toMatchObject({ code: 'department-disabled' });
    await expect(scan()).resolves.toEqual({ departmentId: null });
    await expect(clinician()).resolves.toBeNull();
    const giveBack = { kind: 'give-back' as const, homeUid, grant };
    await expect(stage.requests.ask('identity.sign', SignQuery, SignQueryAnswer, giveBack)).resolves.toBeDefined();
    expect(await send('DELETE', `departments/${departmentId}/disablement`)).toBe(204);
    for (const use of uses) await expect(use()).resolves.toBeDefined();
    await expect(scan()).resolves.toEqual({ departmentId });
    await expect(clinician()).resolves.toMatchObject({ departmentId });
  });

  it('a clinician: no call is made on their behalf from then on, until enabled, and the events name who did it', async () => {
    const { departmentId } = await backend.registerDepartment(`clinic ${randomUUID()}`);
    const registration = `GMC ${randomUUID()}`;
    const { clinicianId } = await backend.registerClinician(departmentId, registration);
    const asked = () => stage.requests.ask('identity.clinician', ClinicianQuery, ClinicianAnswer, { clinicianId });
    const acting = new IdentityClient({ baseUrl: stage.url, tokens: stage.admin, onBehalfOf: clinicianId });
    await acting.registerPatient(identifier());
    await backend.disable('clinicians', clinicianId);
    await backend.disable('clinicians', clinicianId);
    await expect(acting.registerPatient(identifier())).rejects.toMatchObject({ code: 'clinician-refused' });
    await expect(asked()).resolves.toBeNull();
    const disabled = { clinicianId, departmentId, disabledAt: expect.any(String) as string };
    expect(await backend.matchClinician(registration)).toEqual(disabled);
    expect((await backend.clinicians({ departmentId })).clinicians).toEqual([disabled]);
    await backend.enable('clinicians', clinicianId);
    expect((await backend.clinicians({ departmentId })).clinicians).toEqual([{ ...disabled, disabledAt: null }]);
    await acting.registerPatient(identifier());
    await expect(asked()).resolves.toEqual({ clinicianId, departmentId });
    const of = (type: string) => log.filter((event) => event.type === type && event.correlation === clinicianId);
    await until(() => of(events.clinicianEnabled).length === 1);
    for (const type of [events.clinicianDisabled, events.clinicianEnabled])
      expect(of(type).map(({ details }) => details)).toEqual([{ by: 'backend.north', clinicianId }]);
    const unknown = { code: 'clinician-unknown', kind: 'missing' };
    await expect(backend.disable('clinicians', randomUUID())).rejects.toMatchObject(unknown);
    await expect(backend.matchClinician('nobody has it')).rejects.toMatchObject(unknown);
  });

  it('lists a hundred at a time, each once and in order', async () => {
    const { departmentId } = await backend.registerDepartment(`large ${randomUUID()}`);
    const database = new pg.Client(stage.databaseUrl);
    await database.connect();
    /** A list of 150 and a few that other tests made, which are two or three pages. */
    const paged = async <T>(page: (after?: string) => Promise<{ of: readonly T[]; next: string | null }>) => {
      const pages = [await page()];
      for (let next = pages[0]!.next; next !== null && pages.length < 4; next = pages.at(-1)!.next)
        pages.push(await page(next));
      expect(pages.map(({ of }) => of.length).slice(0, -1)).toEqual(pages.length === 2 ? [100] : [100, 100]);
      return pages.flatMap(({ of }) => of);
    };
    try {
      await database.query(
        `INSERT INTO clinician (clinician_id, department_id, registration_hash)
         SELECT gen_random_uuid(), $1, sha256(gen_random_uuid()::text::bytea) FROM generate_series(1, 150)`,
        [departmentId],
      );
      await database.query(
        `INSERT INTO client (client_id, kind, jwk, scopes) SELECT 'listed-' || i, 'backend', jwk, '{}'
         FROM generate_series(1, 150) AS i, client WHERE client_id = 'spare.north'`,
      );
      await database.query(
        `INSERT INTO department (department_id, name, meta_address, sealed_keys)
         SELECT gen_random_uuid(), 'listed ' || i, left(meta_address, -4) || lpad(to_hex(i), 4, '0'), ''
         FROM generate_series(1, 150) AS i, department WHERE department_id = $1`,
        [departmentId],
      );
      const clinicians = await paged(async (after) => {
        const { clinicians, next } = await backend.clinicians({ departmentId, ...(after && { after }) });
        return { of: clinicians.map(({ clinicianId }) => clinicianId), next };
      });
      expect(clinicians).toHaveLength(150);
      expect(clinicians).toEqual([...new Set(clinicians)].toSorted());
      const clients = await paged(async (after) => {
        const { clients, next } = await backend.clients(after === undefined ? {} : { after });
        return { of: clients.map(({ clientId }) => clientId), next };
      });
      expect(clients.filter((id) => id.startsWith('listed-'))).toHaveLength(150);
      expect(new Set(clients).size).toBe(clients.length);
      const departments = await paged(async (after) => {
        const { departments, next } = await backend.departments(after === undefined ? {} : { after });
        return { of: departments.map(({ name }) => name), next };
      });
      expect(departments.filter((name) => name.startsWith('listed '))).toHaveLength(150);
      expect(new Set(departments).size).toBe(departments.length);
    } finally {
      await database.query(`DELETE FROM client WHERE client_id LIKE 'listed-%'`);
      await database.query(`DELETE FROM department WHERE name LIKE 'listed %'`);
      await database.end();
    }
  });
});

describe('patients', () => {
  it('enrol a wallet with a one-time code, and the wallet gets tokens by its own key', async () => {
    const wallet = new Wallet(random(32));
    const person = identifier();
    const { patientId, enrolmentCode } = await backend.registerPatient(person);
    const enrolled = await enrol(wallet, stage.url, enrolmentCode, stage.homeUid);
    expect(enrolled).toEqual({ patientId, clientId: patientId });

    const tokens = new TokenSource({
      identityUrl: stage.url,
      clientId: patientId,
      privateJwk: wallet.authJwk,
      scopes: ['wallet'],
    });
    const [, claims] = (await tokens.token()).split('.');
    expect(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())).toMatchObject({
      patient: patientId,
      scope: 'wallet',
    });

    await expect(stage.requests.ask('identity.match', MatchQuery, MatchAnswer, person)).resolves.toEqual({ patientId });
    const known = await stage.requests.ask('identity.patient', PatientQuery, PatientAnswer, { patientId });
    expect(known).toMatchObject({
      patientId,
      metaAddress: wallet.metaAddress,
      enrolment: wallet.enrolment(stage.homeUid).enrolment,
    });
    await expect(http.post('patients/match', { identifier: person }, PatientMatch)).resolves.toEqual({
      patientId,
      enrolled: true,
    });
  });

  it('are found by what the body of a record says of them, enrolled or not', async () => {
    const [one, two] = [identifier(), identifier()];
    const [{ patientId: first }, { patientId: second }] = [
      await backend.registerPatient(one),
      await backend.registerPatient(two),
    ];
    const whose = async (...named: NamedPatient[]) =>
      (await stage.requests.ask('identity.whose', WhoseQuery, WhoseAnswer, { named })).patientIds.sort();
    expect(await whose(one)).toEqual([first]);
    expect(await whose({ value: one.value })).toEqual([first]);
    expect(await whose({ patientId: second })).toEqual([second]);
    expect(await whose(one, { value: two.value }, { patientId: first })).toEqual([first, second].sort());
    expect(
      await whose({ ...one, system: 'urn:another' }, { value: randomUUID() }, { patientId: randomUUID() }),
    ).toEqual([]);
    expect(await whose()).toEqual([]);
  });

  it('keep their pseudonym and get a new code while no wallet is enrolled; the old code is void', async () => {
    const person = identifier();
    const first = await backend.registerPatient(person);
    const second = await backend.registerPatient(person);
    expect(second.patientId).toBe(first.patientId);
    await expect(enrol(new Wallet(random(32)), stage.url, first.enrolmentCode, stage.homeUid)).rejects.toMatchObject({
      code: 'code-refused',
      field: 'code',
    });
    await expect(stage.requests.ask('identity.match', MatchQuery, MatchAnswer, person)).resolves.toEqual({
      patientId: null,
    });
    await enrol(new Wallet(random(32)), stage.url, second.enrolmentCode, stage.homeUid);
    await expect(backend.registerPatient(person)).rejects.toMatchObject({ code: 'patient-enrolled', kind: 'conflict' });
  });

  it('get the same answer for the same enrolment sent twice, and a refusal for another wallet with a used code', async () => {
    const wallet = new Wallet(random(32));
    const { enrolmentCode } = await backend.registerPatient(identifier());
    const answers = [
      await enrol(wallet, stage.url, enrolmentCode, stage.homeUid),
      await enrol(wallet, stage.url, enrolmentCode, stage.homeUid),
    ];
    expect(answers[0]).toEqual(answers[1]);
    await expect(enrol(new Wallet(random(32)), stage.url, enrolmentCode, stage.homeUid)).rejects.toMatchObject({
      code: 'code-refused',
    });
  });

  it.each<[string, (body: EnrolBody) => EnrolBody, string]>([
    [
      'of another chain',
      (body) => ({ ...body, enrolment: { ...body.enrolment, homeUid: `0x${'11'.repeat(32)}` } }),
      'enrolment.homeUid',
    ],
    [
      'whose signature is another wallet’s',
      (body) => ({ ...body, signature: new Wallet(random(32)).enrolment(stage.homeUid).signature }),
      'signature',
    ],
    [
      'with a point off the curve',
      (body) => ({ ...body, enrolment: { ...body.enrolment, spendingKey: `0x02${'ff'.repeat(32)}` } }),
      'enrolment.spendingKey',
    ],
    [
      'with one key for both uses',
      (body) => ({ ...body, enrolment: { ...body.enrolment, viewingKey: body.enrolment.spendingKey } }),
      'enrolment.viewingKey',
    ],
    [
      'with a broken age recipient',
      (body) => ({ ...body, enrolment: { ...body.enrolment, ageRecipient: 'age1nonsense' } }),
      'enrolment.ageRecipient',
    ],
    ['with an unknown field', (body) => ({ ...body, extra: 1 }) as EnrolBody, 'extra'],
  ])('are refused an enrolment %s, by field, and the code stays good', async (_, spoil, field) => {
    const wallet = new Wallet(random(32));
    const { enrolmentCode } = await backend.registerPatient(identifier());
    const good = { code: enrolmentCode, ...wallet.enrolment(stage.homeUid) };
    const open = new HttpClient({ baseUrl: stage.url });
    await expect(open.post('enrolments', spoil(good), z.unknown())).rejects.toMatchObject({ kind: 'invalid', field });
    await expect(open.post('enrolments', good, z.unknown())).resolves.toBeDefined();
  });

  it('have evidence of their enrolment: the logged event commits exactly the details that are sent on', async () => {
    const { patientId, enrolmentCode } = await backend.registerPatient(identifier());
    await enrol(new Wallet(random(32)), stage.url, enrolmentCode, stage.homeUid);
    await until(() => log.some(({ type, person }) => type === events.patientEnrolled && person === patientId));
    const event = log.find(({ type, person }) => type === events.patientEnrolled && person === patientId)!;

    // The audit service is another process; its answer is given here by hand.
    const asked: unknown[] = [];
    const inclusion = { leaf: 'leaf', leafIndex: 3, proof: [`0x${'22'.repeat(32)}`], checkpoint: 'checkpoint' };
    const audit = stage.bus.connection.subscribe('audit.inclusion', {
      callback: (_error, message) => {
        asked.push(message.json());
        message.respond(JSON.stringify({ ok: true, value: asked.length === 1 ? null : inclusion }));
      },
    });
    const ask = () => stage.requests.ask('identity.enrolment-evidence', EvidenceQuery, EvidenceAnswer, { patientId });
    await expect(ask()).resolves.toBeNull();
    const evidence = await ask();
    expect(asked[0]).toEqual({ producer: 'identity.north', seq: event.seq, anchored: true });
    expect(eventCommitment(evidence!.salt, evidence!.details)).toBe(eventCommitment(event.salt, event.details));
    expect(JSON.stringify(evidence)).not.toContain(patientId);
    audit.unsubscribe();
  });

  it('are unknown by an id nobody has', async () => {
    const nobody = { patientId: randomUUID() };
    await expect(stage.requests.ask('identity.patient', PatientQuery, PatientAnswer, nobody)).resolves.toBeNull();
    await expect(http.post('patients/match', { identifier: identifier() }, PatientMatch)).rejects.toMatchObject({
      code: 'patient-unknown',
      kind: 'missing',
    });
  });
});

describe('departments and custody', () => {
  it('register the institution’s keys once, and each department under an address of its own', async () => {
    const a = await backend.registerDepartment(`cardiology ${randomUUID()}`);
    const b = await backend.registerDepartment(`radiology ${randomUUID()}`);
    await until(async () => (await stage.keyRegistry.keyIds()).length === 3);
    for (const { metaAddress } of [a, b]) {
      const { spendingKey } = parseMetaAddress(metaAddress);
      const registrant = computeAddress(to0x(compressed(spendingKey)));
      await until(
        async () =>
          (await stage.metaAddresses.stealthMetaAddressOf(registrant, 1n)) === metaAddress.slice('st:eth:'.length),
      );
    }
    const uses = await Promise.all(
      (await stage.keyRegistry.keyIds()).map(async (id) => (await stage.keyRegistry.keyOf(id)).use),
    );
    expect(uses.sort()).toEqual(['hpke', 'message', 'token']);
    await until(() => log.filter(({ type }) => type === events.institutionKeyRegistered).length === 3);
    const keys = [a, b].map(({ departmentId }) => `department/${departmentId}`);
    const published = () =>
      log.filter(({ type }) => type === events.departmentPublished).map(({ details }) => details['key']);
    await until(() => keys.every((key) => published().includes(key)));
  });

  it('refuse a second department of one name, an empty name, and a clinician of no department', async () => {
    const name = `oncology ${randomUUID()}`;
    await backend.registerDepartment(name);
    await expect(backend.registerDepartment(name)).rejects.toMatchObject({ code: 'department-exists', field: 'name' });
    await expect(backend.registerDepartment('')).rejects.toMatchObject({ kind: 'invalid', field: 'name' });
    await expect(backend.registerClinician(randomUUID(), 'GMC 1')).rejects.toMatchObject({
      code: 'department-unknown',
      field: 'departmentId',
    });
  });

  it('find, prove, sign and open with the department’s one-time key, each an event, and no scalar in any answer', async () => {
    const { departmentId, metaAddress } = await backend.registerDepartment(`neurology ${randomUUID()}`);
    const clinician = await backend.registerClinician(departmentId, `GMC ${randomUUID()}`);
    expect(clinician.departmentId).toBe(departmentId);
    const share = sealedGrant(metaAddress, stage.homeUid);
    const { grant, homeUid } = share;
    const announcement = { ephemeralKey: grant.ephemeralKey, viewTag: grant.viewTag, recipientKey: grant.recipientKey };

    await expect(stage.requests.ask('identity.scan', ScanQuery, ScanAnswer, announcement)).resolves.toEqual({
      departmentId,
    });
    const other = { ...announcement, recipientKey: to0x(compressed(G)) };
    await expect(stage.requests.ask('identity.scan', ScanQuery, ScanAnswer, other)).resolves.toEqual({
      departmentId: null,
    });

    const proven = await stage.requests.ask('identity.prove', ProveQuery, ProveAnswer, {
      ...announcement,
      grantId: share.grantId,
    });
    const proof = { c: BigInt(proven.proof.c), s: BigInt(proven.proof.s) };
    const open = { qBar: pointFromHex(proven.qBar, 'qBar'), proof };
    expect(verifyOpen(pointFromHex(grant.recipientKey, 'Q'), fromHex(share.grantId, 'grantId', 32), open)).toBe(true);

    const signed = await stage.requests.ask('identity.sign', SignQuery, SignQueryAnswer, {
      kind: 'give-back',
      homeUid,
      grant,
    });
    expect(isSignedByKey(grant.recipientKey, giveBackDigest(homeUid, share.grantId), signed.signature)).toBe(true);

    const { capsule, keyId, ySeal, w } = share;
    const opened = await stage.requests.ask('identity.open', OpenQuery, OpenAnswer, {
      homeUid,
      grant,
      capsule,
      keyId,
      ySeal,
      w,
    });
    expect(age.unwrapStanza(age.parseStanza(opened.stanza.split('\n')).stanza, stage.recordsIdentity)).toEqual(
      share.fileKey,
    );

    const wrong = { homeUid, grant, capsule, keyId, ySeal, w: to0x(compressed(G)) };
    await expect(stage.requests.ask('identity.open', OpenQuery, OpenAnswer, wrong)).rejects.toMatchObject({
      code: 'wrong-key',
    });
    const notOurs = { ...announcement, recipientKey: to0x(compressed(G)), grantId: share.grantId };
    await expect(stage.requests.ask('identity.prove', ProveQuery, ProveAnswer, notOurs)).rejects.toMatchObject({
      code: 'key-not-ours',
    });

    const uses = () =>
      log.filter(({ type, correlation }) => type === events.custodyUsed && correlation === share.grantId);
    await until(() => uses().length === 3);
    expect(uses().map(({ details }) => details['use'])).toEqual(['prove', 'sign-give-back', 'open']);
  });

  it('let nothing out before the log has receipted the use of a key, and an event says so', async () => {
    const { departmentId, metaAddress } = await backend.registerDepartment(`pathology ${randomUUID()}`);
    const { grant, homeUid, grantId, capsule, keyId, ySeal, w } = sealedGrant(metaAddress, stage.homeUid);
    const { ephemeralKey, viewTag, recipientKey } = grant;
    const announcement = { ephemeralKey, viewTag, recipientKey };
    const { requests } = stage;
    const patientMs = 30_000; // identity answers when its own time is over, and a loaded machine takes longer still
    const uses: Record<string, () => Promise<unknown>> = {
      scan: () => requests.ask('identity.scan', ScanQuery, ScanAnswer, announcement, patientMs),
      prove: () => requests.ask('identity.prove', ProveQuery, ProveAnswer, { ...announcement, grantId }, patientMs),
      'sign-give-back': () =>
        requests.ask('identity.sign', SignQuery, SignQueryAnswer, { kind: 'give-back', homeUid, grant }, patientMs),
      open: () =>
        requests.ask('identity.open', OpenQuery, OpenAnswer, { homeUid, grant, capsule, keyId, ySeal, w }, patientMs),
    };
    const codeOf = (use: () => Promise<unknown>): Promise<string> =>
      use().then(
        () => 'answered',
        (error: { code: string }) => error.code,
      );
    const withheld = () => log.filter(({ type }) => type === events.custodyWithheld).length;
    const before = withheld();
    stage.log.isSilent = true;
    const codes = await Promise.all(Object.values(uses).map(codeOf));
    stage.log.isSilent = false;
    expect(Object.fromEntries(Object.keys(uses).map((use, at) => [use, codes[at]]))).toEqual(
      Object.fromEntries(Object.keys(uses).map((use) => [use, 'disclosure-withheld'])),
    );
    await expect(uses['scan']!()).resolves.toEqual({ departmentId });
    await until(() => withheld() === before + codes.length);
  });

  it('use no key while the audit log tells another history than the database, and an event says so', async () => {
    const { metaAddress } = await backend.registerDepartment(`radiology ${randomUUID()}`);
    const { grant, grantId } = sealedGrant(metaAddress, stage.homeUid);
    const { ephemeralKey, viewTag, recipientKey } = grant;
    const prove = () =>
      stage.requests.ask('identity.prove', ProveQuery, ProveAnswer, { ephemeralKey, viewTag, recipientKey, grantId });
    const disagree = async (seq: number | null): Promise<void> => {
      const client = new pg.Client({ connectionString: stage.databaseUrl });
      await client.connect();
      await client.query(`UPDATE outbox_relay SET disagreed_seq = $1 WHERE producer = 'identity.north'`, [seq]);
      await client.end();
    };
    await disagree(1_000_000);
    await expect(prove()).rejects.toMatchObject({ code: 'log-disagrees', kind: 'unavailable' });
    await disagree(null);
    await prove();
    const types = () => log.filter(({ correlation }) => correlation === grantId).map(({ type }) => type);
    await until(() => types().length === 3);
    expect(types()).toEqual([events.custodyUsed, events.custodyWithheld, events.custodyUsed]);
  });
});

describe('the log', () => {
  const of = (type: string, is: (event: EventEnvelope) => boolean) => log.filter((e) => e.type === type && is(e));
  const one = async (type: string, is: (event: EventEnvelope) => boolean): Promise<EventEnvelope> => {
    await until(() => of(type, is).length > 0);
    return of(type, is)[0]!;
  };

  it('names the client that registered a client, a department, a clinician', async () => {
    const { publicJwk } = await newBackendKey();
    const { kty, crv, x, y } = publicJwk;
    const clientId = `lab-${randomUUID()}`;
    await http.post(
      'clients',
      { clientId, jwk: { kty, crv, x, y }, scopes: ['records.read'], departments: [] },
      RegisteredClient,
    );
    const registered = await one(events.clientRegistered, ({ details }) => details['clientId'] === clientId);
    expect(registered.details).toMatchObject({ by: 'backend.north', scopes: ['records.read'] });
    const { departmentId } = await backend.registerDepartment(`dermatology ${randomUUID()}`);
    const department = await one(events.departmentRegistered, ({ correlation }) => correlation === departmentId);
    expect(department.details).toMatchObject({ by: 'backend.north' });
    const { clinicianId } = await backend.registerClinician(departmentId, `GMC ${randomUUID()}`);
    const clinician = await one(events.clinicianRegistered, ({ correlation }) => correlation === clinicianId);
    expect(clinician.details).toMatchObject({ by: 'backend.north' });
  });

  it('names the client that registered a patient, and each enrolment code is an event, never with its text', async () => {
    const person = identifier();
    const codes = [(await backend.registerPatient(person)).enrolmentCode];
    const { patientId, enrolmentCode } = await backend.registerPatient(person);
    codes.push(enrolmentCode);
    const isOf = (event: EventEnvelope) => event.person === patientId;
    await until(() => of(events.enrolmentCodeIssued, isOf).length === 2);
    expect(of(events.patientRegistered, isOf).map(({ details }) => details)).toEqual([{ by: 'backend.north' }]);
    expect(of(events.enrolmentCodeIssued, isOf).map(({ details }) => details)).toEqual([
      { by: 'backend.north' },
      { by: 'backend.north' },
    ]);
    for (const code of codes) expect(JSON.stringify(log)).not.toContain(code);
  });

  it('names the client that looked an identifier up, also where nobody has it, and never the identifier', async () => {
    const person = identifier();
    const { patientId } = await backend.registerPatient(person);
    await http.post('patients/match', { identifier: person }, PatientMatch);
    const found = await one(events.patientMatched, (event) => event.person === patientId);
    expect(found.details).toEqual({ by: 'backend.north', isKnown: true });
    const before = of(events.patientMatched, ({ details }) => details['isKnown'] === false).length;
    const unknown = identifier();
    await expect(http.post('patients/match', { identifier: unknown }, PatientMatch)).rejects.toMatchObject({
      code: 'patient-unknown',
    });
    await until(() => of(events.patientMatched, ({ details }) => details['isKnown'] === false).length === before + 1);
    for (const { value } of [person, unknown]) expect(JSON.stringify(log)).not.toContain(value);
  });
});

describe('after a restart', () => {
  it('tokens stay good, codes and departments are still there, and no key is registered twice', async () => {
    const { enrolmentCode } = await backend.registerPatient(identifier());
    const token = await stage.admin.token();
    const before = await (
      await fetch(`${stage.url}/departments`, { headers: { authorization: `Bearer ${token}` } })
    ).json();
    await stage.restart();
    const after = await (
      await fetch(`${stage.url}/departments`, { headers: { authorization: `Bearer ${token}` } })
    ).json();
    expect(after).toEqual(before);
    await enrol(new Wallet(random(32)), stage.url, enrolmentCode, stage.homeUid);
    await until(async () => (await fetch(`${stage.url}/readyz`)).status === 200);
    expect(await stage.keyRegistry.keyIds()).toHaveLength(3);
  });

  it('no start brings back a key of the environment that a door replaced, nor undoes what a door changed', async () => {
    const spare = (privateJwk: JWK, scopes: string[]) =>
      new TokenSource({ identityUrl: stage.url, clientId: 'spare.north', privateJwk, scopes });
    await spare(stage.spareJwk, ['identity.admin']).token();
    const { privateJwk, publicJwk } = await newBackendKey();
    const { kty, crv, x, y } = publicJwk;
    const scopes = ['records.read'];
    const body = { clientId: 'spare.north', jwk: { kty, crv, x, y }, scopes, departments: [] };
    await http.post('clients', body, RegisteredClient);
    await stage.restart();
    await expect(spare(stage.spareJwk, ['identity.admin']).token()).rejects.toMatchObject({ code: 'client-refused' });
    await expect(spare(privateJwk, ['records.read']).token()).resolves.toEqual(expect.any(String));
    await expect(spare(privateJwk, ['identity.admin']).token()).rejects.toMatchObject({ code: 'scope-denied' });
  });

  it('the database holds no identifier, no code and no usable key', async () => {
    const person = { system: 'urn:planted', value: `planted-${randomUUID()}` };
    const { enrolmentCode } = await backend.registerPatient(person);
    const client = new pg.Client({ connectionString: stage.databaseUrl });
    await client.connect();
    const dump: string[] = [];
    for (const table of [
      'client',
      'patient',
      'department',
      'clinician',
      'outbox',
      'used_assertion',
      'chain_transaction',
    ]) {
      const { rows } = await client.query(`SELECT row_to_json(t)::text AS line FROM ${table} t`);
      dump.push(...rows.map(({ line }: { line: string }) => line));
    }
    await client.end();
    const text = dump.join('\n');
    expect(text.length).toBeGreaterThan(1_000);
    for (const secret of [person.value, enrolmentCode, Buffer.from(person.value).toString('hex')])
      expect(text).not.toContain(secret);
  });
});

interface EnrolBody {
  code: string;
  enrolment: ReturnType<Wallet['enrolment']>['enrolment'];
  signature: Hex;
}
