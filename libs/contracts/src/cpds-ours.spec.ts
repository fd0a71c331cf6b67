/**
 * `crypto/vectors/cpds-v1-ours.json`: section 12 by this project's code in the shape of cpds-v1.json, so that another
 * implementation can check it (make/verify.py does). Here and not in crypto because the typed messages are made here.
 *
 * Everything follows from fixed seeds. After a deliberate change of the protocol: CPDS_WRITE_VECTORS=1, then read the difference.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ascii, concat, fromHex, to0x, toHex, u256 } from '@cpds/crypto/bytes';
import { canonicalText } from '@cpds/crypto/canonical-json';
import { capsuleLabel, parseCapsule, proveOpen, sealCapsule, sealedKeyHash } from '@cpds/crypto/capsule';
import {
  addressOf,
  compressed,
  G,
  hedgedScalar,
  N,
  type Point,
  scalarBytes,
  scalarFrom48,
  xy,
} from '@cpds/crypto/curve';
import { keyCommit, recordCommitment, termsHash } from '@cpds/crypto/deed';
import { type DleqProof, proveDleq } from '@cpds/crypto/dleq';
import { chainUid, hkdfSha256, sha256 } from '@cpds/crypto/hash';
import { proveOwnership } from '@cpds/crypto/ownership';
import { lagrangeAtZero, releasePartial } from '@cpds/crypto/partial';
import { gBar, ringHash, signRing, tagBase, tagDomain, tagOf } from '@cpds/crypto/ring';
import {
  formatMetaAddress,
  metaAddressOf,
  newDeedKey,
  newOneTimeKey,
  oneTimeKey,
  oneTimeSecret,
} from '@cpds/crypto/stealth';
import {
  answerDigest,
  fetchDigest,
  giveBackDigest,
  grantDigestWithoutKey,
  grantId as grantIdOf,
  keyIdOf,
  mintDigest,
  notMappedDigest,
  partialDigest,
  revokeDigest,
  type Grant,
  type Hex,
} from './index.js';

const file = fileURLToPath(new URL('../../crypto/vectors/cpds-v1-ours.json', import.meta.url));

const bytes = (name: string, length = 32): Uint8Array => hkdfSha256(ascii('cpds-v1-ours'), ascii(name), length);
const scalar = (name: string): bigint => scalarFrom48(bytes(name, 48), name);
const hexOf = (value: Point | bigint): string =>
  toHex(typeof value === 'bigint' ? scalarBytes(value) : compressed(value));
const bare = (digest: Hex): string => digest.slice(2);
const proofOf = ({ c, s }: DleqProof) => ({ c: hexOf(c), s: hexOf(s) });

let drawn = 0;
/** The next fixed bytes, which stand for randomness here. */
const random = (length: number): Uint8Array => bytes(`random ${drawn++}`, length);

const chainId = 7702;
const genesisHash = bytes('genesis');
const homeUid = chainUid(chainId, genesisHash);
const lockedAccount = bytes('locked account', 20);
const domain = tagDomain(homeUid, lockedAccount);
const patient = { spending: scalar('patient spending'), viewing: scalar('patient viewing') };

/** A fresh deed of the patient, its secret with it. */
function deed() {
  const made = newDeedKey(metaAddressOf(patient), random);
  return { ...made, x: made.key.toAffine().x, secret: oneTimeSecret(patient.spending, made.sharedScalar) };
}

function signedRing(size: number, index: number, slot: number) {
  const deeds = Array.from({ length: size }, deed);
  const xs = deeds.map(({ x }) => x);
  const { secret } = deeds[index]!;
  const message = bytes(`message ${slot}`);
  const tag = compressed(tagOf(tagBase(domain, xs[index]!, slot), secret));
  const compact = signRing({ message, tagDomain: domain, slot, xs, tag }, secret, random);
  const word = (at: number) => toHex(compact.slice(at, at + 32));
  return {
    message: toHex(message),
    slot,
    ring: xs.map((x) => toHex(u256(x))),
    secretIndex: index,
    secret: hexOf(secret),
    ringHash: toHex(ringHash(slot, xs)),
    tag: toHex(tag),
    c0: word(33),
    s: xs.map((_, i) => word(65 + 32 * i)),
  };
}

