import { randomBytes, randomUUID } from 'node:crypto';
import type { BusRequests } from '@cpds/bus';
import { to0x, u256, utf8 } from '@cpds/crypto/bytes';
import { G } from '@cpds/crypto/curve';
import { KeyRing } from '@cpds/crypto/custody';
import * as hpke from '@cpds/crypto/hpke';
import { expandRing, signRing } from '@cpds/crypto/ring';
import { sealedBodyInfo, type Consent, type Datagram, type DeedAnswer, type Hex } from '@cpds/messages';
import type { Changes } from '@cpds/outbox';
import type { z } from 'zod';
import { Consortium } from '../chains/consortium-view.js';
import type { DeedEvidence } from '../chains/deed-evidence.js';
import type { DatagramsService } from '../datagrams/datagrams.service.js';
import type { RequestsService } from '../requests/requests.service.js';
import { generateKey, operator, viewOf } from '../testing/group.js';
import { makeEvidence, makePackage, makeRequest, openPeople, type PackageChoices } from '../testing/package.js';
import { factsOf } from '../testing/scripted-facts.js';
import type { Facts, FactsReader } from '../transfers/facts.js';
import { ringOf } from '../transfers/grant-checks.js';
import type { TransferRow } from '../transfers/transfer.row.js';
import type { TransfersService } from '../transfers/transfers.service.js';
import { GrantsService } from './grants.service.js';

