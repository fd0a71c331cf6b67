/**
 * A signer's first message, signed: nonce commitments together with the hash of the lock's block as this signer's own
 * node has it. The package of the second round holds the t of them, so every signer sees whether the home chain showed
 * the others the same lock; an equivocating chain gets no signature (protocol section 7).
 */

import { ascii, fromHex, to0x } from '@cpds/crypto/bytes';
import { canonicalJson } from '@cpds/crypto/canonical-json';
import type * as frost from '@cpds/crypto/frost';
import { keccak256, sha256 } from '@cpds/crypto/hash';
import type { Hex, SignCommitment } from '@cpds/messages';
import { isSignedByAccount } from '@cpds/contracts';
import type { Group } from '../chains/consortium-view.js';
import type { MessageKey } from '../datagrams/datagram.js';

/** keccak256("cpds/v1/sign-commitment" ‖ sha256(RFC 8785 of the message without its signature)). */
export function commitmentDigest(message: Omit<SignCommitment, 'signature'>): Hex {
  const { session, index, epoch, nonceId, hiding, binding, lockBlockHash } = message;
  const text = canonicalJson({ session, index, epoch, nonceId, hiding, binding, lockBlockHash });
  return to0x(keccak256(ascii('cpds/v1/sign-commitment'), sha256(text)));
}

/** Signs a commitment with the member's message key. */
export function signCommitment(key: MessageKey, message: Omit<SignCommitment, 'signature'>): SignCommitment {
  return { ...message, signature: key.sign(commitmentDigest(message)) };
}

/** The fault of a commitment: its author is no member of this epoch, or did not sign it. Null if it has none. */
export function commitmentFault(group: Group, session: string, message: SignCommitment): string | null {
  const member = group.members.find((known) => known.index === message.index);
  if (!member) return `member ${message.index} is not in the current epoch`;
  if (message.session !== session) return `member ${message.index} answered another session`;
  if (message.epoch !== group.epoch) return `member ${message.index} is in epoch ${message.epoch}`;
  if (!isSignedByAccount(member.messageKey, commitmentDigest(message), message.signature))
    return `member ${message.index} did not sign its commitment`;
  return null;
}

/** The part of a commitment that FROST needs. */
export function nonceCommitmentOf(message: SignCommitment): frost.NonceCommitment {
  return {
    index: message.index,
    hiding: fromHex(message.hiding, 'hiding', 33),
    binding: fromHex(message.binding, 'binding', 33),
  };
}
