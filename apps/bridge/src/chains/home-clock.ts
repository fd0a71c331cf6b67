import { LockedAccount } from '@cpds/contracts';
import { Injectable } from '@nestjs/common';
import { ChainSet } from './chain-set.js';
import { ConsortiumReader } from './consortium-reader.js';
import { hospitalNamed } from './consortium-view.js';

/** The own chain's time and LockedAccount's least window, for whoever builds a grant. */
@Injectable()
export class HomeClock {
  constructor(
    private readonly chains: ChainSet,
    private readonly consortium: ConsortiumReader,
  ) {}

  /** Head timestamp, seconds. @throws AppError `unavailable` on a stale head */
  async headTime(): Promise<number> {
    const { chainUid } = hospitalNamed(this.consortium.current(), this.consortium.self);
    const reader = this.chains.requireReader(chainUid);
    const snapshot = await reader.snapshot();
    reader.assertFresh(snapshot);
    return snapshot.head.timestamp;
  }

  /** Constant of the contract, seconds. */
  async minWindowSeconds(lockedAccount: string): Promise<number> {
    const { chainUid } = hospitalNamed(this.consortium.current(), this.consortium.self);
    const reader = this.chains.requireReader(chainUid);
    const block = await reader.final();
    const contract = new LockedAccount(lockedAccount, { call: ({ to, data }) => reader.callAt(block, to, data) });
    return Number(await contract.minWindow());
  }
}
