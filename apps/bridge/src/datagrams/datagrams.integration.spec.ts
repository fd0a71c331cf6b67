import { connectBus, requestNow, withinRequest, type Bus } from '@cpds/bus';
import { testNats, testPostgres } from '@cpds/local';
import type { Datagram } from '@cpds/messages';
import { KeyRing } from '@cpds/crypto/custody';
import { Changes, Outbox } from '@cpds/outbox';
import { openStore, UnitOfWork } from '@cpds/store';
import { Wallet } from 'ethers';
import type { DataSource } from 'typeorm';
import { Consortium, type ConsortiumView } from '../chains/consortium-view.js';
import { AnsweredDatagramRow, OutgoingDatagramRow } from './datagram.row.js';
import { DatagramsService } from './datagrams.service.js';
import { MessageKey } from './datagram.js';
import { DatagramRequests1764900000002, Datagrams1763900000001 } from './migrations.js';

const secretOf = { north: new Uint8Array(32).fill(1), south: new Uint8Array(32).fill(2) };
type Party = keyof typeof secretOf;

const operator = (party: Party) => ({
  party,
  account: `0x${'0'.repeat(40)}` as const,
  hpkeKey: '0x' as const,
  messageKey: new Wallet(`0x${Buffer.from(secretOf[party]).toString('hex')}`).address.toLowerCase() as `0x${string}`,
});

const twoParties: ConsortiumView = {
  hub: { chainUid: '0x', w: 1, blockSeconds: 1, maxHeadAge: 1 },
  hospitals: [],
  storemen: [operator('north'), operator('south')],
  vouchers: [],
  vouchesNeeded: 1,
  groups: [],
};

const silence = async (): Promise<null> => null;
const ignored = async (): Promise<void> => undefined;

interface Node {
  service: DatagramsService;
  unitOfWork: UnitOfWork;
  bus: Bus;
  stop(): Promise<void>;
}

describe('datagrams over a real bus and database', () => {
  let nats: Awaited<ReturnType<typeof testNats>>;
  const databases: Record<Party, Awaited<ReturnType<typeof testPostgres>>> = {} as never;
  const running: Node[] = [];

  const start = async (party: Party): Promise<Node> => {
    const source: DataSource = await openStore({
      url: databases[party].url,
      entities: [OutgoingDatagramRow, AnsweredDatagramRow],
      migrations: [Datagrams1763900000001, DatagramRequests1764900000002],
    });
    const bus = await connectBus({ url: nats.url, name: party });
    const unitOfWork = new UnitOfWork(source);
    const service = new DatagramsService(
      unitOfWork,
      new Changes(unitOfWork, new Outbox(party, new KeyRing(new Uint8Array(32)))),
      bus,
      new Consortium(party, twoParties),
      new MessageKey(secretOf[party]),
      { onError: () => undefined },
    );
    const node: Node = {
      service,
      unitOfWork,
      bus,
      stop: async () => {
        await service.beforeApplicationShutdown();
        await bus.close();
        await source.destroy();
      },
    };
    running.push(node);
    return node;
  };

  beforeAll(async () => {
    nats = await testNats();
    databases.north = await testPostgres();
    databases.south = await testPostgres();
  });

  afterEach(async () => {
    for (const node of running.splice(0)) await node.stop();
  });

  afterAll(async () => {
    await nats.close();
    for (const database of Object.values(databases)) await database.close();
  });

  const outgoing = (grantId: string) => ({
    to: 'south',
    kind: 'revoke' as const,
    grantId,
    body: { n: 1 },
    deadline: Math.floor(Date.now() / 1000) + 60,
  });

  it('arrives after the recipient was away, and is answered once in effect', async () => {
    const north = await start('north');
    const answered: unknown[] = [];
    const got = new Promise<void>((resolve) =>
      north.service.start({
        revoke: {
          take: silence,
          answered: async (_sent, answer) => {
            answered.push(answer.body);
            resolve();
          },
        },
      }),
    );
    await north.unitOfWork.run((tx) => north.service.send(tx, outgoing('away')));
    await north.unitOfWork.run((tx) => north.service.send(tx, outgoing('away')));
    const south = await start('south');
    let handled = 0;
    south.service.start({ revoke: { take: async () => ({ handled: ++handled }), answered: ignored } });
    await got;
    expect(answered).toEqual([{ handled: 1 }]);
    const rows = await north.unitOfWork.reader.find(OutgoingDatagramRow);
    expect(rows).toHaveLength(1);
  });

  it('names the request that it was stored for, at both ends and in every repeat', async () => {
    const north = await start('north');
    const south = await start('south');
    const seen: unknown[] = [];
    const got = new Promise<void>((resolve) =>
      north.service.start({
        revoke: { take: silence, answered: async () => (seen.push(['north', requestNow().requestId]), resolve()) },
      }),
    );
    await withinRequest('ward-7.call-1', () => north.unitOfWork.run((tx) => north.service.send(tx, outgoing('named'))));
    let isFirst = true;
    south.service.start({
      revoke: {
        take: async () => {
          seen.push(['south', requestNow().requestId]);
          if (isFirst) return ((isFirst = false), null);
          return {};
        },
        answered: ignored,
      },
    });
    await got;
    expect(seen).toEqual([
      ['south', 'ward-7.call-1'],
      ['south', 'ward-7.call-1'],
      ['north', 'ward-7.call-1'],
    ]);
  });

  it('repeats the stored answer for the same datagram after a restart of the recipient', async () => {
    const north = await start('north');
    let south = await start('south');
    south.service.start({ revoke: { take: async () => ({ run: 'first' }), answered: ignored } });
    const answers: unknown[] = [];
    let settle: () => void = () => undefined;
    const twice = new Promise<void>((resolve) => (settle = resolve));
    const answered = async (_sent: unknown, answer: Datagram): Promise<void> => {
      answers.push(answer.body);
      // the first answer is lost before its row is stored, as by a kill: the datagram stays open and is sent again
      if (answers.length === 1) {
        await south.stop();
        running.splice(running.indexOf(south), 1);
        south = await start('south');
        south.service.start({ revoke: { take: async () => ({ run: 'second' }), answered: ignored } });
        throw new Error('killed before the row said answered');
      }
      settle();
    };
    north.service.start({ revoke: { take: silence, answered } });
    await north.unitOfWork.run((tx) => north.service.send(tx, outgoing('repeat')));
    await twice;
    expect(answers).toEqual([{ run: 'first' }, { run: 'first' }]);
  });

  it('asks once, and names a refusal and a silence', async () => {
    const north = await start('north');
    const south = await start('south');
    north.service.start({});
    south.service.start({
      sign: { take: async ({ body }) => ({ echo: body['n'] }) },
      release: {
        take: async () => {
          throw Object.assign(new Error('grant.tag is wrong'), {
            code: 'grant-refused',
            kind: 'invalid',
            field: 'grant.tag',
          });
        },
      },
    });
    await south.bus.isUp();
    const ask = (kind: 'sign' | 'release' | 'grant') =>
      north.service.ask({ to: 'south', kind, grantId: 'g', body: { n: 5 } }, 1_500);
    expect((await ask('sign')).body).toEqual({ echo: 5 });
    await expect(ask('release')).rejects.toMatchObject({ code: 'grant-refused', field: 'grant.tag' });
    await expect(ask('grant')).rejects.toMatchObject({ code: 'no-answer', kind: 'unavailable' });
  });
});
