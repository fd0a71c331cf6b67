import { answerDigest, signDigest, type AnswerStatement } from '@cpds/contracts';
import type { RevocationAnswer, SignedAnswer } from '@cpds/messages';
import { answersNeeded, confirmedBy } from './revocation.js';
import { hex, hub, storemanKeys } from './testing/facts.js';

const group = hub.sealing[0]!;
const grantId = hex(7);

function answerOf(secret: bigint, change: Partial<AnswerStatement> = {}): SignedAnswer {
  const statement = { grantId, action: 'revoke', verdict: 'revoked', ...change } as const;
  return { ...statement, signature: signDigest(secret, answerDigest(hub.hubUid, statement)) } as SignedAnswer;
}

function told(by: SignedAnswer, ...forwarded: SignedAnswer[]): RevocationAnswer {
  return { from: 'any', answer: by, forwarded: forwarded.map((answer) => ({ from: 'any', answer })) };
}

describe('a revocation has arrived', () => {
  it('where storemen signed so, whoever carried the answer', () => {
    const [one, two, three] = storemanKeys as [bigint, bigint, bigint];
    expect(confirmedBy(grantId, [told(answerOf(1n), answerOf(two), answerOf(one))], hub, group)).toEqual([
      'storeman-1',
      'storeman-2',
    ]);
    expect(confirmedBy(grantId, [told(answerOf(three)), told(answerOf(three))], hub, group)).toEqual(['storeman-3']);
  });

  it('not for another grant, verdict, hub or signer', () => {
    const [one] = storemanKeys as [bigint];
    const none = [
      answerOf(one, { grantId: hex(8) }),
      answerOf(one, { verdict: 'wait' }),
      { ...answerOf(one), action: 'release' as const },
      answerOf(1n),
    ].map((answer) => told(answer));
    expect(confirmedBy(grantId, none, hub, group)).toEqual([]);
    expect(confirmedBy(grantId, [told(answerOf(one))], { ...hub, hubUid: hex(9) }, group)).toEqual([]);
  });

  it('enough when fewer than t are left: three of five for t = 3', () => {
    expect(answersNeeded(group)).toBe(3);
    expect(answersNeeded({ ...group, threshold: 4 })).toBe(2);
  });
});
