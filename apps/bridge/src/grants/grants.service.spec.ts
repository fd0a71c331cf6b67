import { randomBytes } from 'node:crypto';
import type { BusRequests } from '@cpds/bus';
import { to0x, utf8 } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import * as hpke from '@cpds/crypto/hpke';
import { sealedBodyInfo, type Datagram, type GrantPackage, type Hex, type Terms } from '@cpds/messages';
import type { Changes } from '@cpds/outbox';
import { Consortium } from '../chains/consortium-view.js';
import type { DeedEvidence } from '../chains/deed-evidence.js';
import type { DatagramsService } from '../datagrams/datagrams.service.js';
import type { RequestsService } from '../requests/requests.service.js';
import { generateKey, operator, viewOf } from '../testing/group.js';
import { makeEvidence, makePackage, makeRequest, openPeople, type PackageChoices } from '../testing/package.js';
import type { FactsReader } from '../transfers/facts.js';
import type { TransfersService } from '../transfers/transfers.service.js';
import { GrantsService } from './grants.service.js';

const now = Math.floor(Date.now() / 1000);
const storemen = [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`).operator);
const [sign, seal] = [generateKey('sign', storemen).group, generateKey('seal', storemen).group];
const view = viewOf(storemen, { north: operator('north').operator, south: operator('south').operator }, { sign, seal });
const [home, destination] = view.hospitals as [(typeof view.hospitals)[0], (typeof view.hospitals)[0]];
const parties = { home, destination, seal };
const word = (fill: number): Hex => to0x(new Uint8Array(32).fill(fill));

/** What the hub, A's chain and identity say; a test changes one of them. */
interface World {
  anchoredAt: number | null;
  commitmentOnChain: (commitment: Hex) => Hex;
  isFinal: boolean;
  scanned: string | null;
  from: string;
}

describe('a package from the home hospital', () => {
  const people = openPeople();
  const request = makeRequest(parties, people, now);
  const stranger = openPeople();
  let keys: hpke.KeyPair;
  beforeAll(async () => {
    keys = await hpke.generateKey();
  });

  /** B's answer to the package, and the events that its row was given. */
  async function receive(content: GrantPackage, deedX: Hex, change: Partial<World> = {}) {
    const world: World = {
      anchoredAt: request.period.start,
      commitmentOnChain: (commitment) => commitment,
      isFinal: true,
      scanned: people.departmentId,
      from: 'north',
      ...change,
    };
    const raised: string[] = [];
    const transfers = {
      findById: () => Promise.resolve(null),
      raise: (_id: string, event: { type: string }) => {
        raised.push(event.type);
        return Promise.resolve({ row: {}, decision: {} });
      },
    } as unknown as TransfersService;
    const asked: string[] = [];
    const deeds = {
      anchoredAt: (account: string, origin: string, size: number) => {
        asked.push(`${account} ${origin} ${size}`);
        return Promise.resolve(account === home.logAccount ? world.anchoredAt : null);
      },
      finalCohort: (uid: string, cohort: number) => {
        const xs = [word(0xee), deedX];
        const commitments = [word(0xef), world.commitmentOnChain(content.commitment)];
        return Promise.resolve(world.isFinal && uid === home.chainUid && cohort === 0 ? { xs, commitments } : null);
      },
    } as unknown as DeedEvidence;
    const service = new GrantsService(
      {} as Changes,
      transfers,
      {
        opened: () => Promise.resolve({ row: { side: 'sent', counterparty: 'north' }, request }),
      } as unknown as RequestsService,
      {} as FactsReader,
      new Consortium('south', view),
      deeds,
      {} as DatagramsService,
      { ask: () => Promise.resolve({ departmentId: world.scanned }) } as unknown as BusRequests,
      { ring: new KeyRing(randomBytes(32)), hpke: keys.privateKey },
    );
    const info = utf8(sealedBodyInfo('grant', world.from, 'south'));
    const sealed = to0x(await hpke.seal(keys.publicKey, info, utf8(JSON.stringify(content))));
    const body = { requestId: request.requestId, sealed };
    return { answer: await service.receive({ from: world.from, body } as unknown as Datagram), raised };
  }

  const made = (choices: Partial<PackageChoices> = {}) => makePackage(parties, people, request, choices);

  it('is accepted when all of it is good', async () => {
    const { content, deedX } = made();
    expect(await receive(content, deedX)).toEqual({ answer: { outcome: 'accepted' }, raised: ['grant'] });
    const earlier = await receive(content, deedX, { anchoredAt: request.period.start - 1 });
    expect(earlier.answer).toEqual({ outcome: 'accepted' });
  });

  const provision = (change: Partial<Terms['provision']>) => (terms: Terms) => ({
    ...terms,
    provision: { ...terms.provision, ...change },
  });
  const data = (value: Hex): Terms['provision']['data'] => [
    { meaning: 'instance', reference: { identifier: { system: 'urn:cpds:commitment', value } } },
  ];
  const otherEnrolment = makeEvidence(home, people.patient, (enrolment) => ({
    enrolment: { ...enrolment, authKey: word(9) },
  }));
  const late = new Date((request.period.end + 1) * 1000).toISOString();
  // What a hostile home hospital chooses, with everything that follows from it made so that it holds.
  it.each<[string, Partial<PackageChoices>, RegExp]>([
    ['another destination', { grant: { destinationUid: word(1) } }, /grant.destinationUid/],
    ['another MappedDeeds', { grant: { mappedDeeds: `0x${'0a'.repeat(20)}` } }, /grant.mappedDeeds/],
    ['another LockedAccount', { grant: { lockedAccount: `0x${'0a'.repeat(20)}` } }, /grant.lockedAccount/],
    ['no revoker', { grant: { revoker: `0x${'00'.repeat(20)}` } }, /grant.revoker must not be zero/],
    ['an end after that of the terms', { grant: { notAfter: request.period.end + 1 } }, /grant.notAfter/],
    [
      'terms that end after what was asked for',
      { terms: provision({ period: { start: late, end: late } }) },
      /period.end/,
    ],
    ['terms for another purpose', { terms: provision({ purpose: [{ system: 's', code: 'HRESCH' }] }) }, /purpose/],
    ['terms of another record', { terms: provision({ data: data(word(2)) }) }, /terms.provision.data/],
    [
      'terms of another category',
      { terms: (terms) => ({ ...terms, category: [{ coding: [{ system: 's', code: 'imaging' }] }] }) },
      /terms.category/,
    ],
    ['terms for another department', { terms: actorOf(stranger.departmentId) }, /terms.provision.actor/],
    ['another hash of the terms', { grant: { termsHash: word(3) } }, /grant.termsHash/],
    ['another hash of the capsule', { grant: { sealedKeyHash: word(4) } }, /grant.sealedKeyHash/],
    ['no capsule', { grant: { sealedKeyHash: word(0) } }, /grant.sealedKeyHash must not be zero/],
    ['a deed that A minted to another patient', { owner: stranger.patient }, /ownershipProof/],
    ['an enrolment of another home', { enrolment: makeEvidence(destination, people.patient) }, /enrolment.homeUid/],
    ['an enrolment of another patient', { enrolment: makeEvidence(home, stranger.patient) }, /ownershipProof/],
    ['a leaf of another enrolment', { enrolment: otherEnrolment }, /enrolment.details are of another enrolment/],
    ['a leaf without an enrolment', { enrolment: makeEvidence(home, people.patient, () => ({})) }, /enrolment.details/],
  ])('with %s is refused, and closes the row', async (_, choices, reason) => {
    const { content, deedX } = made(choices);
    expect(await receive(content, deedX)).toEqual({
      answer: { outcome: 'refused', reason: expect.stringMatching(reason) },
      raised: ['grant-refused'],
    });
  });

  // One part of a good package changed afterwards.
  const other = made();
  it.each<[string, (content: GrantPackage) => Partial<GrantPackage>, RegExp]>([
    ['homeUid', () => ({ homeUid: destination.chainUid }), /homeUid/],
    ['capsule', () => ({ capsule: other.content.capsule }), /grant.sealedKeyHash/],
    ['salt', () => ({ salt: word(5) }), /grant.termsHash/],
    ['commitment', () => ({ commitment: word(6) }), /terms.provision.data/],
    ['cohort', () => ({ cohort: 1 }), /commitment is not that of a final deed/],
    ['ownership proof', () => ({ ownershipProof: other.content.ownershipProof }), /commitment is not that of a final/],
    ['proof', changedProof((proof, from) => ({ ...proof, proof: from.proof })), /ownershipProof does not tie/],
    ['shared secret', changedProof((proof, from) => ({ ...proof, sharedSecret: from.sharedSecret })), /does not tie/],
    ['spending key', changedProof((proof) => ({ ...proof, spendingKey: proof.deedKey })), /ownershipProof.spendingKey/],
    ['slot', ({ grant }) => ({ grant: { ...grant, slot: 4 } }), /capsule/],
    ['nonce', ({ grant }) => ({ grant: { ...grant, nonce: word(7) } }), /capsule/],
    ['tag', ({ grant }) => ({ grant: { ...grant, tag: other.content.grant.tag } }), /capsule/],
    ['recipient', ({ grant }) => ({ grant: { ...grant, recipientKey: grant.ephemeralKey } }), /capsule/],
  ])('with another %s is refused, and closes the row', async (_, change, reason) => {
    const { content, deedX } = made();
    expect(await receive({ ...content, ...change(content) }, deedX)).toEqual({
      answer: { outcome: 'refused', reason: expect.stringMatching(reason) },
      raised: ['grant-refused'],
    });
  });

  it.each<[string, Partial<World>, RegExp]>([
    ['the enrolment was never anchored', { anchoredAt: null }, /not anchored before the request/],
    ['it was anchored after the request', { anchoredAt: request.period.start + 1 }, /not anchored before the request/],
    ['the cohort is not final', { isFinal: false }, /not that of a final deed/],
    ['the deed commits to another record', { commitmentOnChain: () => word(8) }, /not that of a final deed/],
    ['the recipient key is nobody’s here', { scanned: null }, /not a key of the asking department/],
    ['it is another department’s', { scanned: stranger.departmentId }, /not a key of the asking department/],
  ])('is refused when %s', async (_, change, reason) => {
    const { content, deedX } = made();
    expect(await receive(content, deedX, change)).toEqual({
      answer: { outcome: 'refused', reason: expect.stringMatching(reason) },
      raised: ['grant-refused'],
    });
  });

  it('is not even opened when another hospital sends it, and is nobody’s when made for another request', async () => {
    const { content, deedX } = made();
    await expect(receive(content, deedX, { from: 'east' })).rejects.toMatchObject({ code: 'unknown-request' });
    const foreign = { ...content, requestId: makeRequest(parties, people, now).requestId };
    await expect(receive(foreign, deedX)).rejects.toMatchObject({ code: 'grant-refused', field: 'requestId' });
  });

  function actorOf(departmentId: string): PackageChoices['terms'] {
    return (terms) => {
      const [actor] = terms.provision.actor;
      const reference = { identifier: { ...actor!.reference.identifier, value: departmentId } };
      return provision({ actor: [{ ...actor!, reference }] })(terms);
    };
  }

  function changedProof(
    change: (
      proof: GrantPackage['ownershipProof'],
      from: GrantPackage['ownershipProof'],
    ) => GrantPackage['ownershipProof'],
  ) {
    return ({ ownershipProof }: GrantPackage) => ({
      ownershipProof: change(ownershipProof, other.content.ownershipProof),
    });
  }
});
