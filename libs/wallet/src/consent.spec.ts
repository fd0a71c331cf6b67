import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { fromHex, to0x, toBigInt } from '@cpds/crypto/bytes';
import { capsuleLabel, openCapsule, parseCapsule, sealedKeyHash, verifyCapsule } from '@cpds/crypto/capsule';
import { G, parseScalar, Point, pointFromHex } from '@cpds/crypto/curve';
import { termsHash } from '@cpds/crypto/deed';
import { verifyOwnership } from '@cpds/crypto/ownership';
import { combinePartials, lagrangeAtZero, releasePartial } from '@cpds/crypto/partial';
import { tagDomain, verifyRing } from '@cpds/crypto/ring';
import { oneTimeSecret, scan } from '@cpds/crypto/stealth';
import { grantDigestWithoutKey, grantId } from '@cpds/contracts';
import { Consent } from '@cpds/messages';
import { consent, freeSlot, type ConsentInput } from './consent.js';
import { checkDeed, seenDeed } from './deed-check.js';
import { checkRequest } from './request.js';
import {
  department,
  hex,
  hub,
  mint,
  north,
  now,
  own,
  parameters,
  request,
  south,
  swappedCohort,
  ySealSecret,
  departmentSecrets,
} from './testing/facts.js';
import { consentLines } from './view.js';
import { Wallet } from './wallet.js';

const wallet = new Wallet(new Uint8Array(32).fill(5));
const minted = mint(wallet);
const deed = checkDeed(wallet, minted.deed, minted.cohort);
const inputOf = (change: Partial<ConsentInput> = {}): ConsentInput => ({
  request: checkRequest(request(), own, hub, now),
  deed,
  parameters,
  minWindowSeconds: parameters.minWindowSeconds,
  hub,
  homeUid: north.chainUid,
  usedSlots: new Set(),
  now,
  ...change,
});

