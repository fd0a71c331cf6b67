import { answerDigest, isSignedByAccount } from '@cpds/contracts';
import type { Hex, Withdrawal } from '@cpds/messages';
import type { MessageKey } from '../datagrams/datagram.js';

/** Signs a withdrawal as the home hospital: EIP-712 `Answer` under the hub's uid. */
export function signWithdrawal(hubUid: string, key: MessageKey, unsigned: Omit<Withdrawal, 'signature'>): Withdrawal {
  return { ...unsigned, signature: key.sign(digestOf(hubUid, unsigned)) };
}

/** Whether the hospital with `messageKey` signed exactly this withdrawal. */
export function isWithdrawalOf(hubUid: string, messageKey: string, withdrawal: Withdrawal): boolean {
  return isSignedByAccount(messageKey, digestOf(hubUid, withdrawal), withdrawal.signature);
}

/** No storeman signs this action, so a withdrawal can never stand for another answer, nor one for it. */
function digestOf(hubUid: string, { grantId, copy }: Omit<Withdrawal, 'signature'>): Hex {
  return answerDigest(hubUid, { grantId, action: 'withdraw', verdict: copy }) as Hex;
}
