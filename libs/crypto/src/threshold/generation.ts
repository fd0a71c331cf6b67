/**
 * The arithmetic of one key generation (protocol section 3): `DKG` of @noble/curves with three changes.
 *
 * - Its proof of possession names no ceremony: here the challenge hash holds the attempt id, so commitments replayed
 *   from another attempt do not verify.
 * - Its errors are anonymous: here each refusal names the member to blame.
 * - It draws at random: here every secret of a dealer follows from one stored seed and the attempt id, so a node that
 *   was killed deals the same polynomial again, and no polynomial serves two attempts.
 */

import { createFROST } from '@noble/curves/abstract/frost.js';
import type { DKG_Secret, FROST } from '@noble/curves/abstract/frost.js';
import { secp256k1, secp256k1_hasher } from '@noble/curves/secp256k1.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { ascii, checkBytes, checkList, concat, toHex, u16, u256, u64 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { checkRecoverable, compressed, G, N, parsePoint, parseScalar, Point } from '../curve.js';
import { hkdfSha256 } from '../hash.js';
import { combinePublic } from '../public-arithmetic.js';
import { checkDealtShare } from './dealt-share.js';
import type { DealtShare, PolynomialCommitments } from './dealt-share.js';
import { checkIndex, checkKeyShare, commitmentAt, frostId, memberName, MOST_MEMBERS } from './group.js';
import type { GroupKey, KeyShare, MemberIndex } from './group.js';

/** Parameters of an attempt: its id (32 bytes), how many members deal (identifiers 1..n) and how many act together. */
export interface Parameters {
  attemptId: Uint8Array;
  n: number;
  threshold: number;
}

/** Round message 1, public: commitments to a dealer's polynomial, exactly t, and the proof that it knows the constant term. */
export interface DealerCommitments extends PolynomialCommitments {
  /** Schnorr proof of possession of A_0 under this attempt: compressed R ‖ z, 65 bytes. */
  proof: Uint8Array;
}

/** A dealer's own side: the commitments that it publishes, and the polynomial that it must keep secret. */
export interface Dealing {
  commitments: DealerCommitments;
  secret: DKG_Secret;
}

/**
 * Deals for one member. The same seed, attempt and dealer give the same dealing; another attempt gives another.
 *
 * @param seed 32 secret random bytes, stored sealed before anything that follows from them is sent
 */
export function deal(parameters: Parameters, dealer: MemberIndex, seed: Uint8Array): Dealing {
  checkParameters(parameters);
  checkDealer(parameters, dealer, 'dealer');
  if (checkBytes(seed, 'seed').length !== 32) throw new CryptoError('bad-seed', 'seed', 'must be 32 bytes');
  const suite = suiteOf(parameters);
  const signers = { min: parameters.threshold, max: parameters.n };
  const { public: round1, secret } = suite.DKG.round1(
    frostId(dealer),
    signers,
    undefined,
    stream(parameters, dealer, seed),
  );
  return { commitments: { dealer, points: round1.commitment, proof: round1.proofOfKnowledge }, secret };
}

/**
 * Refuses commitments that are not exactly t points on the curve, none the identity, with a proof of possession made
 * for this attempt and this dealer.
 *
 * @returns the points
 * @throws CryptoError `bad-commitments` names the dealer
 */
export function checkCommitments(parameters: Parameters, commitments: DealerCommitments): Point[] {
  const { dealer, points, proof } = commitments;
  const refuse = (field: string, reason: string, cause?: unknown): never => {
    throw Object.assign(new CryptoError('bad-commitments', field, reason, memberName(dealer)), { cause });
  };
  checkParameters(parameters);
  checkDealer(parameters, dealer, 'dealer');
  if (checkList(points, 'points', MOST_MEMBERS).length !== parameters.threshold)
    refuse('points', `must be exactly ${parameters.threshold}, are ${points.length}`);
  const parsed = points.map((point, k) => {
    try {
      return parsePoint(point, `points[${k}]`);
    } catch (cause) {
      return refuse(`points[${k}]`, 'is not a point of the group', cause);
    }
  });
  if (checkBytes(proof, 'proof').length !== 65) refuse('proof', `must be 65 bytes, has ${proof.length}`);
  if (!hasPossession(parameters, dealer, parsed[0]!, proof))
    refuse('proof', 'is no proof of possession for this attempt');
  return parsed;
}

/**
 * Refuses commitments unless every dealer is there once, 1..n, each is acceptable, and no two have the same constant
 * term.
 *
 * @returns the points of each, in the order of `all`
 * @throws CryptoError `bad-commitments` or `bad-index` names the culprit
 */
