/** Signed partials between the wire and the arithmetic: what a storeman signs, and what anybody checks of it. */

import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import { parseCapsule } from '@cpds/crypto/capsule';
import { compressed, parseScalar, pointFromHex } from '@cpds/crypto/curve';
import { combinePartials, type Partial, type PartialContext, verifyPartial } from '@cpds/crypto/partial';
import { isSignedByAccount, partialDigest } from '@cpds/contracts';
import type { Grant, Hex, SignedPartial } from '@cpds/messages';
import type { Group, GroupMember } from '../chains/consortium-view.js';

/** The grant and capsule a partial is for. */
export interface ReleaseSubject {
  grantId: Hex;
  grant: Grant;
  capsule: Hex;
}

/** The values that the proof of a partial binds. @throws CryptoError names the field */
export function partialContext({ grantId, grant, capsule }: ReleaseSubject, epoch: number): PartialContext {
  return {
    grantId: fromHex(grantId, 'grantId', 32),
    epoch,
    sealedKeyHash: fromHex(grant.sealedKeyHash, 'grant.sealedKeyHash', 32),
    C: parseCapsule(fromHex(capsule, 'capsule', 162)).C,
    recipientKey: pointFromHex(grant.recipientKey, 'grant.recipientKey'),
  };
}

/** EIP-712 `Partial` under the hub's uid: what the member's message key signs. */
export function digestOfPartial(hubUid: string, partial: Omit<SignedPartial, 'signature'>): Hex {
  const { grantId, epoch, index, sealedKeyHash, w, c, s, lockBlock, mintBlock } = partial;
  return partialDigest(hubUid, { grantId, epoch, index, sealedKeyHash, w, c, s, lockBlock, mintBlock }) as Hex;
}

/** W_i and its proof as hex words. */
export function partialWords(partial: Partial): { w: Hex; c: Hex; s: Hex } {
  return { w: to0x(compressed(partial.W)), c: to0x(u256(partial.proof.c)), s: to0x(u256(partial.proof.s)) };
}

/**
 * The fault of a member's partial, in words for a blame row; null when it is good: signed by the member, for this
 * grant, capsule and epoch, with a proof that holds for its public share.
 */
export function partialFault(
  hubUid: string,
  group: Group,
  member: GroupMember,
  subject: ReleaseSubject,
  partial: SignedPartial,
): string | null {
  if (partial.grantId !== subject.grantId) return 'its partial is for another grant';
  if (partial.epoch !== group.epoch) return `its partial is of epoch ${partial.epoch}`;
  if (partial.index !== member.index) return 'its partial speaks for another member';
  if (partial.sealedKeyHash !== subject.grant.sealedKeyHash) return 'its partial is for another capsule';
  if (!isSignedByAccount(member.messageKey, digestOfPartial(hubUid, partial), partial.signature))
    return 'it did not sign its partial';
  const context = partialContext(subject, partial.epoch);
  try {
    const W = pointFromHex(partial.w, 'w');
    const proof = {
      c: parseScalar(fromHex(partial.c, 'c', 32), 'c'),
      s: parseScalar(fromHex(partial.s, 's', 32), 's'),
    };
    const share = pointFromHex(member.verificationShare, 'verificationShare');
    return verifyPartial(context, share, { index: partial.index, W, proof })
      ? null
      : 'the proof of its partial is false';
  } catch (error) {
    return `its partial is malformed: ${(error as Error).message}`;
  }
}

/** W of exactly t verified partials, compressed hex. @throws CryptoError `wrong-count`, `duplicate` */
export function combinedW(partials: readonly SignedPartial[], threshold: number): Hex {
  const points = partials.map(({ index, w }) => ({ index, W: pointFromHex(w, 'w') }));
  return to0x(compressed(combinePartials(points, threshold)));
}
