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
import { checksPerSecond } from './check-budget.js';
import { RevocationsService } from './revocations.service.js';

const unknownGrant: Statement = {
  kind: 'revoke',
  grantId: `0x${'1'.repeat(64)}`,
  homeUid: `0x${'2'.repeat(64)}`,
  signature: `0x${'3'.repeat(130)}`,
};

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

describe('a flood of forged statements', () => {
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
    for (let n = 0; n < 300; n++, now += 10) await codesOf(`2001:db8::${n.toString(16)}`, 1);
    const keys = counters.mock.calls.map(([key]) => Number(key));
    expect(new Set(keys).size).toBeGreaterThan(250);
    expect(keys.filter((key) => !(Number.isInteger(key) && key >= 0 && key < 65_536))).toEqual([]);
  });
});

describe('the checks of signatures', () => {
  const known = new Map<string, { id: string; grant: Grant; home: string; destination: string }>();
  const start = (): RevocationsService =>
    new RevocationsService(
      new Changes({} as UnitOfWork, new Outbox('west', new KeyRing(new Uint8Array(32)))),
      {
        findByGrant: async (id: string) => known.get(id) ?? null,
        raise: async () => undefined,
      } as unknown as TransfersService,
      {} as DatagramsService,
      { self: 'west', current: () => ({ hub: { chainUid: word(11) }, storemen: [] }) } as unknown as Consortium,
      new MessageKey(new Uint8Array(32).fill(7)),
      { roles: ['S'], onError: () => undefined },
    );

  let now = 2_000_000;
  let checks: number;
  let service: RevocationsService;

  beforeEach(() => {
    known.clear();
    checks = 0;
    service = start();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    jest.spyOn(globalThis, 'setTimeout').mockReturnValue(setTimeout(() => undefined, 0)); // only `now` lets time pass
  });
  afterEach(() => {
    jest.restoreAllMocks();
    now += 60_000;
  });

  /** Another grant of the same revoker. */
  const grantNo = (n: number): Grant => ({ ...grant, nonce: `0x${n.toString(16).padStart(64, '0')}` });
  const know = (one: Grant): void =>
    void known.set(grantIdOf(homeUid, one), { id: 'row', grant: one, home: 'west', destination: 'west' });
  /** A statement that nobody signed. Whoever reads its signature checks it. */
  const forged = (one: Grant): Statement => ({
    kind: 'revoke',
    grantId: grantIdOf(homeUid, one),
    homeUid,
    grant: one,
    get signature(): Hex {
      checks++;
      return `0x${'11'.repeat(64)}1b`;
    },
  });
  const good = (one: Grant): Statement => {
    const id = grantIdOf(homeUid, one);
    const signature = revoker.sign(revokeDigest(homeUid, id)).serialized as Hex;
    return { kind: 'revoke', grantId: id, homeUid, signature };
  };
  /** Sends them as fast as can be, each from an address of its own unless one is given. */
  const flood = async (statements: Statement[], address?: string): Promise<void> => {
    await Promise.all(
      statements.map((statement, n) =>
        service.take(statement, address ?? `2001:db8::${n.toString(16)}`).catch(() => undefined),
      ),
    );
  };
  const inventedOf = (count: number): Statement[] => Array.from({ length: count }, (_, n) => forged(grantNo(n + 1)));

  it('are 200 in a second for invented grants from anywhere, and a known grant is revoked meanwhile', async () => {
    know(grant);
    const invented = inventedOf(300);
    await flood(invented);
    expect(checks).toBe(checksPerSecond.unknown);
    await expect(service.take(good(grant), '192.0.2.1')).resolves.toMatchObject({ from: 'west' });
    await expect(service.take(forged(grantNo(9_999)), '192.0.2.1')).rejects.toMatchObject({
      code: 'too-many-statements',
      status: 429,
      retryAfterSec: 1,
    });
    now += 1_000;
    await flood(invented);
    expect(checks).toBe(2 * checksPerSecond.unknown);
  });

  it('are 100 in ten seconds for invented grants from one address, which may still revoke a known one', async () => {
    know(grant);
    const invented = inventedOf(110);
    for (let second = 0; second < 5; second++, now += 1_000) {
      for (const statement of invented) await flood([statement], '192.0.2.1');
      expect(checks).toBe(100);
    }
    await expect(service.take(good(grant), '192.0.2.1')).resolves.toMatchObject({ from: 'west' });
  });

  it('are 200 in a second for one known grant, and another one is revoked meanwhile', async () => {
    const [flooded, other] = [grantNo(1), grantNo(2)];
    [flooded, other].forEach(know);
    const statement = forged(flooded);
    await flood(Array.from({ length: 300 }, () => statement));
    expect(checks).toBe(checksPerSecond.ofGrant);
    await expect(service.take(good(other), '192.0.2.1')).resolves.toMatchObject({ from: 'west' });
    now += 1_000;
    await expect(service.take(good(flooded), '192.0.2.1')).resolves.toMatchObject({ from: 'west' });
  });

  it('are 100 in a second for known grants from an address that was refused too often, and leave room for others', async () => {
    know(grant);
    const statement = forged(grant);
    for (let n = 0; n < 100; n++) await flood([statement], '192.0.2.1');
    now += 1_000;
    checks = 0;
    await flood(
      Array.from({ length: 300 }, () => statement),
      '192.0.2.1',
    );
    expect(checks).toBe(checksPerSecond.ofRefused);
    await expect(service.take(good(grant), '192.0.2.2')).resolves.toMatchObject({ from: 'west' });
  });

  it('are 400 in a second for all known grants', async () => {
    const grants = [1, 2, 3].map(grantNo);
    grants.forEach(know);
    const statements = grants.map(forged);
    await flood(Array.from({ length: 600 }, (_, n) => statements[n % 3]!));
    expect(checks).toBe(checksPerSecond.known);
    now += 1_000;
    await expect(service.take(good(grants[0]!), '192.0.2.1')).resolves.toMatchObject({ from: 'west' });
  });
});
