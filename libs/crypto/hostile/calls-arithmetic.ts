/** A valid call of every export of sections 2, 4, 5 and 6: encodings, curve, accounts, rings, capsules. */

import * as crypto from './library.js';
import { random, restart, type Call } from './mutants.js';

restart();

const { G } = crypto.curve;
const FIELD = 'the name that an error carries';
const HASHED = 'hashed, of any length';
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const isFalse = (result: unknown) => result === false;
const isAbsent = (result: unknown) => result === undefined || result === null;

const meta = crypto.stealth.metaAddressOf({ spending: 11n, viewing: 12n });
const one = crypto.stealth.newDeedKey(meta, random);
const ephemeral = crypto.stealth.oneTimeKey(meta, 99n);
const deedX = one.key.toAffine().x;
const deedSecret = crypto.stealth.oneTimeSecret(11n, one.sharedScalar);
const tagDomain = crypto.ring.tagDomain(b(32), b(20));
const base = crypto.ring.tagBase(tagDomain, deedX, 3);
const tag = crypto.ring.tagOf(base, deedSecret);
const others = Array.from({ length: 15 }, (_, i) => crypto.ring.paddingDeed(b(32, i)).toAffine().x);
const xs = [deedX, ...others].sort((a, c) => (a < c ? -1 : 1));
const ring = { message: b(32), tagDomain, slot: 3, xs: [deedX, others[0]!], tag: crypto.curve.compressed(tag) };
const ringSignature = crypto.ring.signRing(ring, deedSecret, random);
const own = { deedX, tagDomain, slot: 3, tag, grantId: b(32) };
const ownership = crypto.ownership.proveOwnership(own, 11n, one.sharedScalar, random);
const statement = {
  use: 'open' as const,
  A: G,
  X: G.multiply(5n),
  B: crypto.ring.gBar(),
  Z: crypto.ring.gBar().multiply(5n),
  message: b(32),
};
const proof = crypto.dleq.proveDleq(statement, 5n, random);
const [y, q] = [31n, 37n];
const [ySeal, Q] = [G.multiply(y), G.multiply(q)];
const label = crypto.capsule.capsuleLabel(b(32), b(32), ySeal);
const sealed = { fileKey: b(16), label, recipientKey: Q, ySeal };
const capsuleBytes = crypto.capsule.sealCapsule(sealed, random);
const capsule = crypto.capsule.parseCapsule(capsuleBytes);
const context = { grantId: b(32), epoch: 1, sealedKeyHash: b(32), C: capsule.C, recipientKey: Q };
const partial = crypto.partial.releasePartial(context, 1, y, random);
const announcement = { ephemeralKey: one.ephemeralKey, viewTag: one.viewTag, key: one.key };
const onPage = { ephemeralKey: crypto.curve.compressed(one.ephemeralKey), viewTag: one.viewTag, address: one.address };
const digest = b(32);
const signature = crypto.ecdsa.signDigest(b(32), digest);
const seed = b(32);

/** Fields of parsed objects that the function at hand does not read. */
const unread = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, 'not read here']));

export const encodingCalls: Record<string, Call> = {
  'bytes.checkBytes': { args: [b(3), 'x', 3], skip: { 1: FIELD, 2: 'a length of the program' } },
  'bytes.checkText': { args: ['text', 'x'], free: { 0: 'any text' }, skip: { 1: FIELD } },
  'bytes.checkList': {
    args: [[1], 'x', 5],
    free: { 0: 'may be empty' },
    skip: { '0.0': 'any item', 1: FIELD, 2: 'a bound of the program' },
  },
  'bytes.concat': { args: [b(2), b(3)], free: { 0: 'any length', 1: 'any length' } },
  'bytes.ascii': { args: ['tag'], free: { 0: 'ASCII has NUL and no end' } },
  'bytes.utf8': { args: ['text'], free: { 0: 'any well-formed text' } },
  'bytes.toHex': { args: [b(2)], free: { 0: 'any length' } },
  'bytes.to0x': { args: [b(2)], free: { 0: 'any length' } },
  'bytes.fromHex': { args: ['0x0707', 'x', 2], skip: { 1: FIELD, 2: 'a length of the program' } },
  'bytes.uint': {
    args: [5, 2],
    free: { 0: 'refused where it does not fit, asked below' },
    skip: { 1: 'a width of the program' },
  },
  'bytes.u8': { args: [5] },
  'bytes.u16': { args: [5] },
  'bytes.u64': { args: [5] },
  'bytes.u256': { args: [5] },
  'bytes.toBigInt': { args: [b(3)], free: { 0: 'any length' } },
  'bytes.equalBytes': { args: [b(3), b(3)], no: isFalse },
  'canonicalJson.canonicalJson': {
    args: [{ a: [1] }],
    free: { '0.a': 'any list' },
    skip: { '0.a.0': 'any JSON', '0.a': 'any JSON' },
  },
  'canonicalJson.canonicalText': { args: [{ a: [1] }], skip: { '0.a': 'any JSON' } },
  'hash.keccak256': { args: [b(2)], free: { 0: HASHED } },
  'hash.sha256': { args: [b(2)], free: { 0: HASHED } },
  'hash.hkdfExtract': { args: [b(2)], free: { 0: HASHED } },
  'hash.hkdfExpand': { args: [b(32), b(2), 32], free: { 1: HASHED } },
  'hash.hkdfSha256': { args: [b(2), b(2), 32], free: { 0: HASHED, 1: HASHED } },
  'hash.chainUid': { args: [5, b(32)] },
  'deed.keyCommit': { args: [b(16)] },
  'deed.recordCommitment': {
    args: [{ payloadSha256: b(32), keyCommit: b(32), metadata: 'x', salt: b(32) }],
    skip: { '0.metadata': 'any JSON' },
  },
  'deed.termsHash': { args: [b(32), 'x'], skip: { 1: 'any JSON' } },
};

