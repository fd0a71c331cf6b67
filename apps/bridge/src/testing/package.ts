/** A request of south, and the package that north makes of a patient's consent to it: all of it good until a test changes a part. */

import { randomBytes, randomUUID } from 'node:crypto';
import { fromHex, to0x, toBigInt, u256, utf8 } from '@cpds/crypto/bytes';
import { sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
import { compressed, pointFromHex } from '@cpds/crypto/curve';
import { termsHash } from '@cpds/crypto/deed';
import { proveOwnership } from '@cpds/crypto/ownership';
import { tagBase, tagDomain, tagOf } from '@cpds/crypto/ring';
import { formatMetaAddress, metaAddressOf, newDeedKey, newOneTimeKey, oneTimeSecret } from '@cpds/crypto/stealth';
import * as tlog from '@cpds/crypto/tlog';
import {
  capsuleLabel,
  enrolmentDigest,
  grantDigestWithoutKey,
  grantId as grantIdOf,
  signDigest,
  type Grant,
  type Hex,
} from '@cpds/contracts';
import {
  canonicalJson,
  eventCommitment,
  events,
  type EnrolmentEvidence,
  type GrantPackage,
  type ShareRequest,
  type Terms,
} from '@cpds/messages';
import type { Group, Hospital } from '../chains/consortium-view.js';
import { logOrigin } from '../grants/enrolment-evidence.js';

const random = (length = 32): Uint8Array => new Uint8Array(randomBytes(length));
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const systemOf = (name: string): string => `urn:test:${name}`;

/** The two hospitals and the group that capsules are made for. */
export interface Parties {
  home: Hospital;
  destination: Hospital;
  seal: Group;
}

/** A patient with the keys of its wallet, and one department of south. */
export function openPeople() {
  const patient = { spending: toBigInt(random(31)), viewing: toBigInt(random(31)) };
  const department = { spending: toBigInt(random(31)), viewing: toBigInt(random(31)) };
  return { patient, department, departmentId: randomUUID() };
}

export type People = ReturnType<typeof openPeople>;

/** What south asked for at `now`, seconds. */
export function makeRequest({ destination }: Parties, people: People, now: number): ShareRequest {
  return {
    requestId: randomUUID(),
    patient: { system: systemOf('mrn'), value: '1' },
    category: 'laboratory',
    department: { id: people.departmentId, name: 'Cardiology' },
    metaAddress: formatMetaAddress(metaAddressOf(people.department)) as ShareRequest['metaAddress'],
    purpose: 'TREAT',
    period: { start: now, end: now + 86_400 },
    requestExpires: now + 3_600,
    destinationUid: destination.chainUid,
    mappedDeeds: destination.mappedDeeds!,
  };
}

/** The terms a wallet would write for this request and deed. */
export function makeTerms(request: ShareRequest, commitment: Hex): Terms {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: { coding: [{ system: systemOf('scope'), code: 'patient-privacy' }] },
    category: [{ coding: [{ system: systemOf('category'), code: request.category }] }],
    dateTime: iso(request.period.start),
    provision: {
      type: 'permit',
      period: { start: iso(request.period.start), end: iso(request.period.end) },
      actor: [
        {
          role: { coding: [{ system: systemOf('role'), code: 'IRCP' }] },
          reference: { identifier: { system: systemOf('department'), value: request.department.id } },
        },
      ],
      purpose: [{ system: systemOf('purpose'), code: request.purpose }],
      data: [{ meaning: 'instance', reference: { identifier: { system: 'urn:cpds:commitment', value: commitment } } }],
    },
  };
}

/** Evidence of an enrolment in a log with this one leaf, whose details say `told`. */
export function makeEvidence(
  home: Hospital,
  people: People['patient'],
  told: (enrolment: EnrolmentEvidence['enrolment']) => Record<string, unknown> = (enrolment) => ({ enrolment }),
): EnrolmentEvidence {
  const { spendingKey, viewingKey } = metaAddressOf(people);
  const enrolment = {
    homeUid: home.chainUid,
    spendingKey: to0x(compressed(spendingKey)),
    viewingKey: to0x(compressed(viewingKey)),
    ageRecipient: `age1${'q'.repeat(58)}`,
    authKey: to0x(random()),
  };
  const [details, salt] = [told(enrolment), to0x(random())];
  const leaf = canonicalJson({ type: events.patientEnrolled, commitment: eventCommitment(salt, details) });
  const root = tlog.leafHash(utf8(leaf));
  return {
    enrolment,
    signature: signDigest(people.spending, enrolmentDigest(enrolment) as Hex),
    leaf,
    salt,
    details,
    leafIndex: 0,
    proof: [],
    checkpoint: `${tlog.formatCheckpoint({ origin: logOrigin(home.party), size: 1, root })}\n— ${home.party} sig\n`,
  };
}

