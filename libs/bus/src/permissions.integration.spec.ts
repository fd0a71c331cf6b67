import 'reflect-metadata';
import { Controller, type INestMicroservice, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { AppError } from '@cpds/errors';
import { testNats } from '@cpds/local';
import {
  announcements,
  DatagramKind,
  events,
  hospitalServices,
  type HospitalService,
  messageDeadLettered,
  receiptSubject,
  requests,
} from '@cpds/messages';
import { createUser, type KeyPair } from '@nats-io/nkeys';
import { PermissionViolationError } from '@nats-io/transport-node';
import { z } from 'zod';
import { type Bus, connectBus } from './bus.js';
import { EventConsumer } from './event-consumer.js';
import {
  ensureEventStream,
  eventStream,
  hospitalEventSubjects,
  hubEventSubjects,
  widenEventStream,
} from './event-stream.js';
import { JetStreamStrategy } from './jetstream-strategy.js';
import { BusRequests } from './requests.js';
import { hospitalServerConfig, hospitalUsers, hubServerConfig, hubUsers, type ServerUser } from './server-config.js';

/**
 * A real server with the permissions of this version: every user tries every subject that any party uses, and JetStream's
 * administration besides. What it may is read off the server and compared with the lines of the table.
 */

const parties = ['north', 'south', 'hub', 'storeman-1', 'storeman-2', 'voucher-1'];
const readers = ['identity', 'records', 'bridge', 'audit', 'other'];

const eventTypes = [...Object.values(events), ...hospitalServices.map(messageDeadLettered)];
const datagrams = parties.flatMap((party) => DatagramKind.options.map((kind) => `consortium.${party}.${kind}.v1`));
const told = parties.flatMap((party) => [`consortium.${party}.receipted.v1`, `consortium.${party}.anchored.v1`]);
const operatorEvents = parties.map((party) => `audit.events.${party}`);
const streamCalls = ['EVENTS', 'OTHER'].flatMap((stream) =>
  [
    'CREATE',
    'UPDATE',
    'DELETE',
    'PURGE',
    'INFO',
    'SNAPSHOT',
    'RESTORE',
    'MSG.GET',
    'MSG.DELETE',
    'LEADER.STEPDOWN',
  ].map((call) => `$JS.API.STREAM.${call}.${stream}`),
);
const consumerCalls = readers.flatMap((reader) => [
  ...['CREATE', 'DURABLE.CREATE', 'DELETE', 'INFO', 'MSG.NEXT', 'PAUSE', 'RESET'].map(
    (call) => `$JS.API.CONSUMER.${call}.EVENTS.${reader}`,
  ),
  `$JS.API.CONSUMER.CREATE.EVENTS.${reader}.${events.transferClosed}`,
  `$JS.API.CONSUMER.CREATE.EVENTS.${reader}.${events.objectRead}`,
  `$JS.ACK.EVENTS.${reader}.1.1.1.1.0`,
]);
const otherCalls = [
  '$JS.API.INFO',
  '$JS.API.STREAM.LIST',
  '$JS.API.STREAM.NAMES',
  '$JS.API.CONSUMER.LIST.EVENTS',
  '$JS.API.CONSUMER.CREATE.EVENTS.audit.audit.events.*',
  '$JS.API.CONSUMER.CREATE.EVENTS',
  '$JS.API.DIRECT.GET.EVENTS',
  '$JS.test.API.STREAM.DELETE.EVENTS',
  '$SYS.REQ.SERVER.PING',
  'anything.else',
];
const inboxes = ['identity', 'records', 'bridge', 'audit', 'storeman-1', 'storeman-2', 'administrator', 'stranger'].map(
  (user) => `_INBOX.${user}.x`,
);
const subjects = [
  ...eventTypes,
  ...Object.keys(requests),
  ...Object.keys(announcements),
  ...datagrams,
  ...told,
  ...operatorEvents,
  ...streamCalls,
  ...consumerCalls,
  ...otherCalls,
  ...inboxes,
];
/** A subscription may be wider than what anybody sends on. */
const wide = [
  '>',
  '*.>',
  '*.*.v1',
  '_INBOX.>',
  '_INBOX.*.x',
  '$JS.>',
  '$SYS.>',
  'consortium.>',
  'consortium.*.grant.v1',
];
const wideOfServices = hospitalServices.flatMap((service) => [
  `${service}.>`,
  `${service}.*.v1`,
  `outbox.${service}.>`,
]);

interface May {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** The lines of the table that name a service of north, and the calls of JetStream that its process makes. */
function expectedOf(service: HospitalService, calls: readonly string[]): May {
  const isBridge = service === 'bridge';
  const keysOf = <Line>(table: Readonly<Record<string, Line>>, holds: (line: Line) => boolean): string[] =>
    Object.entries(table).flatMap(([subject, line]) => (holds(line) ? [subject] : []));
  return {
    publish: [
      ...Object.values(events).filter((type) => type.startsWith(`${service}.`) && service !== 'audit'),
      ...(service === 'records' ? ['records.message-dead-lettered.v1'] : []),
      ...keysOf(requests, ({ asks }) => asks.includes(service)),
      ...keysOf(announcements, ({ says }) => says === service),
      ...(isBridge ? datagrams : []),
      ...calls,
    ],
    subscribe: [
      ...keysOf(requests, ({ answers }) => answers === service),
      ...keysOf(announcements, ({ hears }) => hears.includes(service)),
      ...(isBridge ? datagrams.filter((subject) => subject.startsWith('consortium.north.')) : []),
      `_INBOX.${service}.x`,
    ],
  };
}

const makesStream = ['$JS.API.STREAM.CREATE.EVENTS', '$JS.API.STREAM.INFO.EVENTS'];
const ownConsumer = (reader: string): string[] => [
  `$JS.API.CONSUMER.INFO.EVENTS.${reader}`,
  `$JS.API.CONSUMER.MSG.NEXT.EVENTS.${reader}`,
  `$JS.ACK.EVENTS.${reader}.1.1.1.1.0`,
];
const keepsStream = [
  ...makesStream,
  '$JS.API.STREAM.UPDATE.EVENTS',
  '$JS.API.CONSUMER.DELETE.EVENTS.audit',
  ...ownConsumer('audit'),
];
const repairs: May = {
  publish: subjects.filter((subject) => subject.startsWith('$JS.API.')),
  subscribe: ['_INBOX.administrator.x'],
};
const operator = (party: string): May => ({
  publish: [...datagrams, `audit.events.${party}`, 'audit.receipt', 'audit.leaves'],
  subscribe: [...datagrams, ...told]
    .filter((subject) => subject.startsWith(`consortium.${party}.`))
    .concat(inboxes.filter((inbox) => inbox === `_INBOX.${party}.x`)),
});

const expectedInHospital: Record<string, May> = {
  identity: expectedOf('identity', makesStream),
  records: expectedOf('records', [
    ...makesStream,
    `$JS.API.CONSUMER.CREATE.EVENTS.records.${events.transferClosed}`,
    ...ownConsumer('records'),
  ]),
  bridge: expectedOf('bridge', [...makesStream, '$JS.API.CONSUMER.INFO.EVENTS.records']),
  audit: expectedOf('audit', [...keepsStream, '$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.audit']),
  administrator: repairs,
};
const expectedOnHub: Record<string, May> = {
  audit: {
    publish: [...told, ...keepsStream, '$JS.API.CONSUMER.CREATE.EVENTS.audit.audit.events.*'],
    subscribe: [...Object.keys(requests).filter((name) => requests[name]?.answers === 'audit'), '_INBOX.audit.x'],
  },
  'storeman-1': operator('storeman-1'),
  'storeman-2': operator('storeman-2'),
  'voucher-1': operator('voucher-1'),
  'leaf.north': {
    publish: datagrams,
    subscribe: datagrams.filter((subject) => subject.startsWith('consortium.north.')),
  },
  'leaf.south': {
    publish: datagrams,
    subscribe: datagrams.filter((subject) => subject.startsWith('consortium.south.')),
  },
  administrator: repairs,
};

/** A server with these users, and a way to be one of them. */
async function serverWith(users: readonly ServerUser[], config: (keyOf: (user: string) => string) => string) {
  const keys = new Map<string, KeyPair>(users.map(({ name }) => [name, createUser()]));
  const keyOf = (user: string): string => JSON.stringify(keys.get(user)?.getPublicKey());
  const { url, close } = await testNats({ extra: config(keyOf) });
  const buses: Bus[] = [];
  const as = async (user: string, onHandlerError?: (subject: string, error: unknown) => void): Promise<Bus> => {
    const nkeySeed = new TextDecoder().decode(keys.get(user)?.getSeed());
    const bus = await connectBus({ url, name: user, nkeySeed, inboxPrefix: `_INBOX.${user}`, onHandlerError });
    buses.push(bus);
    return bus;
  };
  return {
    url,
    as,
    close: async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      await close();
    },
  };
}

// A hub that is not there: this server is alone.
const leaf = {
  url: '"nats-leaf://127.0.0.1:9"',
  seed: JSON.stringify(new TextDecoder().decode(createUser().getSeed())),
};
const hubOfTest = hubUsers(['storeman-1', 'storeman-2', 'voucher-1'], ['north', 'south']);
const hubWith = (users: readonly ServerUser[]) =>
  serverWith(users, (keyOf) => hubServerConfig(users, keyOf, { listen: '"127.0.0.1:-1"' }));
const hospitalWith = (users: readonly ServerUser[]) =>
  serverWith(users, (keyOf) => hospitalServerConfig(users, keyOf, leaf));

/** What the server lets a user do of all that anybody does: it says what it forbids. */
async function mayOf(bus: Bus): Promise<May> {
  const forbidden = { publish: new Set<string>(), subscription: new Set<string>() };
  const listen = async (): Promise<void> => {
    for await (const status of bus.connection.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        forbidden[status.error.operation === 'publish' ? 'publish' : 'subscription'].add(status.error.subject);
  };
  const listening = listen();
  for (const subject of subjects) bus.connection.publish(subject, '{}');
  const heard = [...subjects, ...wide, ...wideOfServices];
  const open = heard.map((subject) => bus.connection.subscribe(subject, { callback: () => undefined }));
  await bus.connection.flush();
  for (const subscription of open) subscription.unsubscribe();
  await bus.close();
  await listening;
  return {
    publish: subjects.filter((subject) => !forbidden.publish.has(subject)),
    subscribe: heard.filter((subject) => !forbidden.subscription.has(subject)),
  };
}

/** In which ways a user may more or less than it should, in words. */
function differences(user: string, is: May, should: May): string[] {
  return (['publish', 'subscribe'] as const).flatMap((way) => [
    ...is[way].filter((subject) => !should[way].includes(subject)).map((subject) => `${user} may ${way} ${subject}`),
    ...should[way]
      .filter((subject) => !is[way].includes(subject))
      .map((subject) => `${user} may not ${way} ${subject}`),
  ]);
}

async function allDifferences(as: (user: string) => Promise<Bus>, expected: Record<string, May>): Promise<string[]> {
  const found: string[] = [];
  for (const [user, should] of Object.entries(expected))
    found.push(...differences(user, await mayOf(await as(user)), should));
  return found;
}

describe('the permissions of a server', () => {
  it('let every service of a hospital do what the table says of it, and nothing else', async () => {
    const users = hospitalUsers('north');
    expect(users.map(({ name }) => name).sort()).toEqual(Object.keys(expectedInHospital).sort());
    const server = await hospitalWith(users);
    try {
      expect(await allDifferences(server.as, expectedInHospital)).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it('let every user of the hub do what the table says of it, and nothing else', async () => {
    expect(hubOfTest.map(({ name }) => name).sort()).toEqual(Object.keys(expectedOnHub).sort());
    const server = await hubWith(hubOfTest);
    try {
      expect(await allDifferences(server.as, expectedOnHub)).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it('would be noticed if one were wider', async () => {
    const wider = hospitalUsers('north').map((user) =>
      user.name === 'identity'
        ? {
            ...user,
            publish: [...user.publish, events.objectRead, '$JS.API.STREAM.DELETE.*'],
            subscribe: [...user.subscribe, 'bridge.authorize-fetch', '_INBOX.*.x'],
          }
        : user,
    );
    const server = await hospitalWith(wider);
    try {
      const found = await allDifferences(server.as, { identity: expectedInHospital['identity'] as May });
      expect(found).toEqual([
        `identity may publish ${events.objectRead}`,
        'identity may publish $JS.API.STREAM.DELETE.EVENTS',
        'identity may publish $JS.API.STREAM.DELETE.OTHER',
        'identity may subscribe bridge.authorize-fetch',
        ...inboxes.filter((inbox) => inbox !== '_INBOX.identity.x').map((inbox) => `identity may subscribe ${inbox}`),
        'identity may subscribe _INBOX.*.x',
      ]);
    } finally {
      await server.close();
    }
  });
});

@Controller()
class AuditDoors {
  @MessagePattern('audit.receipt')
  receipt(): { answered: boolean } {
    return { answered: true };
  }
}
@Module({ controllers: [AuditDoors] })
class Audit {}

const takenByRecords: string[] = [];
@Controller()
class RecordsDoors {
  @EventPattern(events.transferClosed)
  closed({ correlation }: { correlation: string }): void {
    takenByRecords.push(correlation);
  }
}
@Module({ controllers: [RecordsDoors] })
class Records {}

describe('under its permissions', () => {
  let server: Awaited<ReturnType<typeof serverWith>>;
  const services: INestMicroservice[] = [];
  const Answer = z.object({ answered: z.boolean() });

  const start = async (service: HospitalService, module: Type, streamSubjects?: string[]): Promise<Bus> => {
    const bus = await server.as(service);
    const strategy = new JetStreamStrategy({ bus, service, streamSubjects });
    const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
    await app.listen();
    services.push(app);
    return bus;
  };
  beforeAll(async () => {
    server = await hospitalWith(hospitalUsers('north'));
    await start('audit', Audit);
    await start('records', Records, hospitalEventSubjects);
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.close()));
    await server.close();
  });

  it('a request is answered to the inbox of whoever may ask it', async () => {
    const requestsOf = async (user: string) => new BusRequests(await server.as(user));
    const ask = async (user: string) =>
      (await requestsOf(user)).ask('audit.receipt', z.object({}), Answer, {}).catch((error: AppError) => error.code);
    expect(await Promise.all(['identity', 'records', 'bridge'].map(ask))).toEqual([
      { answered: true },
      { answered: true },
      { answered: true },
    ]);
    const foreign = (await requestsOf('identity')).ask('identity.open', z.object({}), Answer, {});
    await expect(foreign).rejects.toMatchObject({ code: 'bus-forbidden', kind: 'unavailable' });
  });

  it('an answerer speaks to inboxes only, though the asker names another subject that is its own', async () => {
    const [identity, records] = [await server.as('identity'), await server.as('records')];
    const heard: string[] = [];
    records.connection.subscribe(receiptSubject, { callback: (_, message) => void heard.push(message.subject) });
    await records.connection.flush();
    identity.connection.publish('audit.receipt', '{}', { reply: receiptSubject });
    // Answered after the first by the same process, so the first was heard before.
    await new BusRequests(identity).ask('audit.receipt', z.object({}), Answer, {});
    await records.connection.flush();
    expect(heard).toEqual([]);
  });

  it('a request may be answered once', async () => {
    const forbidden: string[] = [];
    const [identity, bridge] = [
      await server.as('identity', (subject) => forbidden.push(subject)),
      await server.as('bridge'),
    ];
    identity.connection.subscribe('identity.match', {
      callback: (_, message) => void (message.respond('one'), message.respond('two')),
    });
    await identity.connection.flush();
    const answer = await bridge.connection.request('identity.match', '{}');
    await identity.close();
    expect(answer.string()).toBe('one');
    expect(forbidden).toHaveLength(1);
    expect(forbidden[0]).toMatch(/^_INBOX\.bridge\./);
  });

  it('a service takes its event by a consumer of its own, which whoever tells the event may look up', async () => {
    const bridge = await server.as('bridge');
    const event = {
      id: crypto.randomUUID(),
      type: events.transferClosed,
      producer: 'bridge.north',
      seq: 1,
      details: {},
    };
    const envelope = { ...event, at: new Date().toISOString(), correlation: 'g-1', salt: `0x${'11'.repeat(32)}` };
    const { seq } = await bridge.js.publish(events.transferClosed, JSON.stringify(envelope));
    const jsm = await bridge.jsm();
    for (;;) {
      const { ack_floor } = await jsm.consumers.info(eventStream, 'records');
      if (ack_floor.stream_seq >= seq) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(takenByRecords).toEqual(['g-1']);
  });

  it('no service reads another event, by its own consumer or by a new one', async () => {
    const records = await server.as('records');
    const jsm = await records.jsm();
    const wanted = { durable_name: 'records', filter_subject: events.tokenIssued };
    await expect(jsm.consumers.add(eventStream, wanted)).rejects.toThrow(/Permissions Violation/);
    await expect(jsm.consumers.add(eventStream, { ...wanted, durable_name: 'other' })).rejects.toThrow(/Violation/);
    // The right is to a call that names the event; the server compares the two.
    for (const filter of [{ filter_subject: '>' }, { filter_subjects: [events.tokenIssued] }, {}]) {
      const config = { durable_name: 'records', name: 'records', ack_policy: 'explicit', ...filter };
      const answer = await records.connection.request(
        `$JS.API.CONSUMER.CREATE.EVENTS.records.${events.transferClosed}`,
        JSON.stringify({ stream_name: eventStream, config, action: 'update' }),
      );
      expect(answer.json()).toMatchObject({ error: { code: 400 } });
    }
    const { config } = await jsm.consumers.info(eventStream, 'records');
    expect(config.filter_subject).toBe(events.transferClosed);
  });

  it('whoever may not make the stream hears that the bus forbids it', async () => {
    const hub = await hubWith(hubOfTest);
    try {
      const jsm = await (await hub.as('voucher-1')).jsm();
      await expect(ensureEventStream(jsm, hubEventSubjects)).rejects.toMatchObject({ code: 'bus-forbidden' });
    } finally {
      await hub.close();
    }
  });

  it('only whoever repairs the stream can delete it', async () => {
    for (const service of hospitalServices) {
      const jsm = await (await server.as(service)).jsm();
      await expect(jsm.streams.delete(eventStream)).rejects.toThrow(/Permissions Violation/);
      await expect(jsm.streams.purge(eventStream)).rejects.toThrow(/Permissions Violation/);
    }
    const jsm = await (await server.as('administrator')).jsm();
    await expect(jsm.streams.purge(eventStream)).resolves.toMatchObject({ success: true });
    await expect(ensureEventStream(jsm, hospitalEventSubjects)).resolves.toBeUndefined();
  });

  it.each([
    ['a hospital', 'identity', 'identity.token-issued.v1', hospitalEventSubjects],
    ['the hub', 'storeman-1', 'audit.events.storeman-1', hubEventSubjects],
  ] as const)(
    'audit of %s keeps the stream: makes and widens it, reads it all, and reads it again',
    async (...given) => {
      const [, teller, subject, subjects] = given;
      const own = await (teller === 'identity' ? hospitalWith(hospitalUsers('north')) : hubWith(hubOfTest));
      try {
        const bus = await own.as('audit');
        await ensureEventStream(await bus.jsm(), subjects.slice(0, 1));
        await widenEventStream(await bus.jsm(), [...subjects, 'more.*']);
        const consumer = new EventConsumer({
          bus,
          durable: 'audit',
          filters: subjects.filter((one) => one === 'audit.events.*' || !one.startsWith('audit.')),
          streamSubjects: [...subjects],
          ackWaitMs: 2_000,
          maxUnsettled: 16,
          prefetch: 8,
          onLoss: () => Promise.reject(new Error('nothing was lost')),
        });
        const { seq } = await (await own.as(teller)).js.publish(subject, '{}');
        for (const round of ['first', 'again']) {
          const messages = await consumer.open();
          for await (const message of messages) {
            expect({ round, seq: message.seq }).toEqual({ round, seq });
            await message.ackAck();
            break;
          }
          await consumer.forget();
        }
      } finally {
        await own.close();
      }
    },
  );

  it('a publish that is forbidden is told to whoever runs the service', async () => {
    const told: unknown[] = [];
    const identity = await server.as('identity', (subject, error) => told.push([subject, (error as AppError).code]));
    identity.publish(receiptSubject, { producer: 'records.north', throughSeq: 2 ** 53 - 1, treeSize: 1 });
    await identity.close();
    expect(told).toEqual([[receiptSubject, 'bus-forbidden']]);
  });

  it('nobody is let in without the key of a user', async () => {
    const stranger = { url: server.url, name: 'stranger' };
    await expect(connectBus(stranger)).rejects.toMatchObject({ code: 'bus-unreachable' });
    const nkeySeed = new TextDecoder().decode(createUser().getSeed());
    await expect(connectBus({ ...stranger, nkeySeed })).rejects.toMatchObject({ code: 'bus-unreachable' });
  });
});