function invalidRings() {
  const { secret: _secret, secretIndex: _index, ringHash: _hash, ...good } = signedRing(2, 1, 3);
  const flip = (text: string) => text.replace(/^0(.)/, (_, parity) => `0${5 - Number(parity)}`);
  return [
    { why: 'tag negated', ...good, tag: flip(good.tag) },
    { why: 'a scalar equal to the order', ...good, s: [good.s[0]!, toHex(u256(N))] },
    { why: 'a scalar of zero', ...good, s: [toHex(u256(0n)), good.s[1]!] },
    { why: 'ring order changed', ...good, ring: [...good.ring].reverse() },
    { why: 'another slot', ...good, slot: 4 },
  ];
}

function equalLogarithm(use: 'own' | 'seal' | 'open' | 'part') {
  const [witness, B, message] = [scalar(`witness ${use}`), G.multiply(scalar(`base ${use}`)), bytes(`message ${use}`)];
  const statement = { use, A: G, X: G.multiply(witness), B, Z: B.multiply(witness), message };
  const points = { A: hexOf(G), X: hexOf(statement.X), B: hexOf(B), Z: hexOf(statement.Z) };
  return {
    use,
    message: toHex(message),
    witness: hexOf(witness),
    ...points,
    ...proofOf(proveDleq(statement, witness, random)),
  };
}

function account(index: number) {
  const secrets = { viewing: scalar(`viewing ${index}`), spending: scalar(`spending ${index}`) };
  const meta = metaAddressOf(secrets);
  const ephemeral = scalar(`ephemeral ${index}`);
  const { key, ephemeralKey, viewTag, address, sharedScalar } = oneTimeKey(meta, ephemeral);
  return {
    deedKey: (key.toAffine().y & 1n) === 0n,
    viewing: hexOf(secrets.viewing),
    spending: hexOf(secrets.spending),
    meta: formatMetaAddress(meta),
    ephemeral: hexOf(ephemeral),
    R: hexOf(ephemeralKey),
    viewTag,
    P: hexOf(key),
    address: toHex(address),
    secret: hexOf(oneTimeSecret(secrets.spending, sharedScalar)),
  };
}

/** f(x) of coefficients from the constant term on. */
const at = (polynomial: readonly bigint[], x: number): bigint =>
  polynomial.reduceRight((value, coefficient) => (value * BigInt(x) + coefficient) % N, 0n);
const members = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const byMember = <T>(indices: number[], of: (index: number) => T) => Object.fromEntries(indices.map((i) => [i, of(i)]));

function keyAndReshare() {
  const polynomial = ['y', 'a1', 'a2'].map(scalar);
  const shareOf = (index: number) => at(polynomial, index);
  const dealers = [2, 4, 5];
  const threshold = 4;
  const polynomials = new Map(
    dealers.map((i) => [i, [shareOf(i), ...members(threshold - 1).map((k) => scalar(`reshare ${i} ${k}`))]]),
  );
  const renewed = (j: number) =>
    dealers.reduce((sum, i) => (sum + lagrangeAtZero(i, dealers) * at(polynomials.get(i)!, j)) % N, 0n);
  const Y = G.multiply(polynomial[0]!);
  const reshare = {
    dealers,
    threshold,
    polynomials: byMember(dealers, (i) => polynomials.get(i)!.map(hexOf)),
    newShares: byMember(members(7), (j) => hexOf(renewed(j))),
    Y: hexOf(Y),
  };
  return { Y, shareOf, reshare };
}

