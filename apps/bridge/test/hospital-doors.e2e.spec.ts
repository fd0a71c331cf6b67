import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectBus, ensureEventStream, hospitalEventSubjects } from '@cpds/bus';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { G } from '@cpds/crypto/curve';
import { formatMetaAddress } from '@cpds/crypto/stealth';
import { testNats, testPostgres } from '@cpds/local';
import { events, type EventEnvelope, type TransferState } from '@cpds/messages';
import { hospitalAudience, readConfig, runService, type RunningService } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Consortium } from '../src/chains/consortium-view.js';
import { bridgeService } from '../src/service.js';
import { generateKey, makeGrant, operator, viewOf, type MadeGrant } from '../src/testing/group.js';
import { TransferRow } from '../src/transfers/transfer.row.js';

/**
 * The doors of a hospital's bridge, on a real database and bus. The chains are away, so what the hub would say is given
 * by hand, and so are identity's answers.
 */

const away = 'http://127.0.0.1:9';
const address = `0x${'1'.repeat(40)}`;
const departmentId = randomUUID();
const metaAddress = formatMetaAddress({ spendingKey: G.multiply(3n), viewingKey: G.multiply(5n) });

let closers: (() => unknown)[] = [];
let service: RunningService;
let bus: NatsConnection;
let token: (scope: string, claims?: Record<string, unknown>) => Promise<string>;
let seal: ReturnType<typeof generateKey>['group'];
const answers = new Map<string, (body: never) => unknown>();
const told: EventEnvelope[] = [];
const disabled = new Set<string>();

beforeAll(async () => {
  const [nats, postgres] = await Promise.all([testNats(), testPostgres()]);
  const folder = mkdtempSync(join(tmpdir(), 'bridge-doors-'));
  const audit = await connectBus({ url: nats.url, name: 'audit' });
  await ensureEventStream(await audit.jsm(), hospitalEventSubjects);
  await audit.close();
  bus = await connect({ servers: nats.url });
  const { server, url, sign } = await startIssuer();
  token = sign;
  answerByHand();
  const keyFile = join(folder, 'keys.json');
  const secrets = ['kek', 'gas', 'message', 'hpke'].map((name) => [name, randomBytes(32).toString('hex')]);
  writeFileSync(keyFile, JSON.stringify(Object.fromEntries(secrets)));
  chmodSync(keyFile, 0o600);
  const environment = {
    ROLE: 'hospital',
    PARTY: 'south',
    PORT: '0',
    KEY_FILE: keyFile,
    LOG_LEVEL: 'silent',
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    CHAINS: JSON.stringify({ hub: [away], south: [away] }),
    OWN_CHAIN: 'south',
    IDENTITY_URL: url,
    HUB_CHAIN_REGISTRY: address,
    HUB_STOREMAN_REGISTRY: address,
    HUB_TRANSFER_LEDGER: address,
    HUB_CHECKPOINT_ANCHOR: address,
  };
  service = await runService(bridgeService, readConfig(bridgeService.config, environment));
  giveView();
  closers = [
    () => service.close(),
    () => bus.close(),
    () => server.close(),
    () => nats.close(),
    () => postgres.close(),
    () => rmSync(folder, { recursive: true }),
  ];
}, 120_000);

afterAll(async () => {
  for (const close of closers) await close();
});

/** What the hub would say: north and south, and the storemen's keys. */
function giveView(): void {
  const storemen = ['one', 'two', 'three', 'four', 'five'].map((name) => operator(name).operator);
  const sign = generateKey('sign', storemen).group;
  seal = generateKey('seal', storemen).group;
  const hospitals = { north: operator('north').operator, south: operator('south').operator };
  const view = viewOf(storemen, hospitals, { sign, seal });
  const hpkeKey = to0x(createECDH('prime256v1').generateKeys());
  view.hospitals.forEach((hospital) => (hospital.hpkeKey = hpkeKey));
  jest.spyOn(service.app.get(Consortium, { strict: false }), 'current').mockReturnValue(view);
}

