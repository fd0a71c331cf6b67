import { KeyRing } from '@cpds/crypto/custody';
import { Changes, Outbox } from '@cpds/outbox';
import { grantId as grantIdOf, revokeDigest } from '@cpds/contracts';
import type { Grant, Hex, Statement } from '@cpds/messages';
import type { UnitOfWork } from '@cpds/store';
import { computeAddress, SigningKey } from 'ethers';
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

describe('a flood of forged statements', () => {
  const homeUid = `0x${'2'.repeat(64)}` as const;
  const word = (fill: number, bytes = 32): Hex => `0x${fill.toString(16).padStart(2, '0').repeat(bytes)}`;
  const revoker = new SigningKey(word(1));
  const point = revoker.compressedPublicKey as Hex;
  const grant: Grant = {
    nonce: word(3),
    lockedAccount: word(4, 20),
    destinationUid: word(5),
    mappedDeeds: word(6, 20),
    slot: 7,
    tag: point,
    recipientKey: point,
    ephemeralKey: point,
    viewTag: '0x08',
    revoker: computeAddress(revoker.publicKey).toLowerCase() as Hex,
    termsHash: word(9),
    sealedKeyHash: word(10),
    lockBefore: 1,
    mintBefore: 2,
    notAfter: 3,
  };
  const grantId = grantIdOf(homeUid, grant);
  const signedBy = (key: SigningKey): Statement => ({
    kind: 'revoke',
    grantId,
    homeUid,
    signature: key.sign(revokeDigest(homeUid, grantId)).serialized as Hex,
  });
  const row = { id: 'row', grant, home: 'west', destination: 'west' };
  const service = new RevocationsService(
    new Changes({} as UnitOfWork, new Outbox('west', new KeyRing(new Uint8Array(32)))),
    { findByGrant: async () => row, raise: async () => undefined } as unknown as TransfersService,
    {} as DatagramsService,
    { self: 'west', current: () => ({ hub: { chainUid: word(11) }, storemen: [] }) } as unknown as Consortium,
    new MessageKey(new Uint8Array(32).fill(7)),
    { roles: ['S'], onError: () => undefined },
  );

  it('uses up nothing that the patient needs behind the same address', async () => {
    const forged = signedBy(new SigningKey(word(2)));
    const codes = new Set<string>();
    for (let n = 0; n < 150; n++)
      await service.take(forged, '192.0.2.1').catch(({ code }: { code: string }) => codes.add(code));
    expect([...codes]).toEqual(['bad-statement', 'too-many-statements']);
    await expect(service.take(signedBy(revoker), '192.0.2.1')).resolves.toMatchObject({ from: 'west' });
  });

  it('is told apart from a good one that is repeated, which is taken 20 times in ten seconds', async () => {
    const other = { ...signedBy(revoker) };
    let taken = 1; // by the test before
    await expect(
      (async () => {
        for (; taken <= 25; taken++) await service.take(other, '192.0.2.2');
      })(),
    ).rejects.toMatchObject({ code: 'too-many-statements', status: 429 });
    expect(taken).toBe(20);
  });
});

describe('the limit on statements from one address', () => {
  const unitOfWork = {} as UnitOfWork;
  const service = new RevocationsService(
    new Changes(unitOfWork, new Outbox('west', new KeyRing(new Uint8Array(32)))),
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