function grantAndCapsule(Y: Point, shareOf: (index: number) => bigint) {
  const department = { spending: scalar('department spending'), viewing: scalar('department viewing') };
  const recipient = newOneTimeKey(metaAddressOf(department), random);
  const q = oneTimeSecret(department.spending, recipient.sharedScalar);
  const own = deed();
  const slot = 42;
  const tag = tagOf(tagBase(domain, own.x, slot), own.secret);
  const revokerSecret = scalar('revoker');
  const attemptId = bytes('attempt');
  const keyId = keyIdOf(to0x(attemptId));
  const terms = canonicalText({ who: 'department-7', purpose: 'TREAT', until: 1800086400 });
  const termsSalt = bytes('terms salt');
  const home = to0x(homeUid);
  const hubUid = bytes('hub uid');
  const typed: Grant = {
    nonce: to0x(bytes('nonce')),
    lockedAccount: to0x(lockedAccount),
    destinationUid: to0x(bytes('destination uid')),
    mappedDeeds: to0x(bytes('mapped deeds', 20)),
    slot,
    tag: to0x(compressed(tag)),
    recipientKey: to0x(compressed(recipient.key)),
    ephemeralKey: to0x(compressed(recipient.ephemeralKey)),
    viewTag: to0x(Uint8Array.of(recipient.viewTag)),
    revoker: to0x(addressOf(G.multiply(revokerSecret))),
    termsHash: to0x(termsHash(termsSalt, JSON.parse(terms))),
    sealedKeyHash: to0x(new Uint8Array(32)),
    lockBefore: 1800000000,
    mintBefore: 1800000600,
    notAfter: 1800086400,
  };
  const without = grantDigestWithoutKey(home, typed);
  const label = capsuleLabel(fromHex(without, 'digest', 32), fromHex(keyId, 'keyId', 32), Y);
  const fileKey = bytes('file key', 16);
  const entropy = [bytes('capsule r'), bytes('capsule proof')];
  const publicInputs = concat(label, xy(recipient.key), xy(Y));
  const r = hedgedScalar('capsule', fileKey, entropy[0]!, publicInputs);
  const capsule = sealCapsule({ fileKey, label, recipientKey: recipient.key, ySeal: Y }, () => entropy.shift()!);
  const keyHash = sealedKeyHash(capsule);
  typed.sealedKeyHash = to0x(keyHash);
  const id = grantIdOf(home, typed);
  const grantId = fromHex(id, 'grantId', 32);

  const ownership = { deedX: own.x, tagDomain: domain, slot, tag, grantId };
  const open = proveOpen(q, grantId, random);
  const epoch = 3;
  const context = { grantId, epoch, sealedKeyHash: keyHash, C: parseCapsule(capsule).C, recipientKey: recipient.key };
  const partials = [1, 3, 5].map((index) => {
    const { W, proof } = releasePartial(context, index, shareOf(index), random);
    return { i: index, W: hexOf(W), ...proofOf(proof) };
  });
  const { i: index, W, c, s } = partials[0]!;
  const blocks = { lockBlock: `0x${'33'.repeat(32)}`, mintBlock: `0x${'44'.repeat(32)}` } as const;
  const stated = { index, w: `0x${W}`, c: `0x${c}`, s: `0x${s}`, ...blocks } as const;
  const read = { objectId: `0x${'11'.repeat(32)}`, nonce: `0x${'22'.repeat(16)}` } as const;
  return {
    typed,
    hubUid: toHex(hubUid),
    attemptId: toHex(attemptId),
    revokerSecret: hexOf(revokerSecret),
    terms,
    termsSalt: toHex(termsSalt),
    recipient: toHex(addressOf(recipient.key)),
    digests: {
      revoke: bare(revokeDigest(home, id)),
      giveBack: bare(giveBackDigest(home, id)),
      notMapped: bare(notMappedDigest(home, typed.lockedAccount, id)),
      mint: bare(mintDigest(typed.destinationUid, typed.mappedDeeds, id)),
      fetch: bare(fetchDigest(home, { grantId: id, from: 0, to: 1048575, expires: 1800000060, ...read })),
      partial: bare(partialDigest(to0x(hubUid), { grantId: id, epoch, sealedKeyHash: typed.sealedKeyHash, ...stated })),
      answer: bare(answerDigest(to0x(hubUid), { grantId: id, action: 'release', verdict: 'revoked' })),
    },
    digestInputs: {
      fetch: 'objectId 11.., bytes 0-1048575, nonce 22.., expires 1800000060',
      partial: 'the first of partials, lockBlock 33.., mintBlock 44..',
      answer: 'release, revoked',
    },
    digestWithoutKey: bare(without),
    grantId: bare(id),
    keyId: bare(keyId),
    Y: hexOf(Y),
    shares: byMember(members(5), (i) => hexOf(shareOf(i))),
    verificationShares: byMember(members(5), (i) => hexOf(G.multiply(shareOf(i)))),
    label: toHex(label),
    fileKey: toHex(fileKey),
    r: hexOf(r),
    capsule: toHex(capsule),
    q: hexOf(q),
    ownershipProof: {
      deedKey: hexOf(own.key),
      secret: hexOf(own.secret),
      ...proofOf(proveOwnership(ownership, patient.spending, own.sharedScalar, random)),
    },
    openProof: { Qbar: hexOf(open.qBar), ...proofOf(open.proof) },
    epoch,
    partials,
  };
}

