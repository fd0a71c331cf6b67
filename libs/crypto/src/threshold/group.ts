/** The public side of a threshold key, its shares, and the identifiers that both count with. */

import { secp256k1_FROST } from '@noble/curves/secp256k1.js';
import type { FrostPublic, FrostSecret } from '@noble/curves/abstract/frost.js';
import { checkList } from '../bytes.js';
import { checkPoint, checkRecoverable, compressed, G, parsePoint, parseScalar, Point } from '../curve.js';
import { CryptoError } from '../crypto-error.js';

/** A member's identifier: its place in the roster, from 1. Encoded as u16 in transcripts. */
export type MemberIndex = number;

/** The highest identifier: identifiers are u16, from 1. */
export const MOST_MEMBERS = 0xffff;

/** The culprit's name in an error: `member 3`. */
export function memberName(index: MemberIndex): string {
  return `member ${index}`;
}

/** One key of the storemen as everybody sees it, in one epoch. Nothing in it is secret. */
export interface GroupKey {
  /** How many members act together. */
  threshold: number;
  /** Y, SEC1 compressed. */
  publicKey: Uint8Array;
  /** Y_i = y_i·G of every member of the epoch, SEC1 compressed. */
  verificationShares: ReadonlyMap<MemberIndex, Uint8Array>;
}

/** One member's secret part of a group key. `secret` is y_i, 32 bytes. */
export interface KeyShare {
  index: MemberIndex;
  secret: Uint8Array;
  group: GroupKey;
}

/**
 * Returns `share` when y_i·G is the verification share that the group lists for it.
 *
 * @throws CryptoError `bad-share` otherwise: a node with another share must not speak for this member
 */
export function checkKeyShare(share: KeyShare): KeyShare {
  const listed = verificationShare(share.group, share.index);
  const own = G.multiply(parseScalar(share.secret, 'share.secret'));
  if (!own.equals(parsePoint(listed, 'verificationShare')))
    throw new CryptoError('bad-share', 'share.secret', 'does not belong to the published verification share');
  return share;
}

/**
 * Returns `group` when its key and verification shares are points and its threshold fits their number. Call it before
 * the curve library reads a group.
 *
 * @throws CryptoError `bad-group`, `bad-index`, `bad-point`
 */
export function checkGroup(group: GroupKey): GroupKey {
  frostPublic(group);
  return group;
}

/** Y_i of a member. @throws CryptoError `not-a-member` names the index */
export function verificationShare(group: GroupKey, index: MemberIndex): Uint8Array {
  const listed = checkGroup(group).verificationShares.get(index);
  if (listed === undefined)
    throw new CryptoError('not-a-member', 'index', 'is not in the current epoch', memberName(index));
  return listed;
}

/** Refuses anything but an integer in [1, 65535]. */
export function checkIndex(index: MemberIndex, field: string): MemberIndex {
  if (!Number.isInteger(index) || index < 1 || index > MOST_MEMBERS)
    throw new CryptoError('bad-index', field, 'must be an integer from 1 to 65535');
  return index;
}

/** Σ_k index^k·A_k: what a dealer's commitments say about the share at `index`. */
export function commitmentAt(points: readonly Point[], index: MemberIndex): Point {
  const x = BigInt(checkIndex(index, 'index'));
  checkList(points, 'points', MOST_MEMBERS).forEach((point, k) => checkPoint(point, `points[${k}]`));
  let sum = Point.ZERO;
  for (let k = points.length - 1; k >= 0; k--) sum = sum.multiplyUnsafe(x).add(points[k]!);
  return sum;
}

/** The library's identifier of a member. */
export function frostId(index: MemberIndex): string {
  return secp256k1_FROST.Identifier.fromNumber(checkIndex(index, 'index'));
}

const views = new WeakMap<GroupKey, FrostPublic>();

/**
 * The library's view of a group that passes `checkGroup`, remembered because nothing changes a group. Points are
 * uncompressed, so that the library does not compute again roots that were computed here. It reads `commitments[0]` and
 * `verifyingShares` only, when it signs and verifies; the other commitments are gone after a reshare.
 */
export function frostPublic(group: GroupKey): FrostPublic {
  const known = views.get(group);
  if (known !== undefined) return known;
  const { threshold, publicKey, verificationShares } = group;
  if (!(verificationShares instanceof Map))
    throw new CryptoError('bad-group', 'verificationShares', 'must be a map of members');
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > verificationShares.size)
    throw new CryptoError('bad-group', 'threshold', 'must be from 2 to the number of members');
  const Y = checkRecoverable(parsePoint(publicKey, 'publicKey'), 'publicKey');
  const verifyingShares = Object.fromEntries(
    [...verificationShares].map(([index, point]) => [
      frostId(index),
      parsePoint(point, `verificationShares[${index}]`).toBytes(false),
    ]),
  );
  const view = {
    signers: { min: threshold, max: verificationShares.size },
    commitments: [Y.toBytes(false)],
    verifyingShares,
  };
  views.set(group, view);
  return view;
}

/** The library's view of a share. The secret is copied: the library may change what it is given. */
export function frostSecret(share: KeyShare): FrostSecret {
  parseScalar(share.secret, 'share.secret');
  return { identifier: frostId(share.index), signingShare: Uint8Array.from(share.secret) };
}

/** y·G, compressed. */
export function publicOf(secret: Uint8Array): Uint8Array {
  return compressed(G.multiply(parseScalar(secret, 'secret')));
}
