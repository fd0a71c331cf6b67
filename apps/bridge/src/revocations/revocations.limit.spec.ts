import { Changes, Outbox } from '@cpds/outbox';
import type { Statement } from '@cpds/messages';
import type { UnitOfWork } from '@cpds/store';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Consortium } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import type { DatagramsService } from '../datagrams/datagrams.service.js';
import type { TransfersService } from '../transfers/transfers.service.js';
import { RevocationsService } from './revocations.service.js';

const unknownGrant: Statement = {
  kind: 'revoke',
  grantId: `0x${'1'.repeat(64)}`,
  homeUid: `0x${'2'.repeat(64)}`,
  signature: `0x${'3'.repeat(130)}`,
};

describe('the limit on statements from one address', () => {
  const unitOfWork = {} as UnitOfWork;
  const service = new RevocationsService(
    new Changes(unitOfWork, new Outbox('west')),
    { findByGrant: async () => null } as unknown as TransfersService,
    {} as DatagramsService,
    new Consortium('west'),
    new MessageKey(new Uint8Array(32).fill(7)),
    { roles: ['S'], onError: () => undefined },
  );
  const codesOf = async (caller: string, tries: number): Promise<Record<string, number>> => {
    const codes: Record<string, number> = {};
    for (let n = 0; n < tries; n++) {
      const { code } = await service.take(unknownGrant, caller).then(
        () => ({ code: 'taken' }),
        (error: { code: string }) => error,
      );
      codes[code] = (codes[code] ?? 0) + 1;
    }
    return codes;
  };

  let now = 1_000_000;

  beforeEach(() => {
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    jest.spyOn(globalThis, 'setTimeout').mockReturnValue(setTimeout(() => undefined, 0)); // only `now` lets time pass
  });
  afterEach(() => void jest.restoreAllMocks());

  it('looks at 100 in ten seconds, says when to come again, and touches no other address', async () => {
    expect(await codesOf('192.0.2.1', 120)).toEqual({ 'unknown-grant': 100, 'too-many-statements': 20 });
    expect(await codesOf('192.0.2.2', 1)).toEqual({ 'unknown-grant': 1 });
    now += 7_500;
    await expect(service.take(unknownGrant, '192.0.2.1')).rejects.toMatchObject({ status: 429, retryAfterSec: 3 });
    now += 2_500;
    expect(await codesOf('192.0.2.1', 1)).toEqual({ 'unknown-grant': 1 });
  });

  it('keeps 65 536 counters at most, whatever the addresses are', async () => {
    const counters = jest.spyOn(RateLimiterMemory.prototype, 'penalty');
    for (let n = 0; n < 300; n++) await codesOf(`2001:db8::${n.toString(16)}`, 1);
    const keys = counters.mock.calls.map(([key]) => Number(key));
    expect(new Set(keys).size).toBeGreaterThan(250);
    expect(keys.filter((key) => !(Number.isInteger(key) && key >= 0 && key < 65_536))).toEqual([]);
  });
});