export const curveCalls: Record<string, Call> = {
  'curve.parseScalar': { args: [b(32), 'x'], skip: { 1: FIELD }, scalars: ['0'] },
  'curve.checkScalar': { args: [5n, 'x'], skip: { 1: FIELD } },
  'curve.scalarBytes': { args: [5n] },
  'curve.parsePoint': { args: [crypto.curve.compressed(G), 'x'], skip: { 1: FIELD } },
  'curve.pointFromHex': { args: [crypto.bytes.toHex(crypto.curve.compressed(G)), 'x'], skip: { 1: FIELD } },
  'curve.checkPoint': { args: [G, 'x'], free: { 0: 'the identity' }, skip: { 1: FIELD } },
  'curve.checkNonzero': { args: [G, 'x'], skip: { 1: FIELD } },
  'curve.checkRecoverable': { args: [G, 'x'], skip: { 1: FIELD } },
  'curve.compressed': { args: [G] },
  'curve.xy': { args: [G] },
  'curve.addressOf': { args: [G] },
  'curve.liftX': { args: [deedX, 'x'], free: { 0: 'n + 1 is below p, and on the curve or not' }, skip: { 1: FIELD } },
  'curve.toCurve': { args: [b(3)], free: { 0: HASHED } },
  'curve.checkCoordinate': { args: [5n, 'x'], free: { 0: '0 and n are below p' }, skip: { 1: FIELD } },
  'curve.evenRootOf': { args: [deedX], free: { 0: '0 and n are below p' } },
  'curve.rootOf': { args: [4n], free: { 0: 'reduced mod p' } },
  'curve.challenge': { args: [b(32)], scalars: [] },
  'curve.scalarFrom48': { args: [b(48), 'x'], skip: { 1: FIELD } },
  'curve.hedgedScalar': { args: ['use', b(32), b(32), b(9)], free: { 0: HASHED, 1: HASHED, 3: HASHED } },
  'publicArithmetic.multiplyPublic': { args: [G, 5n], free: { 0: 'the identity' } },
  'publicArithmetic.combinePublic': { args: [G, 5n, Q, 6n], free: { 0: 'the identity', 2: 'the identity' } },
  'ecdsa.signDigest': { args: [b(32), digest], scalars: ['0'] },
  'ecdsa.signerOf': { args: [digest, signature], no: isAbsent },
};