describe('consent', () => {
  const made = consent(wallet, inputOf(), randomBytes);
  const { grant, ringSignature, ownershipProof, capsule, terms, salt } = made.consent;
  const message = fromHex(made.grantId, 'grantId');
  const domain = tagDomain(fromHex(north.chainUid, 'uid'), fromHex(north.lockedAccount, 'account'));

  it('is a body the bridge takes, named by the digest of its grant', () => {
    expect(Consent.parse(made.consent)).toEqual(made.consent);
    expect(made.grantId).toBe(grantId(north.chainUid, grant));
  });

  it('carries a ring signature over the whole cohort with the grant’s tag', () => {
    const statement = {
      message,
      tagDomain: domain,
      slot: grant.slot,
      xs: minted.cohort.xs.map((x) => toBigInt(fromHex(x, 'x'))),
      tag: fromHex(grant.tag, 'tag'),
    };
    expect(verifyRing(statement, fromHex(ringSignature, 'ringSignature'))).toBe(true);
  });

  it('carries an ownership proof for the enrolled spending key', () => {
    const proof = {
      c: parseScalar(fromHex(ownershipProof.proof.c, 'c'), 'c'),
      s: parseScalar(fromHex(ownershipProof.proof.s, 's'), 's'),
      spendingKey: pointFromHex(ownershipProof.spendingKey, 'B'),
      sharedScalar: parseScalar(fromHex(ownershipProof.sharedSecret, 's'), 's'),
    };
    const statement = {
      deedX: deed.x,
      tagDomain: domain,
      slot: grant.slot,
      tag: pointFromHex(grant.tag, 'tag'),
      grantId: message,
    };
    expect(verifyOwnership(statement, proof, wallet.meta.spendingKey)).toBe(true);
    expect(ownershipProof.deedKey).toBe(minted.deed.deedKey);
  });

  it('binds terms, capsule and times', () => {
    expect(grant.termsHash).toBe(to0x(termsHash(fromHex(salt, 'salt'), terms)));
    expect(grant.sealedKeyHash).toBe(to0x(sealedKeyHash(fromHex(capsule, 'capsule'))));
    const label = capsuleLabel(
      fromHex(grantDigestWithoutKey(north.chainUid, grant), 'digest'),
      fromHex(north.sealKeyId, 'keyId'),
      G.multiply(ySealSecret),
    );
    expect(verifyCapsule(parseCapsule(fromHex(capsule, 'capsule')), label)).toBe(true);
    expect(grant).toMatchObject({ lockBefore: now + 30, mintBefore: now + 60, notAfter: now + 3600 });
    expect(terms.provision.data[0]!.reference.identifier.value).toBe(minted.deed.commitment);
  });

  it('is opened by the department with t partials, and its key by nobody else', () => {
    const recipientKey = pointFromHex(grant.recipientKey, 'Q');
    const sharedScalar = scan(departmentSecrets.viewing, department.spendingKey, {
      ephemeralKey: pointFromHex(grant.ephemeralKey, 'R'),
      viewTag: Number(grant.viewTag),
      key: recipientKey,
    });
    const recipientSecret = oneTimeSecret(departmentSecrets.spending, sharedScalar!);
    const sealed = parseCapsule(fromHex(capsule, 'capsule'));
    const ySeal = G.multiply(ySealSecret);
    const digest = fromHex(grantDigestWithoutKey(north.chainUid, grant), 'digest');
    const label = capsuleLabel(digest, fromHex(north.sealKeyId, 'keyId'), ySeal);
    const openWith = (W: typeof ySeal) => openCapsule({ capsule: sealed, label, recipientSecret, ySeal, W });

    // f(z) = y + 3z + 5z²: members 1, 3, 4 of five
    const share = (i: bigint) => ySealSecret + 3n * i + 5n * i * i;
    const context = {
      grantId: message,
      epoch: 1,
      sealedKeyHash: fromHex(grant.sealedKeyHash, 'hash'),
      C: sealed.C,
      recipientKey,
    };
    const partials = [1, 3, 4].map((i) => releasePartial(context, i, share(BigInt(i)), randomBytes));
    expect(openWith(combinePartials(partials, 3))).toEqual(minted.fileKey);
    const two = partials.slice(0, 2).map((partial) => partial.W.multiply(lagrangeAtZero(partial.index, [1, 3])));
    const short = two.reduce((sum, term) => sum.add(term), Point.ZERO);
    expect(() => openWith(short)).toThrow('W: does not open this capsule');
  });

  it('repeats nothing: two consents share no slot, key, nonce, revoker or capsule', () => {
    const other = consent(wallet, inputOf({ usedSlots: new Set([grant.slot]) }), randomBytes).consent.grant;
    for (const field of ['nonce', 'slot', 'tag', 'recipientKey', 'ephemeralKey', 'revoker', 'sealedKeyHash'] as const)
      expect(other[field]).not.toBe(grant[field]);
  });

  it('ends when the patient says, never after the request', () => {
    const ends = (until: number) => consent(wallet, inputOf({ until }), randomBytes).consent.grant.notAfter;
    expect(ends(now + 600)).toBe(now + 600);
    expect(ends(now + 9000)).toBe(now + 3600);
    expect(() => ends(now + 40)).toThrow('until leaves no time');
  });

  it('gives a slow consortium its time', () => {
    const slow = { ...hub, wSeconds: 100 };
    const { grant: waiting } = consent(wallet, inputOf({ hub: slow }), randomBytes).consent;
    expect(waiting.mintBefore).toBe(now + 30 + 120);
    const policy = { extraLockSeconds: 7, extraMintSeconds: 120 };
    const { grant: later } = consent(wallet, inputOf({ policy }), randomBytes).consent;
    expect(later).toMatchObject({ lockBefore: now + 30 + 7, mintBefore: now + 60 + 7 + 120 });
  });
});

describe('consent is refused', () => {
  const attempt = (change: Partial<ConsentInput>) => () => consent(wallet, inputOf(change), randomBytes);

  it('for a record of another category', () => {
    const other = checkRequest(request({ category: 'oncology' }), own, hub, now);
    expect(attempt({ request: other })).toThrow('request.category is not that of the record');
  });

  it('for parameters that the hub or the clock contradicts', () => {
    const bent = (change: object) => attempt({ parameters: { ...parameters, ...change } });
    expect(bent({ homeUid: hex(7) })).toThrow('parameters.homeUid is not the chain pinned at enrolment');
    expect(bent({ hubUid: hex(7) })).toThrow('parameters.hubUid is not the hub pinned at enrolment');
    expect(bent({ lockedAccount: hex(7, 20) })).toThrow('parameters.lockedAccount is not the one the hub names');
    expect(bent({ minWindowSeconds: 86_400 })).toThrow('parameters.minWindowSeconds is not what LockedAccount holds');
    expect(bent({ homeTime: now + 31 })).toThrow('parameters.homeTime is ahead of the own clock');
    expect(bent({ homeTime: now - 41 })).toThrow('parameters.homeTime is stale');
  });

  it('with the window of the contract, not the hospital’s', () => {
    const long = { parameters: { ...parameters, minWindowSeconds: 600 }, minWindowSeconds: 600 };
    const { grant } = consent(wallet, inputOf(long), randomBytes).consent;
    expect(grant.mintBefore - grant.lockBefore).toBe(600);
  });

  it('when the two ends use different group keys, or one the hub does not name', () => {
    const other = { ...south, sealKeyId: hex(8) };
    expect(attempt({ request: { ...checkRequest(request(), own, hub, now), from: other } })).toThrow(
      'north and south use different group keys',
    );
    expect(attempt({ hub: { ...hub, sealing: [] } })).toThrow('the hub names no group with the sealing key');
  });

  it('when the deed has no slot left', () => {
    const all = new Set(Array.from({ length: 256 }, (_, slot) => slot));
    expect(attempt({ usedSlots: all })).toThrow('this deed has no unused slot');
  });
});

