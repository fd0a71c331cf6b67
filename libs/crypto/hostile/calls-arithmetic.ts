/** A valid call of every export of sections 2, 4, 5 and 6: encodings, curve, accounts, rings, capsules. */

import * as crypto from '../src/index.js';
import { random, restart, type Call } from './mutants.js';

restart();

const { G } = crypto;
const FIELD = 'the name that an error carries';
const HASHED = 'hashed, of any length';
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
const isFalse = (result: unknown) => result === false;
const isAbsent = (result: unknown) => result === undefined || result === null;

const meta = crypto.metaAddressOf({ spending: 11n, viewing: 12n });
const one = crypto.newDeedKey(meta, random);
const ephemeral = crypto.oneTimeKey(meta, 99n);
const deedX = one.key.toAffine().x;
const deedSecret = crypto.oneTimeSecret(11n, one.sharedScalar);
const tagDomain = crypto.tagDomain(b(32), b(20));
const base = crypto.tagBase(tagDomain, deedX, 3);
const tag = crypto.tagOf(base, deedSecret);
const others = Array.from({ length: 15 }, (_, i) => crypto.paddingDeed(b(32, i)).toAffine().x);
const xs = [deedX, ...others].sort((a, c) => (a < c ? -1 : 1));
const ring = { message: b(32), tagDomain, slot: 3, xs: [deedX, others[0]!], tag: crypto.compressed(tag) };
const ringSignature = crypto.signRing(ring, deedSecret, random);
const own = { deedX, tagDomain, slot: 3, tag, grantId: b(32) };
const ownership = crypto.proveOwnership(own, 11n, one.sharedScalar, random);
const statement = {
  use: 'open' as const,
  A: G,
  X: G.multiply(5n),
  B: crypto.gBar(),
  Z: crypto.gBar().multiply(5n),
  message: b(32),
};
const proof = crypto.proveDleq(statement, 5n, random);
const [y, q] = [31n, 37n];
const [ySeal, Q] = [G.multiply(y), G.multiply(q)];
const label = crypto.capsuleLabel(b(32), b(32), ySeal);
const sealed = { fileKey: b(16), label, recipientKey: Q, ySeal };
const capsuleBytes = crypto.sealCapsule(sealed, random);
const capsule = crypto.parseCapsule(capsuleBytes);
const context = { grantId: b(32), epoch: 1, sealedKeyHash: b(32), C: capsule.C, recipientKey: Q };
const partial = crypto.releasePartial(context, 1, y, random);
const announcement = { ephemeralKey: one.ephemeralKey, viewTag: one.viewTag, key: one.key };
const onPage = { ephemeralKey: crypto.compressed(one.ephemeralKey), viewTag: one.viewTag, address: one.address };
const digest = b(32);
const signature = crypto.signDigest(b(32), digest);
const seed = b(32);

/** Fields of parsed objects that the function at hand does not read. */
const unread = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, 'not read here']));

