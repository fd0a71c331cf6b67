import { answerDigest, isSignedByAccount } from '@cpds/contracts';
import { toAppError } from '@cpds/errors';
import type { Hex, SignedAnswer } from '@cpds/messages';
import type { MessageKey } from '../datagrams/datagram.js';

/** Signs a refusal or a "not yet" of this member: EIP-712 `Answer` under the hub's uid. */
export function signAnswer(hubUid: string, key: MessageKey, answer: Omit<SignedAnswer, 'signature'>): SignedAnswer {
  return { ...answer, signature: key.sign(answerDigest(hubUid, answer) as Hex) };
}

/** Whether the member with `messageKey` signed exactly this answer for exactly this grant and action. */
export function isAnswerOf(
  hubUid: string,
  messageKey: string,
  asked: Pick<SignedAnswer, 'grantId' | 'action'>,
  answer: SignedAnswer,
): boolean {
  return (
    answer.grantId === asked.grantId &&
    answer.action === asked.action &&
    isSignedByAccount(messageKey, answerDigest(hubUid, answer), answer.signature)
  );
}

/**
 * Turns a failure of this node's own into an answer: the asker goes on with others and does not count silence as guilt.
 * Throws every other error on.
 */
export function unavailableAnswer(error: unknown): { outcome: 'unavailable'; reason: string } {
  const { kind, code, message } = toAppError(error);
  if (kind !== 'unavailable') throw error;
  return { outcome: 'unavailable', reason: `${code}: ${message}`.slice(0, 256) };
}