export function checkCommitmentSet(parameters: Parameters, all: readonly DealerCommitments[]): Point[][] {
  const seenDealers = new Set<MemberIndex>();
  const seenConstants = new Set<string>();
  const points: Point[][] = [];
  for (const one of checkList(all, 'commitments', MOST_MEMBERS)) {
    if (seenDealers.has(one.dealer))
      throw new CryptoError('bad-commitments', 'dealer', 'committed twice', memberName(one.dealer));
    points.push(checkCommitments(parameters, one));
    const constant = toHex(one.points[0]!);
    if (seenConstants.has(constant))
      throw new CryptoError(
        'bad-commitments',
        'points[0]',
        'is the constant term of another dealer',
        memberName(one.dealer),
      );
    seenDealers.add(one.dealer);
    seenConstants.add(constant);
  }
  if (seenDealers.size !== parameters.n)
    throw new CryptoError(
      'bad-commitments',
      'commitments',
      `must come from ${parameters.n} dealers, come from ${seenDealers.size}`,
    );
  return points;
}

/**
 * The shares of `dealing` for all the others, in order of receiver, once everybody's commitments are fixed.
 *
 * @throws CryptoError `bad-commitments` when those on the hub are not of this dealing: a share that does not fit
 *   them would convict an honest dealer that lost its seed, and be of no use
 */
export function dealtShares(parameters: Parameters, dealing: Dealing, all: readonly DealerCommitments[]): DealtShare[] {
  const own = dealing.commitments.dealer;
  const { packages } = secondRound(parameters, dealing, all);
  const receivers = all.map((one) => one.dealer).filter((index) => index !== own);
  return receivers
    .sort((a, b) => a - b)
    .map((receiver) => ({ dealer: own, receiver, share: packages[frostId(receiver)]!.signingShare }));
}

/**
 * Ends the generation for one member: its share, Y and every Y_i.
 *
 * @param received one share from each other dealer
 * @throws CryptoError `bad-share` names a dealer whose share is missing, doubled or wrong; `bad-point` when Y or a Y_i
 *   cannot be used with ecrecover; `bad-commitments` when the own ones are not of this dealing
 */
export function finish(
  parameters: Parameters,
  dealing: Dealing,
  all: readonly DealerCommitments[],
  received: readonly DealtShare[],
): KeyShare {
  const own = dealing.commitments.dealer;
  // The third round needs the second round's transcript in the same secret package; running the second again costs
  // nothing.
  const { points, others } = secondRound(parameters, dealing, all);
  const sent = checkList(received, 'received', MOST_MEMBERS);
  const dealt = all
    .filter((one) => one.dealer !== own)
    .map((one) => {
      const from = sent.filter((share) => share.dealer === one.dealer && share.receiver === own);
      if (from.length !== 1)
        throw new CryptoError('bad-share', 'share', `came ${from.length} times`, memberName(one.dealer));
      return [one, from[0]!] as const;
    });
  const packages = dealt.map(([{ dealer }, { share }]) => ({ identifier: frostId(dealer), signingShare: share }));
  const key = fitting(
    () => suiteOf(parameters).DKG.round3(dealing.secret, others, packages),
    () => dealt.forEach(([one, share]) => checkDealtShare(one, share)),
  );
  return checkKeyShare({ index: own, secret: key.secret.signingShare, group: groupFrom(parameters, points) });
}

/**
 * Y and every Y_i as the public commitments determine them: anyone computes them, member or not.
 *
 * @throws CryptoError `bad-point` when one is the identity or has x ≥ n
 */
export function groupOf(parameters: Parameters, all: readonly DealerCommitments[]): GroupKey {
  return groupFrom(parameters, checkCommitmentSet(parameters, all));
}

function groupFrom(parameters: Parameters, points: readonly Point[][]): GroupKey {
  const sums = Array.from({ length: parameters.threshold }, (_, k) =>
    points.reduce((sum, one) => sum.add(one[k]!), Point.ZERO),
  );
  const verificationShares = new Map<MemberIndex, Uint8Array>();
  for (let i = 1; i <= parameters.n; i++)
    verificationShares.set(i, compressed(checkRecoverable(commitmentAt(sums, i), `verificationShares[${i}]`)));
  const publicKey = compressed(checkRecoverable(sums[0]!, 'publicKey'));
  return { threshold: parameters.threshold, publicKey, verificationShares };
}