describe('slots', () => {
  it('are drawn among the unused only, each reachable', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(255), { minLength: 0, maxLength: 255 }), (used) => {
        expect(used).not.toContain(freeSlot(new Set(used), randomBytes));
      }),
    );
    const used = new Set(Array.from({ length: 253 }, (_, slot) => slot));
    const drawn = new Set(Array.from({ length: 200 }, () => freeSlot(used, randomBytes)));
    expect([...drawn].sort()).toEqual([253, 254, 255]);
  });
});

describe('a deed', () => {
  const refused =
    (change: object, cohort = minted.cohort) =>
    () =>
      checkDeed(wallet, { ...minted.deed, ...change }, cohort);

  it('opens to its file key and knows its ring', () => {
    expect(deed.fileKey).toEqual(minted.fileKey);
    expect(deed.xs).toHaveLength(16);
    expect(G.multiply(deed.secret).toAffine().x).toBe(deed.x);
  });

  it('is the one the patient saw, not another that took its record’s id', () => {
    const other = { ...mint(wallet).deed, recordId: minted.deed.recordId };
    expect(seenDeed([other, minted.deed], minted.deed)).toBe(minted.deed);
    expect(() => seenDeed([other], minted.deed)).toThrow('the hospital no longer shows the deed that was chosen');
  });

  it('is refused when it is another’s, or its facts do not give the commitment', () => {
    expect(() => checkDeed(new Wallet(new Uint8Array(32)), minted.deed, minted.cohort)).toThrow(
      'deedKey is no key of this wallet',
    );
    for (const change of [
      { payloadHash: hex(1) },
      { salt: hex(1) },
      { metadata: { ...minted.deed.metadata, sizeBytes: 1 } },
      { commitment: hex(1) },
    ])
      expect(refused(change)).toThrow('commitment is not that of payload, key and metadata');
    expect(refused({ header: mint(wallet).deed.header })).toThrow(
      'commitment is not that of payload, key and metadata',
    );
    expect(refused({ header: mint(new Wallet(new Uint8Array(32))).deed.header })).toThrow('opens no stanza');
  });

  it('is refused when the chain holds another cohort, or another commitment with this key', () => {
    expect(refused({}, { ...minted.cohort, word: hex(1) })).toThrow('cohort is not what the registry holds');
    expect(refused({ commitmentsHash: hex(1) })).toThrow('commitmentsHash is not that of the cohort');
    const other = mint(wallet);
    expect(refused({ commitmentsHash: other.deed.commitmentsHash, xs: other.deed.xs }, other.cohort)).toThrow(
      'deedKey is not in the cohort',
    );
    // The hospital shows a genuine deed of the patient, but minted its key with a neighbour's commitment.
    const place = minted.cohort.xs.findIndex((x) => toBigInt(fromHex(x, 'x')) === deed.x);
    const swapped = swappedCohort(minted.cohort, place);
    expect(refused({ commitmentsHash: swapped.hash }, swapped.cohort)).toThrow(
      'commitment is not the one minted with this key',
    );
  });
});

describe('what the patient reads', () => {
  it('says who, what, why, until when, and what a revocation cannot do', () => {
    const lines = consentLines(checkRequest(request(), own, hub, now), deed, now + 3600);
    expect(lines).toEqual([
      'About: P-1 (urn:oid:1)',
      'Who: Cardiology, south',
      'What: one record, cardiology (application/fhir+json, 1000 bytes)',
      'Why: treatment',
      'Until: 2027-01-15T09:00:00.000Z',
      'You can revoke at any time before then, at any bridge; your hospital is not needed for it.',
      'Revoking cannot take back a key that was already released: who has opened the record may have kept a copy.',
      'After such a revocation your hospital encrypts the record anew; the old object stays until its other grants end.',
      'In public this consent could be that of any of 16 deeds, of which 5 are of different patients.',
    ]);
  });

  it('warns of a small crowd and lets no name hide a line', () => {
    const evil = checkRequest(
      request({ department: { id: '5b2c5f54-2a40-4f5e-8b06-0c4b8f5b0b11', name: 'A\u001b[2K\nB' } }),
      own,
      hub,
      now,
    );
    const lines = consentLines(evil, { ...deed, deed: { ...deed.deed, ringReal: 1 } }, now);
    expect(lines[1]).toBe('Who: A?[2K?B, south');
    expect(lines.at(-1)).toContain('Few patients share this cohort');
  });
});