/** Fields that a hostile home hospital chooses; everything that follows from them is made anew and holds. */
export interface PackageChoices {
  grant: Partial<Grant>;
  terms: (terms: Terms) => Terms;
  /** whose deed it is; the enrolled patient's unless said otherwise */
  owner: People['patient'];
  enrolment: EnrolmentEvidence;
}

/** The package, its deed's x and secret, and the grant's id. */
export function makePackage(
  { home, destination, seal }: Parties,
  people: People,
  request: ShareRequest,
  choices: Partial<PackageChoices> = {},
): { content: GrantPackage; deedX: Hex; deedSecret: bigint; grantId: Hex } {
  const owner = choices.owner ?? people.patient;
  const commitment = to0x(random());
  const [terms, salt, slot] = [(choices.terms ?? ((same) => same))(makeTerms(request, commitment)), random(), 3];
  const deed = newDeedKey(metaAddressOf(owner), random);
  const deedX = deed.key.toAffine().x;
  const lockedAccount = choices.grant?.lockedAccount ?? home.lockedAccount!;
  const domain = tagDomain(fromHex(home.chainUid, 'uid', 32), fromHex(lockedAccount, 'lockedAccount', 20));
  const deedSecret = oneTimeSecret(owner.spending, deed.sharedScalar);
  const tag = tagOf(tagBase(domain, deedX, slot), deedSecret);
  const recipient = newOneTimeKey(metaAddressOf(people.department), random);
  const { start } = request.period;
  const draft: Grant = {
    nonce: to0x(random()),
    lockedAccount,
    destinationUid: destination.chainUid,
    mappedDeeds: destination.mappedDeeds!,
    slot,
    tag: to0x(compressed(tag)),
    recipientKey: to0x(compressed(recipient.key)),
    ephemeralKey: to0x(compressed(recipient.ephemeralKey)),
    viewTag: to0x(Uint8Array.of(recipient.viewTag)),
    revoker: to0x(random(20)),
    termsHash: to0x(termsHash(salt, terms)),
    lockBefore: start + 60,
    mintBefore: start + 120,
    notAfter: request.period.end,
    ...choices.grant,
    sealedKeyHash: `0x${'00'.repeat(32)}`,
  };
  const ySeal = pointFromHex(seal.y, 'y');
  const label = capsuleLabel(grantDigestWithoutKey(home.chainUid, draft), seal.keyId, ySeal.toAffine());
  const recipientKey = pointFromHex(draft.recipientKey, 'recipientKey');
  const sealing = { fileKey: random(16), label: fromHex(label, 'label', 32), recipientKey, ySeal };
  const capsule = sealCapsule(sealing, random);
  const grant = { ...draft, sealedKeyHash: choices.grant?.sealedKeyHash ?? to0x(sealedKeyHash(capsule)) };
  const grantId = grantIdOf(home.chainUid, grant);
  const statement = { deedX, tagDomain: domain, slot, tag, grantId: fromHex(grantId, 'grantId', 32) };
  const proof = proveOwnership(statement, owner.spending, deed.sharedScalar, random);
  return {
    content: {
      requestId: request.requestId,
      homeUid: home.chainUid,
      grant,
      capsule: to0x(capsule),
      terms,
      salt: to0x(salt),
      ownershipProof: {
        deedKey: to0x(compressed(deed.key)),
        spendingKey: to0x(compressed(proof.spendingKey)),
        sharedSecret: to0x(u256(deed.sharedScalar)),
        proof: { c: to0x(u256(proof.c)), s: to0x(u256(proof.s)) },
      },
      enrolment: choices.enrolment ?? makeEvidence(home, people.patient),
      cohort: 0,
      commitment,
    },
    deedX: to0x(u256(deedX)),
    deedSecret,
    grantId,
  };
}