function record() {
  const metadata = canonicalText({ sizeBytes: 12, contentType: 'application/fhir+json' });
  const [payloadSha256, fileKey, salt] = [sha256(bytes('payload')), bytes('record key', 16), bytes('record salt')];
  const facts = { payloadSha256, keyCommit: keyCommit(fileKey), metadata: JSON.parse(metadata) as unknown, salt };
  return {
    payloadSha256: toHex(payloadSha256),
    fileKey: toHex(fileKey),
    metadata,
    salt: toHex(salt),
    keyCommit: toHex(facts.keyCommit),
    commitment: toHex(recordCommitment(facts)),
  };
}

function ours() {
  drawn = 0;
  const { Y, shareOf, reshare } = keyAndReshare();
  return {
    note: 'CPDS v1 test vectors of this project; hex without 0x unless an EIP-712 field; points SEC1 compressed',
    chainId,
    genesisHash: toHex(genesisHash),
    chainUid: toHex(homeUid),
    lockedAccount: toHex(lockedAccount),
    tagDomain: toHex(domain),
    Gbar: hexOf(gBar()),
    tagBase: [0, 1, 7, 128, 255].map((slot) => {
      const { secret, x } = deed();
      const base = tagBase(domain, x, slot);
      const { counter, point } = base;
      const tag = hexOf(tagOf(base, secret));
      return { secret: hexOf(secret), x: toHex(u256(x)), slot, counter, point: hexOf(point), tag };
    }),
    lsag: [signedRing(2, 0, 0), signedRing(3, 2, 200), signedRing(16, 9, 255)],
    lsagInvalid: invalidRings(),
    dleq: (['own', 'seal', 'open', 'part'] as const).map(equalLogarithm),
    stealth: members(4).map(account),
    grant: grantAndCapsule(Y, shareOf),
    reshare,
    commitment: record(),
  };
}

describe('section 12 in the shape of cpds-v1.json', () => {
  const made = `${JSON.stringify(ours(), null, 1)}\n`;
  if (process.env.CPDS_WRITE_VECTORS === '1') writeFileSync(file, made);

  it('is made again, byte for byte', () => expect(made).toBe(readFileSync(file, 'utf8')));

  it('has the members of cpds-v1.json, and no others', () => {
    const theirs = JSON.parse(readFileSync(file.replace('-ours', ''), 'utf8')) as object;
    expect(shapeOf(JSON.parse(made))).toEqual(shapeOf(theirs));
  });
});

/** Names of members, of the first element for lists, without those that are numbers. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  const members = Object.entries(value).filter(([name]) => !/^\d+$/.test(name));
  return Object.fromEntries(members.map(([name, member]) => [name, shapeOf(member)]));
}
