import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as age from '@cpds/crypto/age';
import { testAnvil, testNats, testPostgres } from '@cpds/local';
import { hospitalAudience, readConfig, runService, type RunningService, type ServiceOptions } from '@cpds/service';
import { chainUid, type Hex } from '@cpds/contracts';
import { RegisteredPatient } from '@cpds/messages';
import { enrol, Wallet } from '@cpds/wallet';
import { JsonRpcProvider } from 'ethers';
import { SignJWT } from 'jose';
import { type LoneAudit, startLoneAudit } from '../../apps/audit/test/lone-audit.js';
import { bridgeService } from '../../apps/bridge/src/service.js';
import { identityService } from '../../apps/identity/src/service.js';
import { tokenKeyOf, type TokenKey } from '../../apps/identity/src/tokens/token-key.js';
import { recordsService } from '../../apps/records/src/service.js';
import { type Input, inputsOf } from '../docs/routes.js';
import { samplesOf } from '../docs/samples.js';
import { sources } from '../docs/sources.js';

/**
 * Every route of every service, with text that no place here can hold in each field of path, query and body. The routes
 * and what they take are read in the controllers, so a new one is walked too.
 */

const services = ['identity', 'records', 'bridge', 'audit'] as const;
type Service = (typeof services)[number];

const unholdable = ['a\0', 'a\ud800'];
/** NUL in an address. */
const escapedNul = 'a%00';
/** What half of a surrogate pair would be in UTF-8: no text at all, so an address cannot hold it. */
const noText = 'a%ED%A0%80';

/** A FHIR bundle, of which records reads whose it is. */
const bundle = {
  resourceType: 'Bundle',
  type: 'document',
  entry: [
    {
      resource: {
        resourceType: 'Patient',
        id: 'p-1',
        identifier: [{ system: 'urn:oid:1.2', value: '7' }],
        name: [{ family: 'Doe' }],
      },
    },
  ],
};

const urls = {} as Record<Service, string>;
const closers: (() => unknown)[] = [];
let tokenKey: TokenKey;
let homeUid: Hex;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'text-doors-'));
  const [nats, anvil] = await Promise.all([testNats(), testAnvil()]);
  const secret = (byte: string): string => byte.repeat(32);
  tokenKey = await tokenKeyOf(new Uint8Array(Buffer.from(secret('dd'), 'hex')));
  homeUid = await uidOf(anvil.url);
  const port = await freePort();
  const ageIdentity = age.encodeIdentity(new Uint8Array(32).fill(7));
  const address = `0x${'11'.repeat(20)}`;
  const start = async (name: Service, service: unknown, keys: object, own: Record<string, string>): Promise<void> => {
    const postgres = await testPostgres();
    const keyFile = join(folder, name);
    writeFileSync(keyFile, JSON.stringify({ kek: secret('aa'), gas: secret('cc'), ...keys }), { mode: 0o600 });
    const options = service as ServiceOptions<never>;
    const environment = {
      PARTY: 'north',
      PORT: '0',
      LOG_LEVEL: 'silent',
      KEY_FILE: keyFile,
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      IDENTITY_URL: `http://127.0.0.1:${port}`,
      CHAINS: JSON.stringify({ hub: [anvil.url], north: [anvil.url] }),
      OWN_CHAIN: 'north',
      HUB_CHAIN_REGISTRY: address,
      ...own,
    };
    const running: RunningService = await runService(options, readConfig(options.config, environment));
    urls[name] = running.url;
    closers.push(async () => {
      await running.close();
      await postgres.close();
    });
  };
  await start(
    'identity',
    identityService,
    { token: secret('dd') },
    {
      PORT: String(port),
      RECORDS_AGE_RECIPIENT: age.recipientOf(ageIdentity),
    },
  );
  let audit!: LoneAudit;
  await Promise.all([
    start('records', recordsService, { age: ageIdentity }, { OBJECT_STORE_DIR: join(folder, 'objects') }),
    start(
      'bridge',
      bridgeService,
      { message: secret('ee'), hpke: secret('ff') },
      {
        ROLE: 'hospital',
        HUB_STOREMAN_REGISTRY: address,
        HUB_TRANSFER_LEDGER: address,
        HUB_CHECKPOINT_ANCHOR: address,
      },
    ),
    startLoneAudit(urls.identity).then((started) => (audit = started)),
  ]);
  urls.audit = audit.url();
  closers.push(
    () => audit.close(),
    () => nats.close(),
    () => anvil.close(),
    () => rmSync(folder, { recursive: true }),
  );
}, 120_000);