export const accountCalls: Record<string, Call> = {
  'stealth.formatMetaAddress': { args: [meta] },
  'stealth.parseMetaAddress': { args: [crypto.stealth.formatMetaAddress(meta)] },
  'stealth.metaAddressOf': { args: [{ spending: 11n, viewing: 12n }] },
  'stealth.oneTimeKey': { args: [meta, 5n] },
  'stealth.newOneTimeKey': { args: [meta, random] },
  'stealth.newDeedKey': { args: [meta, random] },
  'stealth.isDeedKey': { args: [one.key], no: isFalse },
  'stealth.scan': { args: [12n, meta.spendingKey, announcement], no: isAbsent },
  'stealth.scanPage': {
    args: [12n, meta.spendingKey, [onPage]],
    no: (found) => Array.isArray(found) && found.length === 0,
    free: { '2': 'a page may be empty, and say a thing twice' },
  },
  'stealth.oneTimeSecret': { args: [11n, 5n] },
  'stealth.isOneTimeKeyOf': { args: [meta.spendingKey, ephemeral.sharedScalar, ephemeral.key], no: isFalse },
  'walletKeys.deriveWallet': { args: [seed], free: { 0: '16 to 64 bytes' } },
  'walletKeys.deriveRevoker': { args: [seed, b(32)], free: { 0: '16 to 64 bytes' } },
  'cohort.inCohortOrder': {
    args: [[{ x: 5n }, { x: 6n }]],
    free: { 0: 'any deeds' },
    skip: { '0.0.x': 'compared alone' },
  },
  'cohort.checkCohort': { args: [xs] },
  'cohort.commitmentsHash': { args: [[b(32), b(32, 8)]], free: { 0: 'two deeds may say the same' } },
  'cohort.cohortWord': { args: [[5n, 6n], b(32)], free: { 0: 'checkCohort refuses; this is a hash' } },
};

export const proofCalls: Record<string, Call> = {
  'ring.tagDomain': { args: [b(32), b(20)] },
  'ring.tagBase': { args: [tagDomain, deedX, 3] },
  'ring.tagOf': { args: [base, 5n], skip: unread('0.counter', '0.tried') },
  'ring.tagBaseRoots': { args: [base], free: { '0.tried.0': 'x ≥ n is refused by itself' } },
  'ring.evenRoot': { args: [deedX, 'x'], free: { 0: 'n + 1 is below p, and on the curve or not' }, skip: { 1: FIELD } },
  'ring.paddingDeed': { args: [b(32)] },
  'ring.slotByte': { args: [3] },
  'ring.ringHash': { args: [3, [deedX, others[0]]], free: { 1: 'verifyRing refuses; this is a hash' } },
  'ring.signRing': { args: [ring, deedSecret, random] },
  'ring.verifyRing': { args: [ring, ringSignature], no: isFalse },
  'ring.closeRing': { args: [ring, crypto.ring.parseRingSignature(ringSignature, 2)], no: isAbsent },
  'ring.compactSignature': {
    args: [crypto.ring.parseRingSignature(ringSignature, 2)],
    free: { '0.s': 'parsing counts them' },
  },
  'ring.parseRingSignature': { args: [ringSignature, 2] },
  'ring.expandRing': { args: [ring, ringSignature] },
  'ownership.proveOwnership': { args: [own, 11n, one.sharedScalar, random] },
  'ownership.verifyOwnership': { args: [own, ownership, meta.spendingKey], no: isFalse },
  'dleq.proveDleq': { args: [statement, 5n, random] },
  'dleq.verifyDleq': { args: [statement, proof], no: isFalse },
  'dleq.dleqBytes': { args: [proof] },
  'dleq.parseDleq': { args: [crypto.dleq.dleqBytes(proof), 'x'], skip: { 1: FIELD } },
};

export const capsuleCalls: Record<string, Call> = {
  'capsule.capsuleLabel': { args: [b(32), b(32), ySeal] },
  'capsule.sealCapsule': { args: [sealed, random] },
  'capsule.parseCapsule': { args: [capsuleBytes] },
  'capsule.verifyCapsule': { args: [capsule, label], no: isFalse },
  'capsule.sealedKeyHash': { args: [capsuleBytes], free: { 0: HASHED } },
  'capsule.checkReleasePoint': { args: [capsule.C, Q] },
  'capsule.openCapsule': {
    args: [{ capsule, label, recipientSecret: q, ySeal, W: capsule.C.add(Q).multiply(y) }],
    skip: unread('0.capsule.cBar', '0.capsule.proof'),
  },
  'capsule.proveOpen': { args: [q, b(32), random] },
  'capsule.verifyOpen': { args: [Q, b(32), crypto.capsule.proveOpen(q, b(32), random)], no: isFalse },
  'partial.releasePartial': { args: [context, 1, y, random], indices: ['1'] },
  'partial.verifyPartial': { args: [context, ySeal, partial], no: isFalse, indices: ['2.index'] },
  'partial.combinePartials': {
    args: [[partial, { ...partial, index: 2 }], 2],
    free: { '0.0.W': 'the identity, which opens nothing' },
    skip: unread('0.0.proof'),
    indices: ['0.0.index'],
  },
  'partial.lagrangeAtZero': { args: [1, [1, 2]], indices: ['0', '1.0'] },
};