/** Answers of the hospital's other services, and all that the bridge tells. */
function answerByHand(): void {
  const subscription = bus.subscribe('>');
  void (async () => {
    for await (const message of subscription) {
      if (message.subject.startsWith('bridge.') && message.subject.endsWith('.v1')) told.push(message.json());
      const answer = message.reply ? answers.get(message.subject) : undefined;
      if (answer) message.respond(JSON.stringify({ ok: true, value: answer(message.json() as never) }));
    }
  })();
  answers.set('identity.department', ({ departmentId: id }: { departmentId: string }) => ({
    departmentId: id,
    name: 'cardiology',
    metaAddress,
    isDisabled: disabled.has(id),
  }));
  answers.set('identity.sign', () => ({ signature: `0x${'77'.repeat(64)}1b` }));
}

async function startIssuer(): Promise<{ server: Server; url: string; sign: typeof token }> {
  const { publicKey, privateKey } = await generateKeyPair('ES384');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES384' }] });
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(jwks));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (scope: string, claims: Record<string, unknown> = {}): Promise<string> =>
    new SignJWT({ scope, departments: 'whole-hospital', ...claims })
      .setProtectedHeader({ alg: 'ES384', kid: 'one' })
      .setIssuer(url)
      .setAudience(hospitalAudience('south'))
      .setSubject('ward.south')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  return { server, url, sign };
}

async function post(
  path: string,
  scope: string,
  body: object = {},
  claims: Record<string, unknown> = {},
  headers: object = {},
): Promise<Response> {
  return fetch(`${service.url}/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${await token(scope, claims)}`, 'content-type': 'application/json', ...headers },
  });
}

function ask(claims: Record<string, unknown> = {}, headers: object = {}): Promise<Response> {
  const body = {
    home: 'north',
    patient: { system: 'urn:oid:1.2', value: '7' },
    category: 'summary',
    departmentId,
    purpose: 'TREAT',
    readForSeconds: 3_600,
  };
  return post('requests', 'bridge.request', body, claims, headers);
}

/** A request of the department that was granted, and is mapped. */
async function granted(state: TransferState = 'mapped'): Promise<MadeGrant> {
  const { requestId } = (await (await ask()).json()) as { requestId: string };
  const made = makeGrant(seal, Math.floor(Date.now() / 1_000));
  const { qBar, proof, grant, grantId, capsule } = made;
  answers.set('identity.prove', () => ({ qBar, proof }));
  await service.app
    .get(UnitOfWork, { strict: false })
    .run(({ manager }) =>
      manager.update(TransferRow, { id: requestId }, { state, grant, grantId, capsule, checkAt: null }),
    );
  return made;
}

