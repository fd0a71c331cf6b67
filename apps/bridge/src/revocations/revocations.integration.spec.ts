import { randomUUID } from 'node:crypto';
import { giveBackDigest, grantId as grantIdOf, revokeDigest, type Grant } from '@cpds/contracts';
import { to0x, u256 } from '@cpds/crypto/bytes';
import { addressOf, G } from '@cpds/crypto/curve';
import { testPostgres } from '@cpds/local';
import type { Datagram, Hex, Statement } from '@cpds/messages';
import { KeyRing } from '@cpds/crypto/custody';
import { Changes, Outbox, outboxMigrations } from '@cpds/outbox';
import { openStore, UnitOfWork, type Tx } from '@cpds/store';
import { SigningKey } from 'ethers';
import { Consortium } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import type { DatagramsService } from '../datagrams/datagrams.service.js';
import { destinationUid, generateKey, homeUid, makeGrant, operator, viewOf } from '../testing/group.js';
import { until } from '../testing/storemen.js';
import { noFacts } from '../transfers/facts.js';
import { RestingStatements1764500000000, Transfers1763900000000 } from '../transfers/migrations.js';
import { restingBounds } from '../transfers/resting-statement.js';
import { RestingStatementRow } from '../transfers/resting-statement.row.js';
import type { Role } from '../transfers/transfer.js';
import { TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { RevocationsService } from './revocations.service.js';

const now = Math.floor(Date.now() / 1000);
const storemen = [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`).operator);
const [sign, seal] = [generateKey('sign', storemen).group, generateKey('seal', storemen).group];
const view = viewOf(storemen, { north: operator('north').operator, south: operator('south').operator }, { sign, seal });
const word = (fill: number): Hex => to0x(new Uint8Array(32).fill(fill));
const others = ['north', 'south', 'storeman-2', 'storeman-3', 'storeman-4', 'storeman-5'];

/** A grant of which the test holds the revoker's key and q. */
function draft(change: Partial<Grant> = {}) {
  const made = makeGrant(seal, now);
  const revoker = new SigningKey(to0x(u256(made.q + 1n)));
  const grant: Grant = { ...made.grant, revoker: to0x(addressOf(G.multiply(made.q + 1n))), ...change };
  const grantId = grantIdOf(homeUid, grant);
  const sealed = (key: SigningKey, digest: string) => key.sign(digest).serialized as Hex;
  const revoke: Statement = {
    kind: 'revoke',
    grantId,
    homeUid,
    signature: sealed(revoker, revokeDigest(homeUid, grantId)),
    grant,
  };
  const q = new SigningKey(to0x(u256(made.q)));
  const giveBack: Statement = { ...revoke, kind: 'give-back', signature: sealed(q, giveBackDigest(homeUid, grantId)) };
  return { grant, grantId, revoke, giveBack };
}

type Drafted = ReturnType<typeof draft>;

describe('statements at a node', () => {
  let database: Awaited<ReturnType<typeof testPostgres>>;
  let store: Awaited<ReturnType<typeof openStore>>;
  let unitOfWork: UnitOfWork;
  let changes: Changes;
  let transfers: TransfersService;
  let service: RevocationsService;
  let asked: string[];
  let made: Drafted;

  beforeAll(async () => {
    database = await testPostgres();
    store = await openStore({
      url: database.url,
      entities: [TransferRow, RestingStatementRow],
      migrations: [...outboxMigrations, Transfers1763900000000, RestingStatements1764500000000],
      poolSize: 6,
    });
    unitOfWork = new UnitOfWork(store);
  });
  afterAll(async () => {
    await store.destroy();
    await database.close();
  });
  beforeEach(async () => {
    await store.query('TRUNCATE transfer, resting_statement');
    service = open('storeman-1', ['S']);
    made = draft();
  });

  const open = (self: string, roles: readonly Role[]): RevocationsService => {
    changes = new Changes(unitOfWork, new Outbox(self, new KeyRing(new Uint8Array(32))));
    transfers = new TransfersService(unitOfWork, changes);
    asked = [];
    const datagrams = {
      ask: ({ to }: { to: string }) => {
        asked.push(to);
        return Promise.reject(new Error('silent'));
      },
    } as unknown as DatagramsService;
    const key = new MessageKey(new Uint8Array(32).fill(7));
    return new RevocationsService(changes, transfers, datagrams, new Consortium(self, view), key, {
      roles,
      onError: () => undefined,
    });
  };
  const insert = (drafted: Drafted, state: TransferRow['state'] = 'mapped', role: Role = 'S') =>
    changes.commit((tx) => transfers.insert(tx, rowOf(drafted, state, role)));
  const rowOf = ({ grant, grantId }: Drafted, state: TransferRow['state'], role: Role) => ({
    id: randomUUID(),
    role,
    state,
    grantId,
    grant,
    home: 'north',
    destination: 'south',
    homeUid,
    destinationUid,
    requestExpires: String(grant.notAfter),
  });
  const rows = () => unitOfWork.reader.find(TransferRow);
  const resting = () => unitOfWork.reader.find(RestingStatementRow);
  const eventsOf = async (grantId: string) => {
    const found = (await store.query(
      `SELECT envelope->>'type' AS type FROM outbox WHERE envelope->>'correlation' = $1 ORDER BY seq`,
      [grantId],
    )) as { type: string }[];
    return found.map(({ type }) => type);
  };
  const doors: [string, (statement: Statement) => Promise<unknown>][] = [
    ['HTTP', (statement) => service.take(statement, '192.0.2.1')],
    ['a datagram', (statement) => service.receive({ from: 'storeman-2', body: { statement } } as unknown as Datagram)],
  ];

  describe.each(doors)('over %s', (_door, bring) => {
    it('close the row of their grant, and are told of', async () => {
      const [revoked, givenBack] = [made, draft()];
      await Promise.all([insert(revoked), insert(givenBack)]);
      expect(await bring(revoked.revoke)).toMatchObject({ answer: expect.anything() });
      await bring(givenBack.giveBack);
      const closing = Object.fromEntries((await rows()).map((row) => [row.grantId, [row.state, row.closeReason]]));
      expect(closing[revoked.grantId]).toEqual(['closing', 'revoked']);
      expect(closing[givenBack.grantId]).toEqual(['closing', 'given-back']);
      expect(await eventsOf(revoked.grantId)).toEqual(['bridge.revoke-received.v1']);
      expect(await eventsOf(givenBack.grantId)).toEqual(['bridge.give-back-received.v1']);
    });

    const other = draft();
    const forged: [string, (good: Drafted) => Statement, string][] = [
      ['the revoker did not sign', ({ revoke }) => ({ ...revoke, signature: other.revoke.signature }), 'bad-statement'],
      ['q signed a revoke', ({ revoke, giveBack }) => ({ ...revoke, signature: giveBack.signature }), 'bad-statement'],
      ['the revoker signed a give-back', ({ revoke }) => ({ ...revoke, kind: 'give-back' }), 'bad-statement'],
      [
        'another holder signed a give-back',
        ({ giveBack }) => ({ ...giveBack, ...sig(other.giveBack) }),
        'bad-statement',
      ],
      ['it names another chain', ({ revoke }) => ({ ...revoke, homeUid: destinationUid }), 'other-grant'],
      ['a give-back names another chain', ({ giveBack }) => ({ ...giveBack, homeUid: destinationUid }), 'other-grant'],
    ];
    const sig = ({ signature }: Statement) => ({ signature });

    it.each(forged)('change nothing of a known grant when %s', async (_, forge, code) => {
      const { id } = await insert(made);
      await expect(bring(forge(made))).rejects.toMatchObject({ code });
      expect(await transfers.findById(id)).toMatchObject({ state: 'mapped', closeReason: null, statement: null });
      expect(asked).toEqual([]);
    });

    const unknown: typeof forged = [
      ...forged.slice(0, 3),
      ['the grant is not sent along', ({ revoke: { grant: _, ...bare } }) => bare, 'unknown-grant'],
      ['another grant is sent along', ({ revoke }) => ({ ...revoke, grant: other.grant }), 'other-grant'],
      ['it is a give-back', ({ giveBack }) => giveBack, 'unknown-grant'],
      [
        'its LockedAccount is no hospital’s',
        () => draft({ lockedAccount: `0x${'0a'.repeat(20)}` }).revoke,
        'other-grant',
      ],
      ['its MappedDeeds is no hospital’s', () => draft({ mappedDeeds: `0x${'0a'.repeat(20)}` }).revoke, 'other-grant'],
      ['its destination is no hospital’s', () => draft({ destinationUid: word(9) }).revoke, 'unknown-hospital'],
      ['it ends after 40 days', () => draft({ notAfter: now + 41 * 86_400 }).revoke, 'other-grant'],
      ['its times are in no order', () => draft({ lockBefore: now + 200 }).revoke, 'other-grant'],
    ];
    it.each(unknown)('do not rest when %s', async (_, forge, code) => {
      await expect(bring(forge(made))).rejects.toMatchObject({ code });
      expect(await resting()).toEqual([]);
      expect(await rows()).toEqual([]);
      expect(asked).toEqual([]);
    });

    it('rest for a grant that is not known: as no row, so that nothing looks at a chain for them', async () => {
      expect(await bring(made.revoke)).toMatchObject({ answer: expect.anything() });
      expect(await rows()).toEqual([]);
      expect(await resting()).toMatchObject([{ grantId: made.grantId, signature: made.revoke.signature }]);
      expect(await eventsOf(made.grantId)).toEqual(['bridge.revoke-received.v1']);
    });

    it('close the grant in the transaction from which on it is known', async () => {
      await bring(made.revoke);
      const { id } = await insert(made, 'locked');
      const { grant, grantId, revoke } = made;
      expect(await transfers.findById(id)).toMatchObject({
        state: 'closing',
        closeReason: 'revoked',
        grant,
        statement: { kind: 'revoke', grantId, homeUid, signature: revoke.signature },
        forwards: _door === 'HTTP',
      });
      expect(await resting()).toEqual([]);
      expect(await eventsOf(grantId)).toEqual(['bridge.revoke-received.v1', 'bridge.revoke-received.v1']);
    });
  });

  it('are passed on once while their grant is not known, however often they come', async () => {
    await service.take(made.revoke, '192.0.2.1');
    expect(asked.sort()).toEqual(others);
    for (let i = 0; i < 3; i++) await service.take(made.revoke, `192.0.2.${i}`);
    await service.receive({ from: 'storeman-2', body: { statement: made.revoke } } as unknown as Datagram);
    expect(asked).toHaveLength(others.length);
    expect(await resting()).toHaveLength(1);
  });

  it.each<[string, Role, boolean]>([
    ['north', 'A', true],
    ['south', 'B', true],
    ['storeman-1', 'S', false],
  ])('that a datagram brings are passed on by %s if it is a hospital of the grant', async (self, role, forwards) => {
    service = open(self, [role]);
    const { id } = await insert(made, 'locked', role);
    await service.receive({ from: 'storeman-2', body: { statement: made.revoke } } as unknown as Datagram);
    expect(await transfers.findById(id)).toMatchObject({ state: 'closing', forwards });
  });

  it('rest at a hospital only when the grant is its own', async () => {
    for (const [self, code] of [
      ['north', null],
      ['south', null],
      ['east', 'other-hospital'],
    ] as const) {
      service = open(self, ['A', 'B']);
      const taken = service.take(draft().revoke, '192.0.2.1');
      if (code) await expect(taken).rejects.toMatchObject({ code });
      else await taken;
    }
    expect(await resting()).toHaveLength(2);
  });

  it('find a row of B that gets its grant after its revoke closing', async () => {
    service = open('south', ['A', 'B']);
    await service.take(made.revoke, '192.0.2.1');
    const { grant, grantId } = made;
    const requested = { ...rowOf(made, 'requested', 'B'), grantId: null, grant: null };
    const { id } = await changes.commit((tx) => transfers.insert(tx, requested));
    const { decision } = await transfers.raise(id, { type: 'grant' }, noFacts(), { grantId, grant });
    expect(decision).toMatchObject({ next: 'consented' });
    expect(await transfers.findById(id)).toMatchObject({ state: 'closing', closeReason: 'revoked' });
  });

  it('rest no more than their bounds allow: of one sender, and of all', async () => {
    const fill = (count: number, sender: string) =>
      store.query(
        `INSERT INTO resting_statement SELECT $2 || i, '0x', '0x', $2, false, now() + interval '1 day'
         FROM generate_series(1, $1::int) AS i`,
        [count, sender],
      );
    await fill(restingBounds.bySender - 1, 'storeman-2');
    const bring = (from: string) =>
      service.receive({ from, body: { statement: draft().revoke } } as unknown as Datagram);
    await bring('storeman-2');
    const full = { code: 'no-room-to-rest', kind: 'unavailable', status: 429, retryAfterSec: 60 };
    await expect(bring('storeman-2')).rejects.toMatchObject(full);
    await bring('storeman-3');
    await fill(restingBounds.total - restingBounds.bySender - 2, 'strangers');
    const last = await Promise.allSettled([4, 5, 3].map((i) => bring(`storeman-${i}`)));
    expect(last.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    // What the bound refuses for a grant that is not known, it never refuses for one that is.
    await insert(made);
    await service.receive({ from: 'storeman-2', body: { statement: made.revoke } } as unknown as Datagram);
    expect(await rows()).toMatchObject([{ state: 'closing' }]);
  });

  it('are forgotten when their grant has ended, and not before', async () => {
    await service.take(made.revoke, '192.0.2.1');
    await transfers.forgetEnded(made.grant.notAfter - 1);
    expect(await resting()).toHaveLength(1);
    await transfers.forgetEnded(made.grant.notAfter);
    expect(await resting()).toEqual([]);
  });

  it('stop an act though there is no row', async () => {
    const act = () => unitOfWork.run((tx) => transfers.assertNotStopped(tx, made.grantId, 'S'));
    await act();
    await service.take(made.revoke, '192.0.2.1');
    await expect(act()).rejects.toMatchObject({ code: 'grant-stopped' });
    expect(await transfers.restsRevoked(made.grantId)).toBe(true);
  });

  it.each<[string, (tx: Tx) => Promise<unknown>, number, number]>([
    ['an act that is being committed', (tx) => transfers.assertNotStopped(tx, made.grantId, 'S'), 0, 1],
    ['a lock that is being taken in', (tx) => transfers.insert(tx, rowOf(made, 'locked', 'S')), 1, 0],
  ])('wait for %s', async (_, work, closing, left) => {
    let isTaken = false;
    let taken: Promise<unknown> = Promise.resolve();
    await unitOfWork.run(async (tx) => {
      await work(tx);
      taken = service.take(made.revoke, '192.0.2.1').finally(() => (isTaken = true));
      await until('the statement to wait, or not to', 20, async () => {
        const [{ waiting }] = (await store.query(
          `SELECT count(*)::int AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
        )) as [{ waiting: number }];
        return waiting > 0 || isTaken;
      });
      expect(isTaken).toBe(false);
    });
    await taken;
    expect((await rows()).filter(({ state }) => state === 'closing')).toHaveLength(closing);
    expect(await resting()).toHaveLength(left);
  });
});
