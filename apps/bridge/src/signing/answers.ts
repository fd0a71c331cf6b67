import { answerDigest, isSignedByAccount } from '@cpds/contracts';
import type { Hex, SignedAnswer } from '@cpds/messages';
import type { MessageKey } from '../datagrams/message-key.js';

/** A refusal or a "not yet" that this member stands for: EIP-712 `Answer` under the hub's uid. */
export function signAnswer(hubUid: string, key: MessageKey, answer: Omit<SignedAnswer, 'signature'>): SignedAnswer {
  return { ...answer, signature: key.sign(answerDigest(hubUid, answer) as Hex) };
}

/** Whether the member with `messageKey` said exactly this about exactly this grant and action. */
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