const now = Math.floor(Date.now() / 1000);
const storemen = [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`).operator);
const [sign, seal] = [generateKey('sign', storemen).group, generateKey('seal', storemen).group];
const view = viewOf(storemen, { north: operator('north').operator, south: operator('south').operator }, { sign, seal });
const [home, destination] = view.hospitals as [(typeof view.hospitals)[0], (typeof view.hospitals)[0]];
const parties = { home, destination, seal };
const people = openPeople();
const stranger = openPeople();
const request = makeRequest(parties, people, now);
const patientId = randomUUID();
const word = (fill: number): Hex => to0x(new Uint8Array(32).fill(fill));
const strangers = Array.from({ length: 15 }, (_, i) => to0x(u256(G.multiply(BigInt(i + 2)).toAffine().x)));

/** What the wallet sends, and what records and identity say of it. */
function consented(choices: Partial<PackageChoices> = {}) {
  const { content, deedX, deedSecret, grantId } = makePackage(parties, people, request, choices);
  const { grant, capsule, terms, salt, ownershipProof, enrolment, commitment } = content;
  const xs = [...strangers, deedX];
  const ringSignature = to0x(signRing(ringOf(home.chainUid, grant, xs), deedSecret, (length) => randomBytes(length)));
  const consent: z.infer<typeof Consent> = { grant, capsule, terms, salt, ownershipProof, ringSignature };
  const deed = { x: deedX, xs, cohort: 0, commitment, category: request.category, patientId, current: true };
  return { consent, deed: deed as unknown as NonNullable<DeedAnswer>, enrolment, grantId, content };
}

type Made = ReturnType<typeof consented>;

/** What A knows; a test changes a part. */
interface World {
  asked: { side: string; patientId: string; denied: boolean };
  row: Partial<TransferRow> | null;
  deed: Partial<NonNullable<DeedAnswer>> | null;
  enrolment: Made['enrolment'] | null;
  facts: (facts: Facts) => void;
  isDecided: boolean;
}

/** A's node in this world, and what it does. */
function open({ deed, enrolment }: Made, change: Partial<World> = {}) {
  const asked = { side: 'received', patientId, denied: false, ...change.asked };
  const fresh = { state: 'requested', grantId: null, requestExpires: String(now + 60) };
  const raised: { type: string; accepted?: boolean; fields?: Record<string, unknown> }[] = [];
  const sent: { to: string; kind: string; grantId: string; deadline: number; body: { sealed: Hex } }[] = [];
  const facts = factsOf(now, 'none', 'none');
  facts.home!.tagUsed = false;
  change.facts?.(facts);
  const transfers = {
    findById: () => Promise.resolve(change.row === null ? null : { ...fresh, ...change.row }),
    findByGrant: (grantId: string, role: string) => Promise.resolve(role === 'A' && grantId === word(1) ? fresh : null),
    raise: (_id: string, event: { type: string }, _facts: Facts, fields?: Record<string, unknown>) => {
      raised.push({ ...event, ...(fields && { fields }) });
      return Promise.resolve({ row: {}, decision: change.isDecided === false ? null : {} });
    },
  } as unknown as TransfersService;
  const answers: Record<string, unknown> = {
    'records.deed': change.deed === null ? null : { ...deed, ...change.deed },
    'identity.enrolment-evidence': change.enrolment === undefined ? enrolment : change.enrolment,
  };
  const service = new GrantsService(
    { commit: (work: (tx: object) => Promise<unknown>) => work({}) } as unknown as Changes,
    transfers,
    { opened: () => Promise.resolve({ row: asked, request }) } as unknown as RequestsService,
    { gather: () => Promise.resolve(facts) } as unknown as FactsReader,
    new Consortium('north', view),
    {} as DeedEvidence,
    {
      send: async (_tx: object, datagram: (typeof sent)[0]) => void sent.push(datagram),
    } as unknown as DatagramsService,
    { ask: (subject: string) => Promise.resolve(answers[subject]) } as unknown as BusRequests,
    { ring: new KeyRing(new Uint8Array(32).fill(5)), hpke: new Uint8Array(32) } as never,
  );
  return { service, raised, sent };
}

const give = (made: Made, world: Partial<World> = {}, consent = made.consent) => {
  const { service, raised } = open(made, world);
  return { given: service.consent(request.requestId, patientId, consent), raised };
};
const good = consented();

describe("a patient's consent", () => {
  it('is stored with what B and the lock need', async () => {
    const { given, raised } = give(good);
    expect(await given).toBe(good.grantId);
    const { grant, capsule, ringSignature } = good.consent;
    const { commitment } = good.deed;
    const fields = { grantId: good.grantId, grant, capsule, ringSignature, commitment };
    expect(raised).toMatchObject([{ type: 'consent', fields }]);
  });

  it('is answered alike when it comes again, and stored once', async () => {
    const { given, raised } = give(good, { row: { state: 'locked', grantId: good.grantId } });
    expect(await given).toBe(good.grantId);
    expect(raised).toEqual([]);
  });

  it.each<[string, Partial<World>, string]>([
    ['the request is one that this hospital made', { asked: asking({ side: 'sent' }) }, 'unknown-request'],
    ['the request is about another patient', { asked: asking({ patientId: randomUUID() }) }, 'unknown-request'],
    ['the request was denied', { asked: asking({ denied: true }) }, 'request-over'],
    ['another consent answered the request', { row: { state: 'consented', grantId: word(2) } }, 'request-over'],
    ['the request has expired', { row: { requestExpires: String(now - 1) } }, 'request-over'],
    ['there is no row of the request', { row: null }, 'request-over'],
    ['the row closes meanwhile', { isDecided: false }, 'request-over'],
    ['the enrolment is not anchored', { enrolment: null }, 'enrolment-not-anchored'],
    ['the own chain cannot be relied on', { facts: (facts) => delete facts.home }, 'chain-unavailable'],
    ['the tag is used', { facts: (facts) => (facts.home!.tagUsed = true) }, 'tag-used'],
    ['the head shows a lock of it', { facts: (facts) => (facts.home!.head.status = 'locked') }, 'tag-used'],
  ])('is refused when %s', async (_, world, code) => {
    await expect(give(good, world).given).rejects.toMatchObject({ code });
  });

  it.each<[string, Partial<World>, string]>([
    ['records know no such deed', { deed: null }, 'ownershipProof.deedKey'],
    ['the deed is of another patient', { deed: { patientId: randomUUID() } }, 'ownershipProof.deedKey'],
    ['the deed is no current one', { deed: { current: false } }, 'ownershipProof.deedKey'],
    ['the deed is another', { deed: { x: strangers[0]! } }, 'ownershipProof.deedKey'],
    ['the record is another', { deed: { commitment: word(3) } }, 'terms.provision.data'],
    ['the record is of another category', { deed: { category: 'imaging' } }, 'terms.provision.data'],
    ['the cohort is another', { deed: { xs: [...good.deed.xs].reverse() } }, 'ringSignature'],
    [
      'the patient enrolled with another key',
      { enrolment: makeEvidence(home, stranger.patient) },
      'ownershipProof.spendingKey',
    ],
    ['lockBefore has come', { facts: (facts) => (facts.home!.head.block.timestamp = now + 60) }, 'grant.lockBefore'],
  ])('is refused by field when %s', async (_, world, field) => {
    const { given, raised } = give(good, world);
    await expect(given).rejects.toMatchObject({ code: 'grant-refused', field });
    expect(raised).toEqual([]);
  });

  const other = consented();
  it.each<[string, () => Made, string]>([
    ['no revoker', () => consented({ grant: { revoker: `0x${'00'.repeat(20)}` } }), 'grant.revoker'],
    [
      'another LockedAccount',
      () => consented({ grant: { lockedAccount: `0x${'0a'.repeat(20)}` } }),
      'grant.lockedAccount',
    ],
    ['another destination', () => consented({ grant: { destinationUid: word(4) } }), 'grant.destinationUid'],
    [
      'no time to lock, vouch and mint',
      () => consented({ grant: { lockBefore: now + 1, mintBefore: now + 29 } }),
      'grant.mintBefore',
    ],
    ['an end before its mapping', () => consented({ grant: { notAfter: now + 120 } }), 'grant.mintBefore'],
    [
      'the proof of another deed',
      () => ({
        ...good,
        consent: {
          ...good.consent,
          ownershipProof: { ...good.consent.ownershipProof, proof: other.consent.ownershipProof.proof },
        },
      }),
      'ownershipProof',
    ],
    [
      'another capsule',
      () => ({ ...good, consent: { ...good.consent, capsule: other.consent.capsule } }),
      'grant.sealedKeyHash',
    ],
    [
      'another ring signature',
      () => ({ ...good, consent: { ...good.consent, ringSignature: other.consent.ringSignature } }),
      'ringSignature',
    ],
  ])('with %s is refused', async (_, make, field) => {
    const { given, raised } = give(make());
    await expect(given).rejects.toMatchObject({ code: 'grant-refused', field });
    expect(raised).toEqual([]);
  });

  it('is taken with just the time that lock, vouches and mint need', async () => {
    const short = consented({ grant: { lockBefore: now + 1, mintBefore: now + 30, notAfter: now + 31 } });
    expect(await give(short).given).toBe(short.grantId);
  });

  it('keeps what the lock is checked by until it is asked for, and computes it again afterwards', async () => {
    const { service } = open(good);
    await service.consent(request.requestId, patientId, good.consent);
    const ring = ringOf(home.chainUid, good.consent.grant, good.deed.xs);
    const kept = service.witnessOf(good.grantId, { ...ring, slot: ring.slot + 1 }, good.consent.ringSignature);
    const witness = expandRing(ring, new Uint8Array(Buffer.from(good.consent.ringSignature.slice(2), 'hex')));
    expect(kept).toEqual(witness);
    expect(service.witnessOf(good.grantId, ring, good.consent.ringSignature)).toEqual(witness);
    expect(() =>
      service.witnessOf(good.grantId, { ...ring, slot: ring.slot + 1 }, good.consent.ringSignature),
    ).toThrow();
  });
});

describe('a package on its way to B', () => {
  it('is what the patient consented to, sealed for B, until it is too late to lock', async () => {
    const keys = await hpke.generateKey();
    destination.hpkeKey = to0x(keys.publicKey);
    const { service, raised, sent } = open(good);
    await service.consent(request.requestId, patientId, good.consent);
    const { sealedPackage } = raised[0]!.fields as { sealedPackage: string };
    const row = { id: request.requestId, grantId: good.grantId, destination: 'south', sealedPackage } as TransferRow;
    expect(await service.send(row)).toEqual({ done: false, waitsFor: 'south to accept the grant' });
    const { body, ...datagram } = sent[0]!;
    const deadline = good.consent.grant.lockBefore;
    expect(datagram).toEqual({ to: 'south', kind: 'grant', grantId: good.grantId, deadline });
    const info = utf8(sealedBodyInfo('grant', 'north', 'south'));
    const opened = await hpke.open(keys.privateKey, info, new Uint8Array(Buffer.from(body.sealed.slice(2), 'hex')));
    const { homeUid, cohort } = good.content;
    expect(JSON.parse(new TextDecoder().decode(opened))).toEqual({ ...good.content, homeUid, cohort });
    expect(service.packageOf(row)).toEqual(good.content);
  });

  it('is none of a row that holds none', () => {
    const { service } = open(good);
    expect(() => service.packageOf({ sealedPackage: null } as TransferRow)).toThrow(/holds no grant package/);
  });

  it.each<[string, unknown, boolean]>([
    ['B accepted it', { outcome: 'accepted' }, true],
    ['B refused it', { outcome: 'refused', reason: 'no' }, false],
    ['B refused the datagram', { refused: { code: 'x', message: 'y' } }, false],
  ])('is answered when %s', async (_, body, accepted) => {
    const { service, raised } = open(good);
    await service.answered(word(1), { body } as unknown as Datagram);
    expect(raised).toEqual([{ type: 'answer', accepted }]);
  });

  it('is answered by nobody for a grant that is not known', async () => {
    const { service, raised } = open(good);
    await service.answered(word(2), { body: { outcome: 'accepted' } } as unknown as Datagram);
    expect(raised).toEqual([]);
  });
});

function asking(change: Partial<World['asked']>): World['asked'] {
  return { side: 'received', patientId, denied: false, ...change };
}
