import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type BeforeApplicationShutdown, Body, Controller, Get, Module, Param, Post, Req } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Bus, eventStream } from '@cpds/bus';
import { invalid, unavailable } from '@cpds/errors';
import { freePort, testNats, testPostgres } from '@cpds/local';
import { type EventEnvelope, LeavesQuery, leavesRequest } from '@cpds/messages';
import { Changes, Outbox, outboxMigrations, OutboxModule } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Caller, Fhir, Open, type Principal, Scopes } from './access.js';
import { commonConfig, readConfig } from './config.js';
import { createLog } from './log.js';
import { busModule, outboxModule, storeModule } from './modules.js';
import { readinessOf } from './health.js';
import { clockProbe, headProbes, syncProbe } from './probes.js';
import { type RunningService, runService } from './start-service.js';
import { hospitalAudience, TokenVerifier } from './token.js';

const seen: EventEnvelope[] = [];

@Controller()
class Doors {
  @Get('who')
  @Scopes('records.read')
  who(@Caller() { clientId, departments, patientId, onBehalfOf }: Principal): Partial<Principal> {
    return { clientId, departments, patientId, onBehalfOf };
  }

  @Get('forgotten')
  forgotten(): string {
    return 'open by mistake';
  }

  @Get('bad/:how')
  @Open('facts')
  bad(@Param('how') how: string): never {
    if (how === 'invalid') throw invalid('empty', 'Bundle.entry', 'Bundle.entry: is empty');
    if (how === 'away') throw unavailable('away', 'away', { retryAfterSec: 7 });
    throw new Error('patient Ada Lovelace');
  }

  @Get('fhir/bad/:how')
  @Open('facts')
  @Fhir()
  badFhir(@Param('how') how: string): never {
    return this.bad(how);
  }

  @Post('upload')
  @Open('facts')
  async upload(@Req() { body }: { body: Readable }): Promise<{ bytes: number }> {
    let bytes = 0;
    for await (const chunk of body) bytes += (chunk as Buffer).length;
    return { bytes };
  }

  @Post('json')
  @Open('facts')
  json(@Body() body: { bug?: boolean }): unknown {
    if (body.bug) throw new Error('a bug behind a body');
    return body;
  }

  @EventPattern('records.object-stored.v1')
  stored(@Payload() event: EventEnvelope): void {
    seen.push(event);
    if (event.details['poison']) throw invalid('poison', 'details', 'details: are poison');
  }
}

type LogLine = Record<string, unknown>;
const lines: LogLine[] = [];

let postgres: Awaited<ReturnType<typeof testPostgres>>;
let nats: Awaited<ReturnType<typeof testNats>>;
let service: RunningService;
let folder: string;
let environment: Record<string, string>;
let keyPair: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
  keyPair = await generateKeyPair('ES384', { extractable: true });
  folder = mkdtempSync(join(tmpdir(), 'service-'));
  writeFileSync(join(folder, 'keys'), JSON.stringify({ kek: '11'.repeat(32) }), { mode: 0o600 });
  environment = {
    PARTY: 'north',
    PORT: '0',
    LOG_LEVEL: 'silent',
    KEY_FILE: join(folder, 'keys'),
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
  };
  const jwk = await exportJWK(keyPair.publicKey);
  service = await runService(
    {
      name: 'records',
      config: commonConfig,
      module: (context) => ({
        module: class App {},
        imports: [
          storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
          busModule(context),
          outboxModule(context),
        ],
        controllers: [Doors],
      }),
      tokens: () => new TokenVerifier(createLocalJWKSet({ keys: [jwk] }), 'http://identity', hospitalAudience('north')),
    },
    readConfig(commonConfig, { ...environment }),
    createLog('records', 'north', 'debug', { write: (line) => lines.push(JSON.parse(line) as LogLine) }),
  );
});

afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
  await Promise.all([postgres.close(), nats.close()]);
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${service.url}/${path}`, { headers });

function token(claims: {
  issuer?: string;
  audience?: string;
  scope?: string;
  endsInSec?: number;
  patient?: string;
  departments?: string | string[];
}): Promise<string> {
  const {
    issuer = 'http://identity',
    audience = hospitalAudience('north'),
    scope = 'records.read',
    endsInSec = 60,
    patient,
    departments,
  } = claims;
  return new SignJWT({
    scope,
    ...(patient === undefined ? {} : { patient }),
    ...(departments === undefined ? {} : { departments }),
  })
    .setProtectedHeader({ alg: 'ES384' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('backend')
    .setExpirationTime(Math.floor(Date.now() / 1_000) + endsInSec)
    .sign(keyPair.privateKey);
}

describe('access', () => {
  it('knows the caller by the token', async () => {
    const patient = '6f0f9c1e-0f0e-4f0a-9a53-0d4f1f6a2b11';
    const response = await get('who', { authorization: `Bearer ${await token({ patient })}` });
    expect(await response.json()).toEqual({ clientId: 'backend', departments: [], patientId: patient });
  });

  it('knows the departments that the token names, and the clinician that the call names', async () => {
    const [ward, clinician] = ['6f0f9c1e-0f0e-4f0a-9a53-0d4f1f6a2b12', '6f0f9c1e-0f0e-4f0a-9a53-0d4f1f6a2b13'];
    const bound = { authorization: `Bearer ${await token({ departments: [ward] })}` };
    const called = await get('who', { ...bound, 'cpds-on-behalf-of': clinician });
    expect(await called.json()).toEqual({ clientId: 'backend', departments: [ward], onBehalfOf: clinician });
    const whole = await get('who', { authorization: `Bearer ${await token({ departments: 'whole-hospital' })}` });
    expect(await whole.json()).toEqual({ clientId: 'backend', departments: 'whole-hospital' });
    const unreadable = await get('who', { ...bound, 'cpds-on-behalf-of': 'Dr. Jekyll' });
    expect(unreadable.status).toBe(400);
    expect(await unreadable.json()).toMatchObject({ code: 'invalid-input', field: 'cpds-on-behalf-of' });
  });

  it.each<[string, Parameters<typeof token>[0], number, string]>([
    ["another hospital's audience", { audience: hospitalAudience('south') }, 401, 'token-refused'],
    ['another issuer', { issuer: 'http://elsewhere' }, 401, 'token-refused'],
    ['an end in the past', { endsInSec: -60 }, 401, 'token-refused'],
    ['another scope', { scope: 'records.write' }, 403, 'scope-missing'],
  ])('refuses a token with %s', async (_, claims, status, code) => {
    const response = await get('who', { authorization: `Bearer ${await token(claims)}` });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it('says unavailable, not refused, while the keys cannot be read', async () => {
    const good = await token({});
    const nowhere = TokenVerifier.remote('http://127.0.0.1:1', 'north');
    await expect(nowhere.verify(good)).rejects.toMatchObject({ code: 'identity-unreachable', kind: 'unavailable' });
    const notThere = TokenVerifier.remote(service.url, 'north');
    await expect(notThere.verify(good)).rejects.toMatchObject({ code: 'identity-unreachable' });
  });

  it('lets nobody through a route that names neither a scope nor that it is open', async () => {
    const response = await get('forgotten', { authorization: `Bearer ${await token({})}` });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: 'route-unguarded' });
  });
});

describe('log lines', () => {
  /** The line of a request comes once its answer is sent. */
  const linesOf = async (requestId: string): Promise<LogLine[]> => {
    for (;;) {
      const own = lines.filter((line) => line['requestId'] === requestId);
      if (own.some(({ msg }) => msg === 'request')) return own;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const named = 'call-of-the-ward.7';

  it('of a request name it, its client and its address; the answer names it too', async () => {
    const authorization = `Bearer ${await token({})}`;
    const answer = await get('who', { authorization, 'x-request-id': named });
    expect(answer.headers.get('x-request-id')).toBe(named);
    expect(await linesOf(named)).toMatchObject([
      { msg: 'request', route: '/who', client: 'backend', address: '127.0.0.1', status: 200 },
    ]);
  });

  it('name the address of the connection, and not what the caller says of itself', async () => {
    const answer = await get('bad/invalid', { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' });
    const own = await linesOf(answer.headers.get('x-request-id')!);
    expect(own.filter(({ msg }) => msg === 'request')).toMatchObject([{ address: '127.0.0.1' }]);
    expect(JSON.stringify(own)).not.toContain('203.0.113.9');
  });

  it('of all work on a request name it, also behind a body that was collected', async () => {
    const body = JSON.stringify({ bug: true });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${service.url}/json`, { method: 'POST', body, headers });
    const requestId = answer.headers.get('x-request-id')!;
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await linesOf(requestId)).map(({ msg }) => msg)).toEqual(['request failed', 'request']);
  });

  it('of a refused request name it', async () => {
    const answer = await get('who');
    expect((await linesOf(answer.headers.get('x-request-id')!)).map(({ code, status }) => code ?? status)).toEqual([
      'token-missing',
      401,
    ]);
  });

  it('do not say which patient was at an address', async () => {
    const patient = '6f0f9c1e-0f0e-4f0a-9a53-0d4f1f6a2b11';
    const answer = await get('who', { authorization: `Bearer ${await token({ patient })}` });
    const own = await linesOf(answer.headers.get('x-request-id')!);
    expect(own).toMatchObject([{ client: 'wallet' }]);
    expect(JSON.stringify(own)).not.toContain(patient);
  });

  it.each(['Ada Lovelace, ward 7', 'short', 'x'.repeat(65)])('take no name like %j from a caller', async (name) => {
    const answer = await get('who', { 'x-request-id': name });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('errors', () => {
  it('leave as problem documents', async () => {
    const response = await get('bad/invalid');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
    expect(await response.json()).toMatchObject({ code: 'empty', field: 'Bundle.entry' });
  });

  it('leave as OperationOutcome on FHIR routes', async () => {
    const response = await get('fhir/bad/invalid');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/fhir+json; charset=utf-8',
    ]);
    expect(await response.json()).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ expression: ['Bundle.entry'] }],
    });
  });

  it('say when to come back', async () => {
    const response = await get('bad/away');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
  });

  it('of a bug tell nothing of its inside', async () => {
    const response = await get('bad/bug');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('Lovelace');
  });
});

