import { headers } from '@nats-io/transport-node';
import { Controller, Get, Headers, type Type } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Bus, BusRequests, connectBus, eventStream } from '@cpds/bus';
import { denied } from '@cpds/errors';
import { testPostgres } from '@cpds/local';
import { EventEnvelope, eventLeaf } from '@cpds/messages';
import { Changes, outboxMigrations } from '@cpds/outbox';
import {
  busModule,
  commonConfig,
  createLog,
  Open,
  outboxModule,
  readConfig,
  runService,
  type RunningService,
  storeModule,
} from '@cpds/service';
import { z } from 'zod';
import { type LoneAudit, startLoneAudit, until } from './lone-audit.js';

const Nothing = z.object({});

/** Asks identity, and tells that it did. */
@Controller()
class Front {
  constructor(
    private readonly requests: BusRequests,
    private readonly changes: Changes,
  ) {}

  @Get('look')
  @Open('facts')
  async look(@Headers('correlation') correlation: string): Promise<object> {
    await this.requests.ask('identity.match', Nothing, Nothing, {}).catch(() => undefined);
    await this.changes.tell({ type: 'records.object-lost.v1', correlation, details: {} });
    return {};
  }
}

@Controller()
class Answerer {
  constructor(private readonly changes: Changes) {}

  @MessagePattern('identity.match')
  async match(): Promise<object> {
    await this.changes.tell({ type: 'identity.key-used.v1', correlation: 'g-1', details: {} });
    throw denied('custody-refused', 'nobody is known here');
  }
}

type Line = Record<string, unknown>;

describe('the name of a request', () => {
  const lines: Line[] = [];
  const services: RunningService[] = [];
  const databases: Awaited<ReturnType<typeof testPostgres>>[] = [];
  let audit: LoneAudit;
  let bus: Bus;

  const start = async (name: string, controller: Type<unknown>): Promise<RunningService> => {
    const postgres = await testPostgres();
    databases.push(postgres);
    const service = await runService(
      {
        name,
        config: commonConfig,
        transport: 'requests',
        module: (context) => ({
          module: class App {},
          imports: [
            storeModule(context, { entities: [], migrations: outboxMigrations, retention: [] }),
            busModule(context),
            outboxModule(context),
          ],
          controllers: [controller],
        }),
      },
      readConfig(commonConfig, {
        PARTY: 'north',
        PORT: '0',
        KEY_FILE: audit.keyFile,
        DATABASE_URL: postgres.url,
        NATS_URL: audit.natsUrl,
      }),
      createLog(name, 'north', 'debug', { write: (line) => lines.push(JSON.parse(line) as Line) }),
    );
    services.push(service);
    return service;
  };

  beforeAll(async () => {
    audit = await startLoneAudit();
    await start('records', Front);
    await start('identity', Answerer);
    bus = await connectBus({ url: audit.natsUrl, name: 'test' });
  }, 60_000);

  afterAll(async () => {
    await bus.close();
    await Promise.all(services.map((service) => service.close()));
    await audit.close();
    await Promise.all(databases.map((database) => database.close()));
  });

  const look = (named: string): Promise<Response> =>
    fetch(`${services[0]!.url}/look`, { headers: { 'x-request-id': named, correlation: named } });
  const all = (): Line[] => [...lines, ...audit.lines];

  it('goes along over the bus, the outbox and the stream into the lines of all who work on it', async () => {
    const named = ['ward-7.call-1', 'ward-7.call-2', 'ward-7.call-3'];
    await Promise.all(named.map(look));
    const taken = (): Line[] => audit.lines.filter(({ msg }) => msg === 'event taken');
    await until('the events', () => taken().length >= 2 * named.length);
    for (const requestId of named) {
      const own = all().filter((line) => line['requestId'] === requestId);
      expect(own.map(({ service, msg, producer }) => [service, msg, producer]).sort()).toEqual([
        ['audit', 'event taken', 'identity.north'],
        ['audit', 'event taken', 'records.north'],
        ['identity', 'request done', undefined],
        ['records', 'request', undefined],
      ]);
    }
  });

  it('changes no event and no leaf', async () => {
    const named = 'ward-7.call-9';
    await look(named);
    const isTaken = ({ msg, requestId, producer }: Line): boolean =>
      msg === 'event taken' && requestId === named && producer === 'records.north';
    await until('the event', () => audit.lines.some(isTaken));
    const jsm = await bus.jsm();
    const message = await jsm.streams.getMessage(eventStream, { last_by_subj: 'records.object-lost.v1' });
    expect(message?.header.get('x-request-id')).toBe(named);
    const event = EventEnvelope.parse(message?.json());
    expect(Object.keys(JSON.parse(eventLeaf(event)) as object).sort()).toEqual([
      'commitment',
      'correlation',
      'producer',
      'seq',
      'type',
    ]);
  });

  it('is replaced by everybody who is told one that could break a line or name a person', async () => {
    const carried = headers();
    carried.set('x-request-id', 'Ada Lovelace, ward 7');
    const before = lines.length;
    await bus.connection.request('identity.match', '{}', { headers: carried });
    const done = lines.slice(before).filter(({ msg }) => msg === 'request done');
    expect(done).toEqual([expect.objectContaining({ requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) })]);
  });
});