export const encodingCalls: Record<string, Call> = {
  checkBytes: { args: [b(3), 'x', 3], skip: { 1: FIELD, 2: 'a length of the program' } },
  checkText: { args: ['text', 'x'], free: { 0: 'any text' }, skip: { 1: FIELD } },
  checkList: {
    args: [[1], 'x', 5],
    free: { 0: 'may be empty' },
    skip: { '0.0': 'any item', 1: FIELD, 2: 'a bound of the program' },
  },
  concat: { args: [b(2), b(3)], free: { 0: 'any length', 1: 'any length' } },
  ascii: { args: ['tag'], free: { 0: 'ASCII has NUL and no end' } },
  utf8: { args: ['text'], free: { 0: 'any well-formed text' } },
  toHex: { args: [b(2)], free: { 0: 'any length' } },
  to0x: { args: [b(2)], free: { 0: 'any length' } },
  fromHex: { args: ['0x0707', 'x', 2], skip: { 1: FIELD, 2: 'a length of the program' } },
  uint: {
    args: [5, 2],
    free: { 0: 'refused where it does not fit, asked below' },
    skip: { 1: 'a width of the program' },
  },
  u8: { args: [5] },
  u16: { args: [5] },
  u64: { args: [5] },
  u256: { args: [5] },
  toBigInt: { args: [b(3)], free: { 0: 'any length' } },
  equalBytes: { args: [b(3), b(3)], no: isFalse },
  canonicalJson: { args: [{ a: [1] }], free: { '0.a': 'any list' }, skip: { '0.a.0': 'any JSON', '0.a': 'any JSON' } },
  canonicalText: { args: [{ a: [1] }], skip: { '0.a': 'any JSON' } },
  keccak256: { args: [b(2)], free: { 0: HASHED } },
  sha256: { args: [b(2)], free: { 0: HASHED } },
  hkdfExtract: { args: [b(2)], free: { 0: HASHED } },
  hkdfExpand: { args: [b(32), b(2), 32], free: { 1: HASHED } },
  hkdfSha256: { args: [b(2), b(2), 32], free: { 0: HASHED, 1: HASHED } },
  chainUid: { args: [5, b(32)] },
  keyCommit: { args: [b(16)] },
  recordCommitment: {
    args: [{ payloadSha256: b(32), keyCommit: b(32), metadata: 'x', salt: b(32) }],
    skip: { '0.metadata': 'any JSON' },
  },
  termsHash: { args: [b(32), 'x'], skip: { 1: 'any JSON' } },
};

export const curveCalls: Record<string, Call> = {
  parseScalar: { args: [b(32), 'x'], skip: { 1: FIELD }, scalars: ['0'] },
  checkScalar: { args: [5n, 'x'], skip: { 1: FIELD } },
  scalarBytes: { args: [5n] },
  parsePoint: { args: [crypto.compressed(G), 'x'], skip: { 1: FIELD } },
  pointFromHex: { args: [crypto.toHex(crypto.compressed(G)), 'x'], skip: { 1: FIELD } },
  checkPoint: { args: [G, 'x'], free: { 0: 'the identity' }, skip: { 1: FIELD } },
  checkNonzero: { args: [G, 'x'], skip: { 1: FIELD } },
  checkRecoverable: { args: [G, 'x'], skip: { 1: FIELD } },
  compressed: { args: [G] },
  xy: { args: [G] },
  addressOf: { args: [G] },
  liftX: { args: [deedX, 'x'], free: { 0: 'n + 1 is below p, and on the curve or not' }, skip: { 1: FIELD } },
  toCurve: { args: [b(3)], free: { 0: HASHED } },
  checkCoordinate: { args: [5n, 'x'], free: { 0: '0 and n are below p' }, skip: { 1: FIELD } },
  evenRootOf: { args: [deedX], free: { 0: '0 and n are below p' } },
  rootOf: { args: [4n], free: { 0: 'reduced mod p' } },
  challenge: { args: [b(32)], scalars: [] },
  scalarFrom48: { args: [b(48), 'x'], skip: { 1: FIELD } },
  hedgedScalar: { args: ['use', b(32), b(32), b(9)], free: { 0: HASHED, 1: HASHED, 3: HASHED } },
  multiplyPublic: { args: [G, 5n], free: { 0: 'the identity' } },
  combinePublic: { args: [G, 5n, Q, 6n], free: { 0: 'the identity', 2: 'the identity' } },
  signDigest: { args: [b(32), digest], scalars: ['0'] },
  signerOf: { args: [digest, signature], no: isAbsent },
};