describe('bodies', () => {
  it('of unknown content types come as streams, beyond the limit of JSON', async () => {
    const body = new Uint8Array(3 << 20);
    const response = await fetch(`${service.url}/upload`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/dicom' },
    });
    expect(await response.json()).toEqual({ bytes: 3 << 20 });
  });

  it('of JSON are limited', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${service.url}/json`, {
      method: 'POST',
      body: JSON.stringify('x'.repeat(2 << 20)),
      headers,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'body-too-large', field: 'body' });
  });

  it('cut off in the middle end the request and nothing else', async () => {
    await new Promise<void>((resolve) => {
      const upload = request(`${service.url}/upload`, {
        method: 'POST',
        headers: { 'content-type': 'application/dicom', 'content-length': '1000' },
      });
      upload.on('error', () => resolve());
      upload.write(Buffer.alloc(10), () => upload.destroy());
      upload.on('close', resolve);
    });
    expect((await get('healthz')).status).toBe(200);
  });
});

describe('events', () => {
  it('reach the handler through outbox, stream and consumer; a poisoned one becomes a dead letter that is itself an event', async () => {
    const outbox = service.app.get(Outbox, { strict: false });
    const unitOfWork = service.app.get(UnitOfWork, { strict: false });
    const append = (details: Record<string, unknown>) =>
      unitOfWork.run((tx) =>
        outbox.append(tx, 'records.object-stored.v1', {
          correlation: 'r-1',
          details: { by: 'service:records', ...details },
        }),
      );
    const good = await append({ n: 1 });
    const bad = await append({ poison: true });
    const rows = async (): Promise<EventEnvelope[]> =>
      ((await unitOfWork.reader.query(`SELECT envelope FROM outbox ORDER BY seq`)) as { envelope: unknown }[]).map(
        ({ envelope }) => outbox.read(envelope),
      );
    while ((await rows()).length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen.map(({ id }) => id)).toEqual([good.id, bad.id]);
    expect((await rows())[2]).toMatchObject({
      type: 'records.message-dead-lettered.v1',
      seq: 3,
      correlation: 'r-1',
      details: { eventId: bad.id, producer: 'records.north', code: 'poison', deliveries: 1 },
    });
  });
});

describe('a stream that is lost', () => {
  it('is made anew, and the loss is an event, a count and a line', async () => {
    const bus = service.app.get(Bus, { strict: false });
    const unitOfWork = service.app.get(UnitOfWork, { strict: false });
    await (await bus.jsm()).streams.delete(eventStream);
    const told = async (): Promise<unknown[]> =>
      (await unitOfWork.reader.query(
        `SELECT envelope FROM outbox WHERE envelope ->> 'type' = 'records.stream-lost.v1'`,
      )) as unknown[];
    for (const deadline = Date.now() + 15_000; (await told()).length === 0;) {
      if (Date.now() > deadline) throw new Error('nobody told of the loss');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [row] = (await told()) as [{ envelope: unknown }];
    const { details } = service.app.get(Outbox, { strict: false }).read(row.envelope);
    expect(details).toEqual({ stream: 'EVENTS', consumer: 'records' });
    expect(await (await get('metrics')).text()).toMatch(/cpds_bus_losses_total\{what="stream",[^}]*\} 1/);
  });
});

describe('a start', () => {
  it('forgets ids of the inbox that no repeat can have, without being asked', async () => {
    const { reader } = service.app.get(UnitOfWork, { strict: false });
    const [old, young] = ['00000000-0000-4000-8000-000000000015', '00000000-0000-4000-8000-000000000013'];
    await reader.query(
      `INSERT INTO inbox (consumer, envelope_id, at)
       VALUES ('records', $1, now() - interval '15 days'), ('records', $2, now() - interval '13 days')`,
      [old, young],
    );
    const shelf = await runService(
      {
        name: 'shelf',
        config: commonConfig,
        transport: 'none',
        module: (context) => ({
          module: class App {},
          imports: [
            storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
            busModule(context),
            outboxModule(context),
          ],
        }),
      },
      readConfig(commonConfig, { ...environment }),
    );
    const left = async (): Promise<string[]> =>
      (
        (await reader.query('SELECT envelope_id AS id FROM inbox WHERE envelope_id = ANY ($1)', [[old, young]])) as {
          id: string;
        }[]
      ).map(({ id }) => id);
    for (const deadline = Date.now() + 15_000; (await left()).length > 1 && Date.now() < deadline;)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await shelf.close();
    expect(await left()).toEqual([young]);
  });
});

describe('a start of a role node whose database was restored', () => {
  const producer = 'storeman-1';
  const start = async (acceptedSeq: number): Promise<unknown[]> => {
    const errors: unknown[] = [];
    const node = await runService(
      {
        name: 'bridge',
        config: commonConfig,
        transport: 'none',
        module: (context) => ({
          module: class App {},
          imports: [
            storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
            busModule(context),
            OutboxModule.forOperator({
              operator: producer,
              ring: context.ring,
              acceptedSeq,
              onError: (error) => void errors.push(error),
            }),
          ],
        }),
      },
      readConfig(commonConfig, { ...environment }),
    );
    await node.close();
    return errors;
  };

  it('goes on after the log where its operator says where that stands, and nowhere else', async () => {
    const { connection } = service.app.get(Bus, { strict: false });
    const { reader } = service.app.get(UnitOfWork, { strict: false });
    const log = connection.subscribe(leavesRequest, {
      callback: (_, message) => {
        const asked = LeavesQuery.parse(message.json());
        const throughSeq = asked.producer === producer ? 4 : 0; // of the other service here the log says nothing
        const value = { producer: asked.producer, throughSeq, leaves: asked.seqs.map(() => null) };
        message.respond(JSON.stringify({ ok: true, value }));
      },
    });
    await connection.flush();
    const numbered = (): Promise<unknown> =>
      reader.query(`SELECT seq, envelope ->> 'type' AS type FROM outbox WHERE producer = $1`, [producer]);
    const disagrees = expect.objectContaining({ code: 'log-disagrees' });
    expect(await start(3)).toEqual([disagrees, disagrees]); // it was found, and the number is another
    expect(await numbered()).toEqual([]);
    expect(await start(4)).toEqual([]);
    expect(await numbered()).toEqual([{ seq: '5', type: 'bridge.outbox-agreed.v1' }]);
    log.unsubscribe();
  });
});

describe('a stop', () => {
  it('comes to what works in the background while doors, outbox, bus and store are still open', async () => {
    const ended: string[] = [];
    /** Works to the end of its own `beforeApplicationShutdown`, as a loop's last round does. */
    abstract class Work implements BeforeApplicationShutdown {
      constructor(
        private readonly changes: Changes,
        private readonly bus: Bus,
      ) {}

      async beforeApplicationShutdown(): Promise<void> {
        await this.changes.tell({ type: 'drawer.round-ended.v1', correlation: 'r-2', details: {} });
        await this.bus.connection.flush();
        ended.push(`${this.constructor.name} ${(await fetch(`${drawer.url}/healthz`)).status}`);
      }
    }
    @Module({})
    class Noun extends Work {
      constructor(changes: Changes, bus: Bus) {
        super(changes, bus);
      }
    }
    @Module({})
    class GlobalNoun extends Work {
      constructor(changes: Changes, bus: Bus) {
        super(changes, bus);
      }
    }
    const drawer = await runService(
      {
        name: 'drawer',
        config: commonConfig,
        transport: 'none',
        module: (context) => ({
          module: class App {},
          // The nouns first, where Nest's own order would close what they stand on before them.
          imports: [
            { module: GlobalNoun, global: true },
            Noun,
            storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
            busModule(context),
            outboxModule(context),
          ],
        }),
      },
      readConfig(commonConfig, { ...environment }),
    );
    const bus = drawer.app.get(Bus, { strict: false });
    const unitOfWork = drawer.app.get(UnitOfWork, { strict: false });
    await drawer.close();
    expect(ended.sort()).toEqual(['GlobalNoun 200', 'Noun 200']);
    expect(bus.connection.isClosed()).toBe(true);
    await expect(unitOfWork.reader.query('SELECT 1')).rejects.toThrow();
    await expect(fetch(`${drawer.url}/healthz`)).rejects.toThrow();
  });
});

describe('a port for whoever watches', () => {
  it('answers while the service starts and has the figures, which callers do not see any more', async () => {
    let phases: unknown[] = [];
    const port = await freePort();
    const at = `http://127.0.0.1:${port}`;
    const watched = await runService(
      {
        name: 'drawer',
        config: commonConfig,
        transport: 'none',
        module: (context) => ({
          module: class App {},
          imports: [
            storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
            busModule(context),
          ],
          providers: [
            {
              provide: 'a long start',
              useFactory: async () => {
                const [live, ready] = await Promise.all([fetch(`${at}/healthz`), fetch(`${at}/readyz`)]);
                phases = [live.status, ready.status, await ready.json()];
              },
            },
          ],
        }),
      },
      readConfig(commonConfig, { ...environment, METRICS_PORT: String(port) }),
    );
    expect(phases).toEqual([200, 503, { status: 'starting', checks: {}, reasons: {} }]);
    const statuses = async (url: string): Promise<number[]> =>
      Promise.all(['healthz', 'readyz', 'metrics'].map(async (path) => (await fetch(`${url}/${path}`)).status));
    expect([watched.metricsUrl, await statuses(at), await statuses(watched.url)]).toEqual([
      at,
      [200, 200, 200],
      [200, 200, 404],
    ]);
    expect(await (await fetch(`${at}/metrics`)).text()).toContain('process_cpu_seconds_total');
    await watched.close();
    await expect(fetch(`${at}/healthz`)).rejects.toThrow();
  });
});

