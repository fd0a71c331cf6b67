import type { Bus } from '@cpds/bus';
import { datagramSubject } from '@cpds/messages';
import { KeyRing } from '@cpds/crypto/custody';
import { Changes, Outbox } from '@cpds/outbox';
import type { UnitOfWork } from '@cpds/store';
import { Wallet } from 'ethers';
import { Consortium, type ConsortiumView } from '../chains/consortium-view.js';
import { MessageKey, signDatagram } from './datagram.js';
import { DatagramsService } from './datagrams.service.js';

const secret = new Uint8Array(32).fill(7);
const key = new MessageKey(secret);
const party = (name: string) => ({
  party: name,
  account: `0x${'0'.repeat(40)}` as const,
  hpkeKey: '0x' as const,
  messageKey: new Wallet(`0x${Buffer.from(secret).toString('hex')}`).address.toLowerCase() as `0x${string}`,
});
const view: ConsortiumView = {
  hub: { chainUid: '0x', w: 1, blockSeconds: 1, maxHeadAge: 1 },
  hospitals: [],
  storemen: ['north', 'south', 'west'].map(party),
  vouchers: [],
  vouchesNeeded: 1,
  groups: [],
};
const from = (name: string) =>
  signDatagram(key, {
    id: '5f0b9a9e-3f9f-4f57-9d5e-3d1f9d4c0a11',
    from: name,
    to: 'west',
    kind: 'sign',
    grantId: 'g',
    sentAt: 1,
    body: {},
  });

describe('the limit on one sender of datagrams', () => {
  let now = 1_000_000;
  const taken: string[] = [];
  const handlers = new Map<string, (message: { body: unknown }) => void>();
  const bus = {
    subscribe: (subject: string, handler: (message: { body: unknown }) => void) => {
      handlers.set(subject, handler);
      return { unsubscribe: () => undefined };
    },
    publish: () => undefined,
  } as unknown as Bus;
  const unitOfWork = { reader: { query: async () => [] } } as unknown as UnitOfWork;
  const service = new DatagramsService(
    unitOfWork,
    new Changes(unitOfWork, new Outbox('west', new KeyRing(new Uint8Array(32)))),
    bus,
    new Consortium('west', view),
    key,
    { onError: () => undefined },
  );

  beforeAll(() => {
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    jest.spyOn(globalThis, 'setTimeout').mockReturnValue(setTimeout(() => undefined, 0)); // only `now` lets time pass
    service.start({
      sign: {
        take: async ({ from }) => {
          taken.push(from);
          return {};
        },
      },
    });
  });
  afterAll(async () => {
    await service.beforeApplicationShutdown();
    jest.restoreAllMocks();
  });

  const takenOf = async (name: string, tries: number): Promise<number> => {
    taken.length = 0;
    const datagram = from(name);
    for (let n = 0; n < tries; n++) {
      handlers.get(datagramSubject('west', 'sign'))!({ body: datagram });
      await new Promise(setImmediate);
    }
    return taken.length;
  };

  it('takes 400 in two seconds, drops the rest, and touches no other sender', async () => {
    expect(await takenOf('north', 402)).toBe(400);
    expect(await takenOf('south', 1)).toBe(1);
    now += 1_999;
    expect(await takenOf('north', 1)).toBe(0);
    now += 1;
    expect(await takenOf('north', 1)).toBe(1);
  });
});