/** Constant-size check of what a ceremony may ask for: t < n ≤ 2t−1 and an id of 32 bytes. @throws CryptoError `bad-parameters` */
export function checkParameters({ attemptId, n, threshold }: Parameters): void {
  if (checkBytes(attemptId, 'attemptId').length !== 32)
    throw new CryptoError('bad-parameters', 'attemptId', 'must be 32 bytes');
  if (!(
    Number.isInteger(threshold) &&
    Number.isInteger(n) &&
    threshold >= 2 &&
    threshold < n &&
    n <= 2 * threshold - 1 &&
    n <= MOST_MEMBERS
  ))
    throw new CryptoError('bad-parameters', 'threshold', `needs t < n <= 2t-1, got t=${threshold} n=${n}`);
}

function checkDealer(parameters: Parameters, dealer: MemberIndex, field: string): void {
  if (checkIndex(dealer, field) > parameters.n)
    throw new CryptoError('bad-index', field, `is above n=${parameters.n}`, memberName(dealer));
}

/** Runs a round of the library. Its refusals name nobody: `blame` finds the culprit, and if it finds none the fault is this dealing's own. */
function fitting<T>(round: () => T, blame: () => void = () => undefined): T {
  try {
    return round();
  } catch (cause) {
    blame();
    throw Object.assign(new CryptoError('bad-parameters', 'dealing', 'is of another attempt, or has ended this one'), {
      cause,
    });
  }
}

/** Checks that the own entry in `all` equals the commitments of `dealing`, point by point. */
function checkOwnCommitments({ commitments }: Dealing, all: readonly DealerCommitments[]): void {
  const listed = all.find((one) => one.dealer === commitments.dealer)!.points.map(toHex);
  if (commitments.points.some((point, k) => toHex(point) !== listed[k]))
    throw new CryptoError('bad-commitments', 'points', 'are not of the polynomial this node deals from');
}

/** Everybody's points, and the result of the library's second round, which gets the points uncompressed and so computes no root again. */
function secondRound(parameters: Parameters, dealing: Dealing, all: readonly DealerCommitments[]) {
  const points = checkCommitmentSet(parameters, all);
  checkOwnCommitments(dealing, all);
  const others = all
    .map(({ dealer, proof }, at) => ({
      identifier: frostId(dealer),
      commitment: points[at]!.map((point) => point.toBytes(false)),
      proofOfKnowledge: Uint8Array.from(proof),
    }))
    .filter((_, at) => all[at]!.dealer !== dealing.commitments.dealer);
  return { points, others, packages: fitting(() => suiteOf(parameters).DKG.round2(dealing.secret, others)) };
}

/** FROST(secp256k1, SHA-256) whose proof of possession hashes the attempt id; everything else is the standard suite. */
function suiteOf(parameters: Parameters): FROST {
  return createFROST({
    name: 'FROST-secp256k1-SHA256-v1',
    Point: secp256k1.Point,
    hashToScalar: secp256k1_hasher.hashToScalar,
    hash: nobleSha256,
    HDKG: proofTag(parameters),
  });
}

/** Whether z·G = R + c·A_0 with c = H(identifier ‖ A_0 ‖ R) under the attempt's tag; the library's second round checks the same. */
function hasPossession(parameters: Parameters, dealer: MemberIndex, constant: Point, proof: Uint8Array): boolean {
  try {
    const R = parsePoint(proof.subarray(0, 33), 'proof.R');
    const z = parseScalar(proof.subarray(33), 'proof.z');
    const transcript = concat(u256(dealer), compressed(constant), compressed(R));
    const c = secp256k1_hasher.hashToScalar(transcript, { DST: ascii(proofTag(parameters)) });
    return combinePublic(G, z, constant, N - c).equals(R);
  } catch (cause) {
    if (cause instanceof CryptoError) return false;
    throw cause;
  }
}

function proofTag({ attemptId }: Parameters): string {
  return `FROST-secp256k1-SHA256-v1dkg/cpds/v1/${toHex(attemptId)}`;
}

/** The dealer's randomness as a function of its seed: block i is HKDF(seed, "cpds/v1/polynomial" ‖ attempt ‖ dealer ‖ i). */
function stream({ attemptId, n, threshold }: Parameters, dealer: MemberIndex, seed: Uint8Array) {
  let block = 0;
  return (length = 32): Uint8Array<ArrayBuffer> => {
    const info = concat(ascii('cpds/v1/polynomial'), attemptId, u16(dealer), u16(n), u16(threshold), u64(block++));
    return Uint8Array.from(hkdfSha256(seed, info, length));
  };
}