describe('health', () => {
  const health = async (): Promise<unknown> => (await get('readyz')).json();

  it('is ready while store and bus answer', async () => {
    const checks = { store: 'up', bus: 'up', clock: 'up', outbox: 'up' };
    expect(await health()).toEqual({ status: 'ready', checks, reasons: {} });
  });

  it('tells of an event that the log does not receipt, and stays ready', async () => {
    const { reader } = service.app.get(UnitOfWork, { strict: false });
    await reader.query(
      `UPDATE outbox SET appended_at = now() - interval '301 seconds' WHERE producer = 'records.north'`,
    );
    const told = {
      code: 'outbox-late',
      message: expect.stringMatching(/^an event waits for its receipt since 30\d s$/),
    };
    expect(await health()).toMatchObject({ status: 'ready', checks: { outbox: 'alarm' }, reasons: { outbox: told } });
    const figures = await (await get('metrics')).text();
    expect(figures).toMatch(/cpds_check_up\{check="outbox",[^}]*\} 0/);
    expect(figures).toMatch(/cpds_check_up\{check="store",[^}]*\} 1/);
    await reader.query('UPDATE outbox_relay SET receipted_seq = 1000000');
    expect(await health()).toMatchObject({ checks: { outbox: 'up' } });
  });

  it('is not ready with a clock that differs from the database', async () => {
    const unitOfWork = service.app.get(UnitOfWork, { strict: false });
    const off = (ms: number) => readinessOf([clockProbe(unitOfWork, 5_000, () => Date.now() + ms)]);
    expect(await off(0)).toMatchObject({ isReady: true });
    for (const ms of [-8_000, 8_000])
      expect(await off(ms)).toMatchObject({ isReady: false, reasons: { clock: { code: 'clock-off' } } });
  });

  it('tells of a server of the bus that does not sync, or is not there', async () => {
    const synced = await readinessOf([syncProbe(nats.monitorUrl, 0)]);
    expect(synced).toEqual({ isReady: true, checks: { 'bus-sync-1': 'up' }, reasons: {} });
    // What the server says of itself without `sync_interval: always`.
    const lax = createServer((_, response) => void response.end(JSON.stringify({ config: { sync_interval: 12e10 } })));
    await new Promise<void>((resolve) => lax.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(lax.address() as AddressInfo).port}`;
    const unsynced = { code: 'bus-unsynced' };
    expect(await readinessOf([syncProbe(url, 0)])).toMatchObject({
      isReady: true,
      reasons: { 'bus-sync-1': unsynced },
    });
    lax.closeAllConnections();
    await new Promise((resolve) => lax.close(resolve));
    const away = { code: 'bus-unreachable' };
    expect(await readinessOf([syncProbe(url, 0)])).toMatchObject({ isReady: true, reasons: { 'bus-sync-1': away } });
  });

  it('tells of a chain that stands still, is away, or is ahead of the clock', async () => {
    const block = `0x${'11'.repeat(32)}`;
    const node = createServer((asked, response) => {
      let text = '';
      asked.on('data', (bytes: Buffer) => (text += bytes.toString()));
      asked.on('end', () => {
        const answerOf = ({ id, method }: { id: number; method: string }): unknown => ({
          jsonrpc: '2.0',
          id,
          result:
            method === 'eth_chainId'
              ? '0x1'
              : { number: '0x0', hash: block, parentHash: block, timestamp: '0x3e8', transactions: [] },
        });
        const calls = JSON.parse(text) as { id: number; method: string }[] | { id: number; method: string };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(Array.isArray(calls) ? calls.map(answerOf) : answerOf(calls)));
      });
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    const config = {
      MAX_CLOCK_OFFSET_MS: 5_000,
      MAX_OUTBOX_AGE_MS: 1,
      MAX_HEAD_AGE_MS: 60_000,
      NATS_MONITOR_URL: [],
      CHAINS: { north: [`http://127.0.0.1:${(node.address() as AddressInfo).port}`], south: ['http://127.0.0.1:1'] },
    };
    const at = (seconds: number) => readinessOf(headProbes(config, () => seconds * 1_000));
    expect(await at(1_010)).toMatchObject({ isReady: true, checks: { 'head-north': 'up', 'head-south': 'alarm' } });
    expect(await at(1_061)).toMatchObject({ isReady: true, reasons: { 'head-north': { code: 'chain-stale' } } });
    expect(await at(994)).toMatchObject({ isReady: true, reasons: { 'head-north': { code: 'clock-off' } } });
    node.closeAllConnections();
    await new Promise((resolve) => node.close(resolve));
  });
});
