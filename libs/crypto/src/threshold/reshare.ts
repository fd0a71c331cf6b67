/**
 * The arithmetic of one reshare (protocol section 3): members of an epoch deal sharings of their shares, and the holders of
 * the next epoch add up what they were dealt. Y stays, every share changes, so refresh, rotation, repair of a lost share and
 * change of (t, n) are one thing. Verifiable secret redistribution as in Desmedt-Jajodia 1997 and Wong-Wang-Wing 2002.
 *
 * Dealers deal y_i itself and λ is applied after the set D of dealers is fixed: a sharing of λ_i·y_i would be worthless as
 * soon as one dealer of that set fell out. A proof of possession is not needed: the constant term is Y_i of the epoch before,
 * and nobody chooses it.
 */

import { ascii, checkBytes, checkList, concat, equalBytes, u16 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import {
  checkRecoverable,
  checkScalar,
  compressed,
  G,
  parsePoint,
  parseScalar,
  Point,
  scalarBytes,
  scalarFrom48,
} from '../curve.js';
import { hkdfSha256 } from '../hash.js';
import { lagrangeAtZero } from '../partial.js';
import { multiplyPublic } from '../public-arithmetic.js';
import { checkDealtShare } from './dealt-share.js';
import type { DealtShare, PolynomialCommitments } from './dealt-share.js';
import {
  checkGroup,
  checkIndex,
  checkKeyShare,
  commitmentAt,
  memberName,
  MOST_MEMBERS,
  verificationShare,
} from './group.js';
import type { GroupKey, KeyShare, MemberIndex } from './group.js';

/** Parameters of an attempt. Members of the old epoch and of the new one have separate numbers, each by its own roster. */
export interface Parameters {
  attemptId: Uint8Array;
  /** The key as it stands, with its t and every Y_i. */
  old: GroupKey;
  /** Size of the new roster, identifiers 1..n. */
  n: number;
  /** How many of the new roster must remain to the end. */
  nMin: number;
  /** t', how many of the new epoch act together. */
  threshold: number;
}

/** A dealer's own side: the commitments that it publishes, and the polynomial that it must keep secret. */
export interface Redealing {
  commitments: PolynomialCommitments;
  /** y_i first. */
  coefficients: readonly bigint[];
}

/**
 * Deals `share` anew for one dealer. The same seed, attempt and share give the same dealing; another attempt another one.
 *
 * @param seed 32 secret random bytes, stored sealed before anything that follows from them is sent
 * @throws CryptoError `bad-share` when `share` is not of the epoch that is reshared, `bad-seed`, `bad-parameters`
 */
export function redeal(parameters: Parameters, share: KeyShare, seed: Uint8Array): Redealing {
  checkParameters(parameters);
  if (checkBytes(seed, 'seed').length !== 32) throw new CryptoError('bad-seed', 'seed', 'must be 32 bytes');
  const { index, secret } = checkKeyShare({ ...share, group: parameters.old });
  const coefficients = [parseScalar(secret, 'share.secret')];
  for (let k = 1; k < parameters.threshold; k++) coefficients.push(coefficient(parameters, index, secret, seed, k));
  const points = coefficients.map((one) => compressed(G.multiply(one)));
  return { commitments: { dealer: index, points }, coefficients };
}

/** f_i(receiver) of a dealing. */
export function redealtShare({ commitments, coefficients }: Redealing, receiver: MemberIndex): DealtShare {
  const { Fn } = Point;
  const x = BigInt(checkIndex(receiver, 'receiver'));
  const value = checkList(coefficients, 'coefficients', MOST_MEMBERS).reduceRight(
    (sum, one) => Fn.add(Fn.mul(sum, x), checkScalar(one, 'coefficients')),
    0n,
  );
  return { dealer: checkIndex(commitments.dealer, 'dealer'), receiver, share: scalarBytes(value) };
}

/**
 * Refuses commitments that are not exactly t' points of the group whose first is the dealer's Y_i.
 *
 * @throws CryptoError `bad-commitments` names the dealer; `not-a-member` for strangers to the old epoch
 */
export function checkRedealing(parameters: Parameters, { dealer, points }: PolynomialCommitments): void {
  const refuse = (field: string, reason: string, cause?: unknown): never => {
    throw Object.assign(new CryptoError('bad-commitments', field, reason, memberName(dealer)), { cause });
  };
  checkParameters(parameters);
  const own = verificationShare(parameters.old, dealer);
  if (checkList(points, 'points', MOST_MEMBERS).length !== parameters.threshold)
    refuse('points', `must be exactly ${parameters.threshold}, are ${points.length}`);
  for (const [k, point] of points.entries()) {
    try {
      parsePoint(point, `points[${k}]`);
    } catch (cause) {
      refuse(`points[${k}]`, 'is not a point of the group', cause);
    }
  }
  if (!equalBytes(points[0]!, own)) refuse('points[0]', "is not the dealer's share of the epoch before");
}

/**
 * The key of the new epoch as public commitments determine it: Y as before, Y'_j = Σ_D λ_i·Σ_k j^k·A_ik.
 *
 * @param dealt the commitments of D, exactly t dealers of the old epoch
 * @param receivers the members that hold a share of the new epoch, ascending
 * @throws CryptoError `bad-dealers`, `bad-commitments`, `bad-receivers`; `bad-point` when some Y'_j could not be used
 */
export function resharedGroup(
  parameters: Parameters,
  dealt: readonly PolynomialCommitments[],
  receivers: readonly MemberIndex[],
): GroupKey {
  checkParameters(parameters);
  const D = dealersOf(parameters, dealt);
  checkReceivers(parameters, receivers);
  for (const one of dealt) checkRedealing(parameters, one);
  const sums = Array.from({ length: parameters.threshold }, (_, k) =>
    dealt.reduce(
      (sum, { dealer, points }) => sum.add(multiplyPublic(parsePoint(points[k]!, 'point'), lagrangeAtZero(dealer, D))),
      Point.ZERO,
    ),
  );
  // Follows from A_i0 = Y_i if the old shares lie on one polynomial; checked, so that no other group changes its key
  // here.
  if (!equalBytes(compressed(sums[0]!), parameters.old.publicKey))
    throw new CryptoError('bad-dealers', 'old', 'its shares are not of its public key');
  const verificationShares = new Map<MemberIndex, Uint8Array>();
  for (const j of receivers)
    verificationShares.set(j, compressed(checkRecoverable(commitmentAt(sums, j), `verificationShares[${j}]`)));
  return { threshold: parameters.threshold, publicKey: parameters.old.publicKey, verificationShares };
}

/**
 * y'_j = Σ_D λ_i·f_i(j): one member's share of the new epoch, checked against the Y'_j that everybody computes.
 *
 * @param received one share from each dealer of D
 * @throws CryptoError `bad-share` names a dealer whose share is missing, doubled or wrong; as `resharedGroup`
 */
export function finish(
  parameters: Parameters,
  dealt: readonly PolynomialCommitments[],
  receivers: readonly MemberIndex[],
  receiver: MemberIndex,
  received: readonly DealtShare[],
): KeyShare {
  const group = resharedGroup(parameters, dealt, receivers);
  const D = dealersOf(parameters, dealt);
  verificationShare(group, receiver); // a stranger is missing every share, and no dealer is to blame
  checkList(received, 'received', MOST_MEMBERS);
  const { Fn } = Point;
  let secret = 0n;
  for (const commitments of dealt) {
    const { dealer } = commitments;
    const from = received.filter((one) => one.dealer === dealer && one.receiver === receiver);
    if (from.length !== 1) throw new CryptoError('bad-share', 'share', `came ${from.length} times`, memberName(dealer));
    checkDealtShare(commitments, from[0]!);
    secret = Fn.add(secret, Fn.mul(lagrangeAtZero(dealer, D), parseScalar(from[0]!.share, 'share')));
  }
  return checkKeyShare({ index: receiver, secret: scalarBytes(secret), group });
}

/** t' < nMin ≤ n ≤ 2t'−1, as in every attempt; an id of 32 bytes. @throws CryptoError `bad-parameters` */
export function checkParameters({ attemptId, old, n, nMin, threshold }: Parameters): void {
  if (checkBytes(attemptId, 'attemptId').length !== 32)
    throw new CryptoError('bad-parameters', 'attemptId', 'must be 32 bytes');
  const isWhole = [n, nMin, threshold].every(Number.isInteger);
  if (!isWhole || threshold < 2 || threshold >= nMin || nMin > n || n > 2 * threshold - 1 || n > MOST_MEMBERS)
    throw new CryptoError(
      'bad-parameters',
      'threshold',
      `needs t < nMin <= n <= 2t-1, got t=${threshold} nMin=${nMin} n=${n}`,
    );
  checkGroup(old);
}

function dealersOf({ old }: Parameters, dealt: readonly PolynomialCommitments[]): MemberIndex[] {
  const D = checkList(dealt, 'dealers', MOST_MEMBERS).map(({ dealer }) => dealer);
  if (new Set(D).size !== D.length || D.length !== old.threshold)
    throw new CryptoError('bad-dealers', 'dealers', `must be ${old.threshold}, each once; are ${D.join(', ')}`);
  return D;
}

function checkReceivers({ n, nMin }: Parameters, receivers: readonly MemberIndex[]): void {
  const isAscending = checkList(receivers, 'receivers', MOST_MEMBERS).every((j, i) => i === 0 || j > receivers[i - 1]!);
  if (!isAscending || receivers.length < nMin || checkIndex(receivers[0]!, 'receivers') > n || receivers.at(-1)! > n)
    throw new CryptoError('bad-receivers', 'receivers', `must be ${nMin} or more of 1..${n}, ascending`);
}

/** Hedged with the share that is dealt, so that a guessed seed is not enough. */
function coefficient(
  { attemptId, n, threshold }: Parameters,
  dealer: MemberIndex,
  secret: Uint8Array,
  seed: Uint8Array,
  k: number,
): bigint {
  const info = concat(ascii('cpds/v1/redealing'), attemptId, u16(dealer), u16(n), u16(threshold), u16(k));
  return scalarFrom48(hkdfSha256(concat(seed, secret), info, 48), 'coefficient');
}