async function toldOf(type: string, correlation: string): Promise<EventEnvelope> {
  for (;;) {
    const event = told.find((one) => one.type === type && one.correlation === correlation);
    if (event) return event;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("a hospital's bridge says in the log who called", () => {
  it('of a request', async () => {
    const answer = await ask();
    expect(answer.status).toBe(201);
    const { requestId } = (await answer.json()) as { requestId: string };
    expect((await toldOf(events.requestSent, requestId)).details).toMatchObject({
      by: 'ward.south',
      departmentId,
      to: 'north',
    });
  });

  it('of a key that is asked for, before any storeman is asked', async () => {
    const { grantId } = await granted();
    const answer = await post(`grants/${grantId}/open`, 'bridge.open');
    expect(answer.status).toBe(200);
    expect((await toldOf(events.releaseAsked, grantId)).details).toMatchObject({ by: 'ward.south', grantId });
  });

  it('of a grant that is given back', async () => {
    const { grantId } = await granted();
    await post(`grants/${grantId}/give-back`, 'bridge.open');
    expect((await toldOf(events.giveBackAsked, grantId)).details).toMatchObject({ by: 'ward.south', grantId });
  });

  it('of a history that an operator accepts', async () => {
    const chainUid = to0x(fromHex('ab'.repeat(32), 'uid', 32));
    expect((await post(`chains/${chainUid}/acceptance`, 'bridge.operate')).status).toBe(204);
    for (;;) {
      const event = told.find(({ type }) => type === events.historyAccepted);
      if (!event) await new Promise((resolve) => setTimeout(resolve, 20));
      else {
        expect(event.details).toEqual({ by: 'ward.south', chainUid });
        break;
      }
    }
  });

  it('and of nothing that it only shows', async () => {
    const { grantId } = await granted('lock-sent');
    const before = told.filter(({ type }) => type === events.releaseAsked).length;
    expect(await (await post(`grants/${grantId}/open`, 'bridge.open')).json()).toMatchObject({ outcome: 'waiting' });
    expect(told.filter(({ type }) => type === events.releaseAsked)).toHaveLength(before);
  });
});

describe("a hospital's bridge acts for a department", () => {
  const other = randomUUID();
  const clinicians = { own: randomUUID(), other: randomUUID() };
  beforeAll(() => {
    answers.set('identity.clinician', ({ clinicianId }: { clinicianId: string }) => {
      if (clinicianId === clinicians.own) return { clinicianId, departmentId };
      return clinicianId === clinicians.other ? { clinicianId, departmentId: other } : null;
    });
  });

  /** Each door that acts for a department, called with a token of these departments. */
  const doors: [string, (grantId: string, claims: Record<string, unknown>, headers?: object) => Promise<Response>][] = [
    ['asks', (_, claims, headers) => ask(claims, headers)],
    ['opens', (grantId, claims, headers) => post(`grants/${grantId}/open`, 'bridge.open', {}, claims, headers)],
    [
      'gives back',
      (grantId, claims, headers) => post(`grants/${grantId}/give-back`, 'bridge.open', {}, claims, headers),
    ],
  ];

  it.each(doors)('and %s for no client of another one, of none, or of a token that names none', async (_, call) => {
    const { grantId } = await granted();
    const before = told.length;
    for (const departments of [[other], [], undefined]) {
      const answer = await call(grantId, { departments });
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ code: 'department-denied' });
    }
    await toldOf(events.releaseAsked, await openedNow());
    expect(told.slice(before).filter(({ correlation }) => correlation === grantId)).toEqual([]);
  });

  it.each(doors)(
    'and %s for its own client, on behalf of its own clinician, who is in the event',
    async (name, call) => {
      const { grantId } = await granted();
      const own = { departments: [other, departmentId] };
      for (const clinicianId of [clinicians.other, randomUUID()]) {
        const refused = await call(grantId, own, { 'cpds-on-behalf-of': clinicianId });
        expect(refused.status).toBe(403);
        expect(await refused.json()).toMatchObject({ code: 'clinician-refused', field: 'cpds-on-behalf-of' });
      }
      const before = told.length;
      const answer = await call(grantId, own, { 'cpds-on-behalf-of': clinicians.own });
      // Giving back goes as far as a signature that is not q's.
      if (name !== 'gives back') expect(answer.ok).toBe(true);
      const by = { by: 'ward.south', onBehalfOf: clinicians.own, departmentId };
      while (!told.slice(before).some(({ details }) => details['onBehalfOf'] === clinicians.own))
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(told.slice(before).find(({ details }) => details['onBehalfOf'] !== undefined)!.details).toMatchObject(by);
    },
  );

  it.each(doors)('and %s for a disabled one only to end a grant', async (name, call) => {
    const { grantId } = await granted();
    disabled.add(departmentId);
    const before = told.length;
    try {
      const answer = await call(grantId, {});
      if (name === 'gives back') await toldOf(events.giveBackAsked, grantId);
      else {
        expect(answer.status).toBe(403);
        expect(await answer.json()).toMatchObject({ code: 'department-disabled' });
        expect(told.slice(before).filter(({ correlation }) => correlation === grantId)).toEqual([]);
      }
    } finally {
      disabled.clear();
    }
  });

  it('but accepts no history on behalf of a clinician, whom its event could not name', async () => {
    const headers = { 'cpds-on-behalf-of': clinicians.own };
    const answer = await post(`chains/0x${'ab'.repeat(32)}/acceptance`, 'bridge.operate', {}, {}, headers);
    expect(await answer.json()).toMatchObject({ status: 400, code: 'on-behalf-refused' });
  });

  /** A grant that was asked for now: what was told before it has come. */
  async function openedNow(): Promise<string> {
    const { grantId } = await granted();
    await post(`grants/${grantId}/open`, 'bridge.open');
    return grantId;
  }
});
