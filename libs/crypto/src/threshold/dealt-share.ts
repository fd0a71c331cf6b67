/**
 * A dealer's secret value for one receiver, and how it travels over the hub (protocol section 3): sealed by HPKE to the
 * key that the receiver published for this dealer and this attempt alone, so that a complaint can reveal that key and
 * opens nothing else.
 */

import { ascii, checkBytes, checkList, concat, toHex, u16 } from '../bytes.js';
import { CryptoError, passes } from '../crypto-error.js';
import { G, parsePoint, parseScalar } from '../curve.js';
import { hkdfSha256 } from '../hash.js';
import * as hpke from '../hpke.js';
import { checkIndex, commitmentAt, memberName, MOST_MEMBERS } from './group.js';
import type { MemberIndex } from './group.js';

/** Round message 2, secret: the value of `dealer`'s polynomial at `receiver`, 32 bytes. It travels sealed. */
export interface DealtShare {
  dealer: MemberIndex;
  receiver: MemberIndex;
  share: Uint8Array;
}

/** A share is checked against these: the commitments to its dealer's polynomial, constant term first. */
export interface PolynomialCommitments {
  dealer: MemberIndex;
  /** A_0..A_{t-1}, SEC1 compressed. */
  points: Uint8Array[];
}

/** Length of every sealed share: encapsulation, 32 bytes, tag. */
export const SEALED_SHARE_BYTES = hpke.PUBLIC_KEY_BYTES + 32 + 16;

/**
 * Accepts a dealt share that is a scalar in [1, n-1] and lies on its dealer's commitments.
 *
 * @throws CryptoError `bad-share` names the dealer
 */
export function checkDealtShare(commitments: PolynomialCommitments, dealt: DealtShare): void {
  const culprit = memberName(commitments.dealer);
  let scalar: bigint;
  try {
    scalar = parseScalar(dealt.share, 'share');
  } catch (cause) {
    throw Object.assign(new CryptoError('bad-share', 'share', 'is out of range', culprit), { cause });
  }
  const points = checkList(commitments.points, 'points', MOST_MEMBERS).map((point, k) =>
    parsePoint(point, `points[${k}]`),
  );
  if (dealt.dealer !== commitments.dealer || !G.multiply(scalar).equals(commitmentAt(points, dealt.receiver)))
    throw new CryptoError('bad-share', 'share', "is off the dealer's commitments", culprit);
}

/** The HPKE context of one dealt share: tag ‖ attempt ‖ u16 dealer ‖ u16 receiver. The attempt id names the ceremony. */
export function shareContext(attemptId: Uint8Array, dealer: MemberIndex, receiver: MemberIndex): Uint8Array {
  return concat(ascii('cpds/v1/dealt-share'), checkBytes(attemptId, 'attemptId', 32), ...placesOf(dealer, receiver));
}

/** Seed (32 bytes) of the HPKE key pair on which `receiver` takes `dealer`'s share: one key per dealer and attempt. */
export function shareKeySeed(
  attemptId: Uint8Array,
  dealer: MemberIndex,
  receiver: MemberIndex,
  seed: Uint8Array,
): Uint8Array {
  checkBytes(seed, 'seed', 32);
  checkBytes(attemptId, 'attemptId', 32);
  return hkdfSha256(seed, concat(ascii('cpds/v1/share-key'), attemptId, ...placesOf(dealer, receiver)), 32);
}

function placesOf(dealer: MemberIndex, receiver: MemberIndex): [Uint8Array, Uint8Array] {
  return [u16(checkIndex(dealer, 'dealer')), u16(checkIndex(receiver, 'receiver'))];
}

/** The key pair of that seed, the same each time. */
export function shareKey(
  attemptId: Uint8Array,
  dealer: MemberIndex,
  receiver: MemberIndex,
  seed: Uint8Array,
): Promise<hpke.KeyPair> {
  return hpke.deriveKey(shareKeySeed(attemptId, dealer, receiver, seed));
}

/**
 * Whether a member may take its shares on these keys: one for each dealer, each an uncompressed point on the curve,
 * none twice. Other members' keys do not count: else somebody could copy a key from a pending transaction and so
 * exclude its owner.
 */
export function areShareKeys(dealers: readonly MemberIndex[], keys: ReadonlyMap<MemberIndex, Uint8Array>): boolean {
  const list = [...keys.values()];
  return (
    isForEach(dealers, keys) &&
    new Set(list.map(toHex)).size === list.length &&
    list.every((key) => passes(() => hpke.checkPublicKey(key, 'keys')))
  );
}

/** Whether a dealer has dealt to everybody: one sealed share for each receiver, as long as such a share is. */
export function areSealedShares(
  receivers: readonly MemberIndex[],
  sealed: ReadonlyMap<MemberIndex, Uint8Array>,
): boolean {
  return isForEach(receivers, sealed) && [...sealed.values()].every((one) => one.length === SEALED_SHARE_BYTES);
}

function isForEach(members: readonly MemberIndex[], posted: ReadonlyMap<MemberIndex, unknown>): boolean {
  return posted.size === members.length && members.every((member) => posted.has(member));
}

/** Seals a share to the receiver's key for its dealer: `SEALED_SHARE_BYTES` bytes. */
export async function sealShare(attemptId: Uint8Array, publicKey: Uint8Array, dealt: DealtShare): Promise<Uint8Array> {
  const context = shareContext(attemptId, dealt.dealer, dealt.receiver);
  return hpke.seal(publicKey, context, checkBytes(dealt.share, 'share', 32));
}

/**
 * Opens and checks a share. Deterministic: everybody with the secret of that one key comes to the same result.
 *
 * @throws CryptoError `not-openable`; `bad-share` names the dealer
 */
export async function openShare(
  attemptId: Uint8Array,
  commitments: PolynomialCommitments,
  receiver: MemberIndex,
  privateKey: Uint8Array,
  sealed: Uint8Array,
): Promise<DealtShare> {
  const { dealer } = commitments;
  const share = await hpke.open(privateKey, shareContext(attemptId, dealer, receiver), sealed);
  const dealt = { dealer, receiver, share };
  checkDealtShare(commitments, dealt);
  return dealt;
}