afterAll(async () => {
  for (const close of closers) await close();
});

async function uidOf(rpc: string): Promise<Hex> {
  const provider = new JsonRpcProvider(rpc);
  const [{ chainId }, genesis] = await Promise.all([provider.getNetwork(), provider.getBlock(0)]);
  provider.destroy();
  return chainUid(chainId, genesis?.hash ?? '');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A token with these scopes, as identity gives it to a client that may, or to an enrolled wallet. */
function tokenFor(scopes: readonly string[]): Promise<string> {
  const patient = scopes.includes('wallet') ? { patient: '11111111-2222-4333-8444-555555555555' } : {};
  return new SignJWT({ scope: scopes.join(' '), departments: 'whole-hospital', ...patient })
    .setProtectedHeader({ alg: 'ES384', kid: tokenKey.publicJwk.kid! })
    .setIssuer(urls.identity)
    .setAudience(hospitalAudience('north'))
    .setSubject('backend.north')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(tokenKey.privateKey);
}

/** One request of the walk: which field holds the text, and what is sent. */
interface Step {
  /** the part that is named: dotted path in query or body, a parameter of the path, or the address as a whole */
  field: string;
  url: string;
  body?: unknown;
  /** who may be answered so: a refusal of an address comes before anybody knows whose route it is */
  by: 'route' | 'server' | 'whoever';
}

const placeholder = /\{(\w+)\}|\*/g;

/** A path whose parameters are of the form that such names have; the one at `at` is `text` if given. */
function pathWith(path: string, at = -1, text = ''): string {
  let seen = 0;
  return path.replace(placeholder, (_, name: string | undefined) => {
    if (seen++ === at) return text;
    if (name === undefined) return '0/000';
    return /grantId|chainUid/.test(name) ? `0x${'11'.repeat(32)}` : '11111111-2222-4333-8444-555555555555';
  });
}

/** Dotted paths of all texts in a value, and of the names of its parts where any name is taken. */
function textsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => textsIn(part, [...path, name]));
}

/** A copy of `value` with `text` at `path`. */
function withText(value: unknown, [name, ...rest]: string[], text: string): unknown {
  if (name === undefined) return text;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  (copy as Record<string, unknown>)[name] = withText((value as Record<string, unknown>)[name], rest, text);
  return copy;
}

