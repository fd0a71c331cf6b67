/** Whether a revocation has arrived: counts the storemen's signatures, whoever carried them. */

import { answerDigest, signerOf } from '@cpds/contracts';
import type { RevocationAnswer } from '@cpds/messages';
import type { HubFacts, SealingGroup } from './hub-facts.js';

/** Names of the storemen whose own signed `revoked` is among the answers, each once. */
export function confirmedBy(
  grantId: string,
  answers: readonly RevocationAnswer[],
  hub: HubFacts,
  group: SealingGroup,
): string[] {
  const confirmed = answers
    .flatMap(({ from, answer, forwarded }) => [{ from, answer }, ...forwarded])
    .filter(({ answer }) => answer.grantId === grantId && answer.verdict === 'revoked')
    .flatMap(({ answer }) => {
      const signer = signerOf(answerDigest(hub.hubUid, answer), answer.signature);
      return group.members.filter((member) => member.messageKey === signer).map((member) => member.name);
    });
  return [...new Set(confirmed)].sort();
}

/** Storemen that must have answered before fewer than t are left to release: n − t + 1. */
export function answersNeeded(group: SealingGroup): number {
  return group.members.length - group.threshold + 1;
}
