import { randomUUID } from 'node:crypto';
import type { ChainLog } from '@cpds/chain';
import { fromGrantData, grantId as grantIdOf, LockedAccount } from '@cpds/contracts';
import { unchanged, type Outcome } from '@cpds/outbox';
import type { Tx } from '@cpds/store';
import type { TransfersService } from '../transfers/transfers.service.js';
import type { ConsortiumView } from './consortium-view.js';

/**
 * Begins a voucher's or storeman's row with a final lock: the event carries the grant. Locks that name an unknown
 * destination or another chain's contracts begin none; nobody could map them.
 */
export class LockIntake {
  constructor(
    private readonly role: 'V' | 'S',
    private readonly view: () => ConsortiumView,
    private readonly transfers: TransfersService,
  ) {}

  /**
   * Writes in the transaction that moves the follower's cursor; the row of the same grant, if there is one, wins. Of the
   * lock the chain told; what is told is a revoke that rested here for its grant.
   */
  async take(tx: Tx, homeUid: string, log: ChainLog): Promise<Outcome<unknown>> {
    const event = LockedAccount.decodeLog(log);
    if (event?.name !== 'Locked') return unchanged();
    const grant = fromGrantData(event.args.grant);
    const grantId = grantIdOf(homeUid, grant);
    const { hospitals } = this.view();
    const home = hospitals.find((hospital) => hospital.chainUid === homeUid);
    const destination = hospitals.find((hospital) => hospital.chainUid === grant.destinationUid);
    const isRegistered =
      home?.lockedAccounts.includes(log.address) &&
      grant.lockedAccount === log.address &&
      destination?.allMappedDeeds.includes(grant.mappedDeeds) &&
      grantId === event.args.grantId.toLowerCase();
    if (!home || !destination || !isRegistered) return unchanged();
    return this.transfers.insert(tx, {
      id: randomUUID(),
      role: this.role,
      state: 'locked',
      grantId,
      grant,
      home: home.party,
      destination: destination.party,
      homeUid,
      destinationUid: destination.chainUid,
      requestExpires: String(grant.notAfter),
    });
  }
}