function steps({ path, query, parameters, body }: Input): Step[] {
  const sample = Object.entries((query ? samplesOf(query)[0] : {}) as Record<string, unknown>);
  const whole = sample.map(([name, value]) => [name, encodeURIComponent(String(value))] as const);
  const search = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.join('=')).join('&')}`;
  const named = [...path.matchAll(placeholder)].map((match) => match[1] ?? 'path');
  const inPath = named.flatMap((field, at): Step[] => [
    { field, url: pathWith(path, at, escapedNul) + search(whole), by: 'route' },
    { field: 'url', url: pathWith(path, at, noText) + search(whole), by: 'server' },
  ]);
  const inQuery = [...sample.map(([name]) => name), ...parameters].flatMap((field): Step[] => {
    const others = whole.filter(([name]) => name !== field);
    return [
      { field, url: pathWith(path) + search([...others, [field, escapedNul]]), by: 'route' },
      { field, url: pathWith(path) + search([...others, [field, noText]]), by: 'whoever' },
    ];
  });
  const inBody = (body ? samplesOf(body) : []).flatMap((value) =>
    textsIn(value).flatMap((at) =>
      unholdable.map((text): Step => ({
        field: at.join('.'),
        url: pathWith(path) + search(whole),
        body: withText(value, at, text),
        by: 'route',
      })),
    ),
  );
  return [...inPath, ...inQuery, ...inBody];
}

const doors = (
  await Promise.all(
    services.flatMap((service) =>
      sources(`apps/${service}/src/**/*.http.controller.ts`).map(async (source) =>
        (await inputsOf(source)).map((input) => ({
          service,
          input,
          title: `${service}: ${input.method} ${input.path}`,
        })),
      ),
    ),
  )
).flat();

async function send(service: Service, method: string, step: Step, headers: object): Promise<[number, string]> {
  const answer = await fetch(`${urls[service]}${step.url}`, {
    method,
    headers: { ...(step.body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(step.body === undefined ? {} : { body: JSON.stringify(step.body) }),
  });
  return [answer.status, await answer.text()];
}

const bearer = async (scopes: readonly string[]): Promise<object> =>
  scopes.length === 0 ? {} : { authorization: `Bearer ${await tokenFor(scopes)}` };

/** The pseudonym of a patient of the bundle's identifier, whose wallet is enrolled. */
async function enrolledPatient(): Promise<string> {
  const body = { identifier: bundle.entry[0]!.resource.identifier[0] };
  const step: Step = { field: '', url: '/patients', body, by: 'route' };
  const [, answer] = await send('identity', 'POST', step, await bearer(['identity.admin']));
  const { patientId, enrolmentCode } = RegisteredPatient.parse(JSON.parse(answer));
  await enrol(new Wallet(new Uint8Array(32).fill(9)), urls.identity, enrolmentCode, homeUid);
  return patientId;
}

/** A refusal of the text itself, by name, and not of whoever sent it. */
function isRefusedByName(status: number, answer: string, { field, by }: Step): boolean {
  // A query whose bytes are no text is taken as it is written, percent signs and all.
  if (by === 'whoever') return status < 500;
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status) && answer.includes(field);
}

describe('a text that no place can hold', () => {
  it('is looked for at every route, in all that it takes', () => {
    expect(doors.length).toBeGreaterThan(45);
    expect(doors.flatMap(({ input }) => steps(input)).length).toBeGreaterThan(250);
  });

  it.each(doors)('is refused by name at $title', async ({ service, input }) => {
    const headers = await bearer(input.scopes);
    const wrong: unknown[] = [];
    for (const step of steps(input)) {
      const [status, answer] = await send(service, input.method, step, headers);
      if (!isRefusedByName(status, answer, step)) wrong.push({ step, status, answer });
      if (input.scopes.length === 0 || step.by === 'server') continue;
      const [stranger] = await send(service, input.method, step, {});
      if (stranger !== 401) wrong.push({ step, stranger });
    }
    expect(wrong).toEqual([]);
  });

  it('stops no upload by an error of ours, wherever it stands in a record', async () => {
    const headers = { ...(await bearer(['records.write'])), 'content-type': 'application/fhir+json' };
    const url = `/records?patient=${await enrolledPatient()}&category=summary`;
    const upload = (body: unknown): Promise<[number, string]> =>
      send('records', 'POST', { field: 'body', url, body, by: 'whoever' }, headers);
    expect((await upload(bundle))[0]).toBe(201);
    const wrong: unknown[] = [];
    for (const at of textsIn(bundle))
      for (const text of unholdable) {
        const [status, answer] = await upload(withText(bundle, at, text));
        if (status >= 500) wrong.push({ at, text, status, answer });
      }
    expect(wrong).toEqual([]);
  });

  it.each(['iss', 'sub', 'jti', 'kid'])(
    'is refused in the %s of an assertion, before anybody is known',
    async (claim) => {
      const wrong: unknown[] = [];
      for (const text of unholdable) {
        const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
        const claims = {
          iss: 'ward.north',
          sub: 'ward.north',
          jti: 'a-text-of-16-or-more',
          aud: `${urls.identity}/token`,
        };
        const soon = Math.floor(Date.now() / 1_000) + 60;
        const header = part({ alg: 'ES384', ...(claim === 'kid' ? { kid: text } : {}) });
        const payload = part({ ...claims, exp: soon, ...(claim === 'kid' ? {} : { [claim]: text }) });
        const body = {
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: `${header}.${payload}.${'A'.repeat(128)}`,
          scope: 'records.read',
        };
        const [status, answer] = await send('identity', 'POST', { field: claim, url: '/token', body, by: 'route' }, {});
        if (![400, 401].includes(status)) wrong.push({ text, status, answer });
      }
      expect(wrong).toEqual([]);
    },
  );
});
