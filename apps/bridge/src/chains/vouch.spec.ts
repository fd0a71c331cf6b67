import type { Facts } from '../transfers/facts.js';
import { vouchDigest, vouchFault, vouchOf, type LockSeen } from './vouch.js';

const lock: LockSeen = {
  homeUid: `0x${'11'.repeat(32)}`,
  lockedAccount: `0x${'22'.repeat(20)}`,
  destinationUid: `0x${'33'.repeat(32)}`,
  grantId: `0x${'44'.repeat(32)}`,
  ringHash: `0x${'55'.repeat(32)}`,
  block: { number: 7, hash: `0x${'66'.repeat(32)}` },
};
const block = { number: 9, hash: `0x${'77'.repeat(32)}`, timestamp: 100 };
const facts = (more: Partial<Facts> = {}): Facts => ({
  now: 100,
  home: {
    head: { block, status: 'locked' },
    final: { block, status: 'locked' },
    written: { block: { ...block, number: 7 }, tx: '0x' },
    tagUsed: true,
  },
  hub: { finalTime: 100, vouched: false, ownVouch: false, paused: false, fresh: true },
  lockTx: 'missing',
  mintTx: 'missing',
  refundTx: 'missing',
  ...more,
});

describe('a vouch', () => {
  it('names the block of the lock: any other block, or hash, or ring is another digest', () => {
    const digests = [
      lock,
      { ...lock, block: { ...lock.block, number: 8 } },
      { ...lock, block: { ...lock.block, hash: `0x${'67'.repeat(32)}` } },
      { ...lock, ringHash: `0x${'56'.repeat(32)}` },
      { ...lock, homeUid: `0x${'12'.repeat(32)}` },
    ].map(vouchDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('is sent with all that its digest binds, and its destination', () => {
    const { block: of, ...rest } = lock;
    expect(vouchOf(lock)).toEqual({ ...rest, blockNumber: 7n, blockHash: of.hash });
  });

  it('is given for a lock that is final and still there, while the hub is fresh', () => {
    expect(vouchFault(facts())).toBeNull();
  });

  it('waits for everything else', () => {
    const { home, hub } = facts();
    expect(vouchFault(facts({ home: undefined }))).toMatch(/reliable/);
    expect(vouchFault(facts({ home: { ...home!, final: { block, status: 'none' } } }))).toMatch(/final/);
    expect(vouchFault(facts({ home: { ...home!, head: { block, status: 'revoked' } } }))).toMatch(/head/);
    expect(vouchFault(facts({ home: { ...home!, written: undefined } }))).toMatch(/final/);
    expect(vouchFault(facts({ hub: undefined }))).toMatch(/hub/);
    expect(vouchFault(facts({ hub: { ...hub!, fresh: false } }))).toMatch(/hub/);
  });
});
