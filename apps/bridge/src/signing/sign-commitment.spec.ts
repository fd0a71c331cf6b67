import { randomUUID } from 'node:crypto';
import { to0x } from '@cpds/crypto/bytes';
import { compressed, G } from '@cpds/crypto/curve';
import type { SignCommitment } from '@cpds/messages';
import { MessageKey } from '../datagrams/datagram.js';
import { generateKey, operator } from '../testing/group.js';
import { commitmentFault, nonceCommitmentOf, signCommitment } from './sign-commitment.js';

const storemen = [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`));
const made = generateKey(
  'sign',
  storemen.map((one) => one.operator),
).group;
/** The group after two reshares. */
const group = { ...made, epoch: 3 };
const session = randomUUID();
const keyOf = (i: number) => new MessageKey(storemen[i - 1]!.messageSecret);
const point = (n: bigint) => to0x(compressed(G.multiply(n)));

const unsigned: Omit<SignCommitment, 'signature'> = {
  session,
  index: 2,
  epoch: 3,
  nonceId: randomUUID(),
  hiding: point(5n),
  binding: point(7n),
  lockBlockHash: `0x${'3'.repeat(64)}`,
};
const good = signCommitment(keyOf(2), unsigned);

describe('a commitment of the first round', () => {
  it('is taken from a member of the current epoch that signed it', () => {
    expect(commitmentFault(group, session, good)).toBeNull();
  });

  it('gives FROST its index and both points', () => {
    const [hiding, binding] = [5n, 7n].map((n) => compressed(G.multiply(n)));
    expect(nonceCommitmentOf(good)).toEqual({ index: 2, hiding, binding });
  });

  // Signed by the member itself, so that nothing but the field stands against it.
  it.each<[string, Partial<SignCommitment>, RegExp]>([
    ['of the epoch before', { epoch: 2 }, /member 2 is in epoch 2/],
    ['of the epoch after', { epoch: 4 }, /member 2 is in epoch 4/],
    ['of the first epoch', { epoch: 1 }, /member 2 is in epoch 1/],
    ['of another session', { session: randomUUID() }, /member 2 answered another session/],
    ['of an index that no member has', { index: 6 }, /member 6 is not in the current epoch/],
    ["of another member's index", { index: 3 }, /member 3 did not sign/],
  ])('is refused when it is %s', (_, change, fault) => {
    expect(commitmentFault(group, session, signCommitment(keyOf(2), { ...unsigned, ...change }))).toMatch(fault);
  });

  it.each<[string, Partial<SignCommitment>]>([
    ['nonce', { nonceId: randomUUID() }],
    ['hiding point', { hiding: point(6n) }],
    ['binding point', { binding: point(8n) }],
    ['block of the lock', { lockBlockHash: `0x${'4'.repeat(64)}` }],
    ['signature', { signature: signCommitment(keyOf(1), unsigned).signature }],
  ])('is refused when its %s is changed after it was signed', (_, change) => {
    expect(commitmentFault(group, session, { ...good, ...change })).toBe('member 2 did not sign its commitment');
  });
});
