import type { World } from '../consortium/world.js';
import { HomeAnswer } from '@cpds/messages';
import { AppError } from '@cpds/errors';
import type { Revoked, WalletHolder } from '@cpds/wallet';
import { waitFor } from './waiting.js';

/** A revoked grant and the parties that confirmed it. The report's `revocations` holds these. */
export interface RevocationResult {
  readonly grantId: string;
  readonly when: 'between mint and release' | 'after the record was opened';
  /** Each storeman's signed answer when south asked again. */
  readonly answers: readonly { from: string; verdict: string; signature: string }[];
  /** HTTP status of north's exchange endpoint when south asked again. */
  readonly exchangeCode: number;
}

/**
 * The patient revokes through a bridge that is not the home hospital's; then south asks again, storemen and exchange endpoint alike.
 *
 * @throws AppError `not-refused` somebody still serves
 */
export async function revoke(
  world: World,
  holder: WalletHolder,
  grantId: string,
  when: RevocationResult['when'],
): Promise<RevocationResult> {
  const through = await world.consortium.urlOf('bridge.south');
  await waitFor<Revoked>('enough storemen to confirm the revocation', async () => {
    const revoked = await holder.revoke(grantId, [through]);
    return revoked.confirmedBy.length >= revoked.needed ? revoked : null;
  });
  const answers = await waitFor('a signed refusal of every storeman', async () => {
    const outcome = await world.backends.south.bridge.open(grantId);
    if (outcome.outcome === 'released')
      throw new AppError('not-refused', 'bug', `${grantId} is released after its revocation`);
    if (outcome.outcome !== 'refused') return null;
    const revoked = outcome.answers.filter(({ answer }) => answer.verdict === 'revoked');
    return new Set(revoked.map(({ from }) => from)).size === 5 ? revoked : null;
  });
  const home = await waitFor('the refusal of the exchange endpoint', async () => {
    const answer = await world.backends.south.recordsHttp.post(`grants/${grantId}/home-answer`, {}, HomeAnswer);
    return answer.status === 503 ? null : answer;
  });
  if (home.status !== 410) throw new AppError('not-refused', 'bug', `north's exchange endpoint answers ${home.status}`);
  return {
    grantId,
    when,
    answers: answers.map(({ from, answer }) => ({ from, verdict: answer.verdict, signature: answer.signature })),
    exchangeCode: home.status,
  };
}
