import type { Grant } from '@cpds/messages';
import { deadlineOf, nextLook } from './deadline.js';
import type { TransferSnapshot } from './transfer.js';

const grant = { lockBefore: 100, mintBefore: 200, notAfter: 300 } as Grant;
const row = (state: TransferSnapshot['state']): TransferSnapshot => ({
  role: 'B',
  state,
  closeReason: null,
  haltedFrom: null,
  grant: state === 'requested' ? null : grant,
  requestExpires: 50,
  lockResends: 0,
});

describe('when a row is looked at again', () => {
  it('is soon while something is being sent', () => {
    for (const state of ['consented', 'lock-sent', 'locked', 'vouched', 'mint-sent', 'refunding', 'closing'] as const)
      expect(nextLook(row(state), 10_000, 1_000).getTime()).toBe(11_000);
  });

  it('is rare while it rests, but never after its deadline', () => {
    expect(nextLook(row('mapped'), 10_000, 1_000).getTime()).toBe(70_000);
    expect(nextLook(row('mapped'), 290_000, 1_000).getTime()).toBe(300_000);
    expect(nextLook(row('requested'), 10_000, 1_000).getTime()).toBe(50_000);
  });

  it('is soon again once the deadline has passed', () => {
    expect(nextLook(row('opened'), 300_000, 1_000).getTime()).toBe(301_000);
  });
});

describe('a deadline', () => {
  it('is the one of the state', () => {
    expect(deadlineOf(row('requested'))).toBe(50);
    expect(deadlineOf(row('lock-sent'))).toBe(100);
    expect(deadlineOf(row('vouched'))).toBe(200);
    expect(deadlineOf(row('opened'))).toBe(300);
    expect(deadlineOf(row('closed'))).toBeNull();
  });
});
