import type { Hex } from '@cpds/contracts';
import { unavailable } from '@cpds/errors';
import type { Agreement, Changes } from '@cpds/outbox';
import type { ChainSet } from '../chains/chain-set.js';
import type { HubContracts } from '../chains/consortium-reader.js';
import type { GrantFacts } from '../chains/grant-facts.js';
import { factsOf } from '../testing/scripted-facts.js';
import type { TransferRow } from '../transfers/transfer.row.js';
import { VouchingService } from './vouching.service.js';

const word = (digit: string): Hex => `0x${digit.repeat(64)}`;
const address: Hex = `0x${'22'.repeat(20)}`;
const lock = {
  homeUid: word('1'),
  lockedAccount: address,
  destinationUid: word('3'),
  grantId: word('4'),
  ringHash: word('5'),
  block: { number: 7, hash: word('6') },
};
const row = { grantId: lock.grantId, grant: { lockedAccount: address }, tag: '0x' } as unknown as TransferRow;

/** A voucher whose own log says `agreement`, and what it has sent. */
function open(agreement: () => Promise<void>, earlier: { state: string } | null = null) {
  const sent: string[] = [];
  const told: string[] = [];
  const sender = {
    outcome: () => Promise.resolve(earlier),
    enqueue: (_tx: unknown, key: string) => Promise.resolve(void sent.push(key)),
  };
  const changes = {
    commit: async (work: (tx: unknown) => Promise<{ events: { type: string }[] }>) => {
      const { events } = await work({});
      told.push(...events.map(({ type }) => type));
    },
  } as unknown as Changes;
  const service = new VouchingService(
    changes,
    { require: agreement } as unknown as Agreement,
    { hub: { chainUid: word('9') }, senderOf: () => sender } as unknown as ChainSet,
    { lockSeen: () => Promise.resolve(lock) } as unknown as GrantFacts,
    { transferLedger: address } as unknown as HubContracts,
  );
  return { service, sent, told };
}

const agrees = () => Promise.resolve();
const final = factsOf(100, 'locked', 'none');

describe('a voucher', () => {
  it('sends one vouch for a lock that is final, and tells of it', async () => {
    const { service, sent, told } = open(agrees);
    expect(await service.vouch(row, final)).toMatchObject({ done: false, waitsFor: 'the own vouch to be final' });
    expect(sent).toHaveLength(1);
    expect(told).toEqual(['bridge.vouch-sent.v1']);
  });

  it('sends nothing while its database and the log contradict each other', async () => {
    const { service, sent, told } = open(() => Promise.reject(unavailable('log-disagrees', 'restored')));
    await expect(service.vouch(row, final)).rejects.toMatchObject({ code: 'log-disagrees' });
    expect([sent, told]).toEqual([[], []]);
  });

  it('sends nothing for a lock that is not final, and no second one while the first is on its way', async () => {
    const early = open(agrees);
    expect(await early.service.vouch(row, factsOf(100, 'none', 'none'))).toMatchObject({ done: false });
    const again = open(agrees, { state: 'sent' });
    await again.service.vouch(row, final);
    expect([...early.sent, ...again.sent]).toEqual([]);
  });
});