export const accountCalls: Record<string, Call> = {
  formatMetaAddress: { args: [meta] },
  parseMetaAddress: { args: [crypto.formatMetaAddress(meta)] },
  metaAddressOf: { args: [{ spending: 11n, viewing: 12n }] },
  oneTimeKey: { args: [meta, 5n] },
  newOneTimeKey: { args: [meta, random] },
  newDeedKey: { args: [meta, random] },
  isDeedKey: { args: [one.key], no: isFalse },
  scan: { args: [12n, meta.spendingKey, announcement], no: isAbsent },
  scanPage: {
    args: [12n, meta.spendingKey, [onPage]],
    no: (found) => Array.isArray(found) && found.length === 0,
    free: { '2': 'a page may be empty, and say a thing twice' },
  },
  oneTimeSecret: { args: [11n, 5n] },
  isOneTimeKeyOf: { args: [meta.spendingKey, ephemeral.sharedScalar, ephemeral.key], no: isFalse },
  deriveWallet: { args: [seed], free: { 0: '16 to 64 bytes' } },
  deriveRevoker: { args: [seed, b(32)], free: { 0: '16 to 64 bytes' } },
  inCohortOrder: { args: [[{ x: 5n }, { x: 6n }]], free: { 0: 'any deeds' }, skip: { '0.0.x': 'compared alone' } },
  checkCohort: { args: [xs] },
  commitmentsHash: { args: [[b(32), b(32, 8)]], free: { 0: 'two deeds may say the same' } },
  cohortWord: { args: [[5n, 6n], b(32)], free: { 0: 'checkCohort refuses; this is a hash' } },
};

export const proofCalls: Record<string, Call> = {
  tagDomain: { args: [b(32), b(20)] },
  tagBase: { args: [tagDomain, deedX, 3] },
  tagOf: { args: [base, 5n], skip: unread('0.counter', '0.tried') },
  tagBaseRoots: { args: [base], free: { '0.tried.0': 'x ≥ n is refused by itself' } },
  evenRoot: { args: [deedX, 'x'], free: { 0: 'n + 1 is below p, and on the curve or not' }, skip: { 1: FIELD } },
  paddingDeed: { args: [b(32)] },
  slotByte: { args: [3] },
  ringHash: { args: [3, [deedX, others[0]]], free: { 1: 'verifyRing refuses; this is a hash' } },
  signRing: { args: [ring, deedSecret, random] },
  verifyRing: { args: [ring, ringSignature], no: isFalse },
  closeRing: { args: [ring, crypto.parseRingSignature(ringSignature, 2)], no: isAbsent },
  compactSignature: { args: [crypto.parseRingSignature(ringSignature, 2)], free: { '0.s': 'parsing counts them' } },
  parseRingSignature: { args: [ringSignature, 2] },
  expandRing: { args: [ring, ringSignature] },
  proveOwnership: { args: [own, 11n, one.sharedScalar, random] },
  verifyOwnership: { args: [own, ownership, meta.spendingKey], no: isFalse },
  proveDleq: { args: [statement, 5n, random] },
  verifyDleq: { args: [statement, proof], no: isFalse },
  dleqBytes: { args: [proof] },
  parseDleq: { args: [crypto.dleqBytes(proof), 'x'], skip: { 1: FIELD } },
};

export const capsuleCalls: Record<string, Call> = {
  capsuleLabel: { args: [b(32), b(32), ySeal] },
  sealCapsule: { args: [sealed, random] },
  parseCapsule: { args: [capsuleBytes] },
  verifyCapsule: { args: [capsule, label], no: isFalse },
  sealedKeyHash: { args: [capsuleBytes], free: { 0: HASHED } },
  checkReleasePoint: { args: [capsule.C, Q] },
  openCapsule: {
    args: [{ capsule, label, recipientSecret: q, ySeal, W: capsule.C.add(Q).multiply(y) }],
    skip: unread('0.capsule.cBar', '0.capsule.proof'),
  },
  proveOpen: { args: [q, b(32), random] },
  verifyOpen: { args: [Q, b(32), crypto.proveOpen(q, b(32), random)], no: isFalse },
  releasePartial: { args: [context, 1, y, random], indices: ['1'] },
  verifyPartial: { args: [context, ySeal, partial], no: isFalse, indices: ['2.index'] },
  combinePartials: {
    args: [[partial, { ...partial, index: 2 }], 2],
    free: { '0.0.W': 'the identity, which opens nothing' },
    skip: unread('0.0.proof'),
    indices: ['0.0.index'],
  },
  lagrangeAtZero: { args: [1, [1, 2]], indices: ['0', '1.0'] },
};
