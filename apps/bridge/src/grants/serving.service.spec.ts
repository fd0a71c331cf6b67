import { randomBytes } from 'node:crypto';
import { parseScalar } from '@cpds/crypto/curve';
import { releasePartial } from '@cpds/crypto/partial';
import { answerDigest } from '@cpds/contracts';
import type { Hex, SignedPartial, Withdrawal } from '@cpds/messages';
import { Consortium } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import { combinedW, digestOfPartial, partialContext, partialFault, partialWords } from '../release/partials.js';
import type { RequestsService } from '../requests/requests.service.js';
import { destinationUid, generateKey, homeUid, hubUid, makeGrant, operator, viewOf } from '../testing/group.js';
import { factsOf } from '../testing/scripted-facts.js';
import { FactsReader, type Facts } from '../transfers/facts.js';
import type { HeldRow } from '../transfers/transfer.row.js';
import type { TransfersService } from '../transfers/transfers.service.js';
import { ServingService } from './serving.service.js';

const now = Math.floor(Date.now() / 1000);
const storemen = [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`));
const operators = storemen.map((one) => one.operator);
const seal = generateKey('seal', operators);
const groups = { sign: generateKey('sign', operators).group, seal: seal.group };
const [north, south] = [operator('north'), operator('south')];
const view = viewOf(operators, { north: north.operator, south: south.operator }, groups);
const made = makeGrant(seal.group, now);
const commitment: Hex = `0x${'cd'.repeat(32)}`;
const lockBlock: Hex = `0x${'3'.repeat(64)}`;
const statement = { kind: 'revoke', grantId: made.grantId, homeUid, signature: `0x${'00'.repeat(65)}` } as const;

/** What member `i`, from 0, would sign for this grant, with some of it changed before it signs. */
function partialOf(i: number, change: Partial<SignedPartial> = {}, of = made, signer = i): SignedPartial {
  const share = seal.shares[i]!;
  const context = partialContext(of, seal.group.epoch);
  const partial = releasePartial(context, share.index, parseScalar(share.secret, 'share'), (length) =>
    randomBytes(length),
  );
  const unsigned = {
    grantId: of.grantId,
    epoch: seal.group.epoch,
    index: share.index,
    sealedKeyHash: of.grant.sealedKeyHash,
    ...partialWords(partial),
    lockBlock,
    mintBlock: `0x${'7'.repeat(64)}` as Hex,
    ...change,
  };
  const signature = new MessageKey(storemen[signer]!.messageSecret).sign(digestOfPartial(hubUid, unsigned));
  return { ...unsigned, signature };
}

const good = [0, 1, 2].map((i) => partialOf(i));

/** The row and the chains as they are at first; `meanwhile` is what becomes of the row while the chains are read. */
interface Scene {
  row: Partial<HeldRow>;
  facts: Facts;
  meanwhile: Partial<HeldRow>;
}

function open({ row, facts, meanwhile }: Scene) {
  const first = { id: 'id', role: 'A', state: 'locked', home: 'north', destination: 'south', homeUid, destinationUid };
  let held = { ...first, ...made, commitment, closeReason: null, statement: null, ...row } as unknown as HeldRow;
  const raised: string[] = [];
  const transfers = {
    findByGrant: (grantId: string, role?: string) =>
      Promise.resolve(grantId === held.grantId && (!role || role === held.role) ? held : null),
    byGrant: () => Promise.resolve(held),
    raise: (_id: string, event: { type: string }) => {
      raised.push(event.type);
      return Promise.resolve({ row: held, decision: null });
    },
    hasOpen: (of: string) => Promise.resolve(of === commitment),
    openGrants: (of: string) => Promise.resolve(of === commitment ? [made.grantId] : []),
  } as unknown as TransfersService;
  const requests = {
    opened: (id: string) => Promise.resolve({ row: { patientId: `patient of ${id}`, departmentId: 'cardiology' } }),
  } as unknown as RequestsService;
  class Scripted extends FactsReader {
    async gather(): Promise<Facts> {
      held = { ...held, ...meanwhile };
      return facts;
    }
  }
  const consortium = new Consortium('north', view);
  const key = new MessageKey(north.messageSecret);
  const service = new ServingService(transfers, requests, new Scripted(), consortium, key);
  return { service, raised };
}

const scene = (more: Partial<Scene> = {}): Scene => ({
  row: {},
  facts: factsOf(now, 'locked', 'none'),
  meanwhile: {},
  ...more,
});
const without = (chain: 'home' | 'destination'): Facts => {
  const facts = factsOf(now, 'locked', 'mapped');
  delete facts[chain];
  return facts;
};
const lockAt = (final: 'none' | 'locked', head: 'none' | 'locked'): Facts => {
  const facts = factsOf(now, final, 'none');
  facts.home!.head.status = head;
  return facts;
};

describe('serving', () => {
  it('goes on while nothing forbids', async () => {
    expect(await open(scene()).service.mayServe(made.grantId)).toEqual({ ok: true });
    const atB = scene({ row: { role: 'B' }, facts: factsOf(now, 'locked', 'mapped') });
    expect(await open(atB).service.mayServe(made.grantId)).toEqual({ ok: true });
  });

  it.each<[string, Partial<Scene>, string]>([
    ['there is no lock', { facts: factsOf(now, 'none', 'none') }, 'unavailable'],
    ['the lock is not final', { facts: lockAt('none', 'locked') }, 'unavailable'],
    ['the head does not show the lock any more', { facts: lockAt('locked', 'none') }, 'unavailable'],
    ['the own chain cannot be relied on', { facts: without('home') }, 'unavailable'],
    ['B cannot rely on its chain', { row: { role: 'B' }, facts: without('destination') }, 'unavailable'],
    ['the row is halted', { row: { state: 'halted' } }, 'unavailable'],
    ['the row of B is halted', { row: { role: 'B', state: 'halted' } }, 'unavailable'],
    ['a statement is held', { row: { statement } }, 'revoked'],
    [
      'a statement is held, and notAfter has passed as well',
      { row: { statement }, facts: factsOf(now, 'locked', 'none', made.grant.notAfter) },
      'revoked',
    ],
    ['a statement is held in a halted row', { row: { state: 'halted', statement } }, 'revoked'],
    ['it was given back', { row: { closeReason: 'given-back' } }, 'revoked'],
    ['a head shows the revoke', { facts: factsOf(now, 'revoked', 'none') }, 'revoked'],
    ['notAfter has passed', { facts: factsOf(now, 'locked', 'none', made.grant.notAfter) }, 'expired'],
    ['a statement comes while the chains are read', { meanwhile: { statement } }, 'revoked'],
    ['a halt comes while the chains are read', { meanwhile: { state: 'halted' } }, 'unavailable'],
  ])('ends when %s', async (_, more, reason) => {
    expect(await open(scene(more)).service.mayServe(made.grantId)).toEqual({ ok: false, reason });
  });

  it('knows no other grant', async () => {
    const other = makeGrant(seal.group, now);
    expect(await open(scene()).service.mayServe(other.grantId)).toEqual({ ok: false, reason: 'unknown' });
  });
});

describe('a grant that records asks about', () => {
  const { grant, grantId } = made;
  const known = { homeUid, grant, commitment, patientId: 'patient of id' };

  it('is told with its patient, and at B with the department that asked', async () => {
    expect(await open(scene()).service.grant(grantId)).toEqual({ ...known, departmentId: null });
    const atB = await open(scene({ row: { role: 'B' } })).service.grant(grantId);
    expect(atB).toEqual({ ...known, departmentId: 'cardiology' });
  });

  it('is unknown where no row of A or B holds it with its deed', async () => {
    expect(await open(scene()).service.grant(makeGrant(seal.group, now).grantId)).toBeNull();
    expect(await open(scene({ row: { role: 'S' } })).service.grant(grantId)).toBeNull();
    expect(await open(scene({ row: { commitment: null } })).service.grant(grantId)).toBeNull();
  });

  it('keeps its object in use while it is open', async () => {
    const { service } = open(scene());
    expect([await service.isInUse(commitment), await service.isInUse(lockBlock)]).toEqual([true, false]);
    expect(await service.openGrants(commitment)).toEqual([grantId]);
  });
});

describe('a fetch', () => {
  const fetch = async (partials: readonly SignedPartial[], more: Partial<Scene> = {}) => {
    const { service, raised } = open(scene(more));
    return { answer: await service.authorizeFetch(made.grantId, partials), raised };
  };

  it('is allowed by partials of t members, and tells A of the mapping', async () => {
    expect(await fetch(good)).toEqual({ answer: { outcome: 'allowed', commitment }, raised: ['seen-mapped'] });
    expect(await fetch([1, 3, 4].map((i) => partialOf(i)))).toMatchObject({ answer: { outcome: 'allowed' } });
  });

  const other = makeGrant(seal.group, now);
  const [first, second, third] = good as [SignedPartial, SignedPartial, SignedPartial];
  const signedBy = (i: number) => new MessageKey(storemen[i]!.messageSecret);
  const foreign = signedBy(3).sign(digestOfPartial(hubUid, third));
  it.each<[string, readonly SignedPartial[], RegExp]>([
    ['nothing', [], /3 partials are needed, 0 came/],
    ['t − 1 partials', [first, second], /3 partials are needed, 2 came/],
    ['one member t times', [first, first, first], /repeat/],
    ['one member twice among t', [first, second, second], /repeat/],
    ['one member twice beside t', [first, second, third, third], /repeat/],
    ['one member with two proofs', [first, second, partialOf(1)], /repeat/],
    ['an index that is no member’s', [first, second, partialOf(2, { index: 6 })], /partial 6 is of no member/],
    ['another member’s index', [first, second, partialOf(2, { index: 4 }, made, 3)], /proof of its partial is false/],
    ['a signature of another member', [first, second, { ...third, signature: foreign }], /did not sign/],
    ['a signature over another w', [first, second, { ...third, w: first.w }], /did not sign/],
    ['a false w', [first, second, partialOf(2, { w: first.w })], /proof of its partial is false/],
    ['a false c', [first, second, partialOf(2, { c: first.c })], /proof of its partial is false/],
    ['a false s', [first, second, partialOf(2, { s: first.s })], /proof of its partial is false/],
    ['a w that is no point', [first, second, partialOf(2, { w: `0x02${'ff'.repeat(32)}` })], /malformed/],
    ['another grant', [first, second, partialOf(2, {}, other)], /for another grant/],
    ['another grant’s capsule', [first, second, partialOf(2, { sealedKeyHash: commitment })], /another capsule/],
    ['an earlier epoch', [first, second, partialOf(2, { epoch: 0 })], /of epoch 0/],
    ['another block of the lock', [first, second, partialOf(2, { lockBlock: commitment })], /lock in another block/],
    ['a bad one beside t good ones', [...good, partialOf(3, { epoch: 2 })], /of epoch 2/],
  ])('with %s is refused, and moves nothing', async (_, partials, reason) => {
    expect(await fetch(partials)).toEqual({
      answer: { outcome: 'refused', field: 'partials', reason: expect.stringMatching(reason) },
      raised: [],
    });
  });

  it('is refused while the block of the lock is unknown', async () => {
    const facts = factsOf(now, 'locked', 'none');
    delete facts.home!.written;
    const { answer } = await fetch(good, { facts });
    expect(answer).toMatchObject({ field: 'partials', reason: expect.stringMatching(/lock in another block/) });
  });

  it.each<[string, Partial<Scene>, object]>([
    ['there is no lock', { facts: factsOf(now, 'none', 'none') }, { outcome: 'refused', field: 'fetch.grantId' }],
    ['the lock is not final', { facts: lockAt('none', 'locked') }, { outcome: 'refused', field: 'fetch.grantId' }],
    ['the head does not show it', { facts: lockAt('locked', 'none') }, { outcome: 'refused', field: 'fetch.grantId' }],
    ['the own chain is silent', { facts: without('home') }, { outcome: 'unavailable' }],
    ['the row is halted', { row: { state: 'halted' } }, { outcome: 'unavailable' }],
    ['a statement is held', { row: { statement } }, { outcome: 'revoked', answer: { verdict: 'revoked' } }],
    [
      'notAfter has passed',
      { row: { closeReason: 'expired' } },
      { outcome: 'expired', answer: { verdict: 'expired' } },
    ],
    ['the grant is one of B', { row: { role: 'B' } }, { outcome: 'refused', field: 'fetch.grantId' }],
    ['a revoke comes meanwhile', { meanwhile: { statement } }, { outcome: 'revoked', answer: { verdict: 'revoked' } }],
    ['a halt comes meanwhile', { meanwhile: { state: 'halted' } }, { outcome: 'unavailable' }],
  ])('with good partials is refused when %s', async (_, more, expected) => {
    expect((await fetch(good, more)).answer).toMatchObject(expected);
  });
});

describe('a partial', () => {
  it('is good from its own member alone: one that it signs under another index would spoil W', () => {
    const { group } = seal;
    const fault = (partial: SignedPartial) => partialFault(hubUid, group, group.members[2]!, made, partial);
    expect(fault(partialOf(2))).toBeNull();
    expect(fault(partialOf(2, { index: 4 }))).toMatch(/speaks for another member/);
  });

  it('gives with any t − 1 others the same W', () => {
    const W = [good, [1, 3, 4].map((i) => partialOf(i)), [4, 0, 2].map((i) => partialOf(i))].map((t) =>
      combinedW(t, 3),
    );
    expect(new Set(W).size).toBe(1);
    expect(W[0]).toMatch(/^0x0[23][0-9a-f]{64}$/);
    expect(() => combinedW(good.slice(1), 3)).toThrow(expect.objectContaining({ code: 'wrong-count' }));
  });
});

describe('a withdrawal', () => {
  const withdrawal = async (copy: 'keep' | 'erase' = 'keep'): Promise<Withdrawal> =>
    (await open(scene()).service.signWithdrawal({ grantId: made.grantId, copy }))!.withdrawal;
  const check = async (given: Withdrawal, row: Partial<HeldRow> = {}) =>
    (await open(scene({ row: { role: 'B', ...row } })).service.checkWithdrawal(given)).outcome;

  it("is the home hospital's word for its own grants, and goes to the grant's destination", async () => {
    const signed = await open(scene()).service.signWithdrawal({ grantId: made.grantId, copy: 'erase' });
    expect(signed).toMatchObject({ withdrawal: { grantId: made.grantId, copy: 'erase' }, destinationUid });
    for (const copy of ['keep', 'erase'] as const) expect(await check(await withdrawal(copy))).toBe('open');
    expect(await check(await withdrawal(), { state: 'closed' })).toBe('ended');
    const atB = open(scene({ row: { role: 'B' } })).service;
    expect(await atB.signWithdrawal({ grantId: made.grantId, copy: 'keep' })).toBeNull();
  });

  it('is of nobody else, of no other grant, and says nothing else than was signed', async () => {
    const good = await withdrawal();
    const digest = (change: object) =>
      answerDigest(hubUid, { grantId: made.grantId, action: 'withdraw', verdict: 'keep', ...change });
    const by = (secret: Uint8Array, change: object = {}): Withdrawal => ({
      ...good,
      signature: new MessageKey(secret).sign(digest(change) as Hex),
    });
    expect(by(north.messageSecret)).toEqual(good);
    expect(await check({ ...good, copy: 'erase' })).toBe('not-signed');
    expect(await check(by(south.messageSecret))).toBe('not-signed');
    expect(await check(by(storemen[0]!.messageSecret))).toBe('not-signed');
    expect(await check(by(north.messageSecret, { action: 'release' }))).toBe('not-signed');
    expect(await check(by(north.messageSecret, { grantId: `0x${'12'.repeat(32)}` }))).toBe('not-signed');
    expect(await check({ ...good, grantId: `0x${'12'.repeat(32)}` })).toBe('unknown-grant');
    expect(await check(good, { role: 'A' })).toBe('unknown-grant');
  });
});
