/** What the contracts say happened to each grant. */

import { LockedAccount, MappedDeeds } from '@cpds/contracts';
import type { Policy } from './policy.js';
import type { Requests } from './requests.js';
import { Rpc } from './rpc.js';

/** One grant as the chains show it. Absent members never happened. */
export interface ChainGrant {
  readonly grantId: string;
  lockedAt?: string;
  lockClosed?: 'Refunded' | 'Revoked' | 'GivenBack' | 'None';
  mappedAt?: string;
  mappingClosed?: 'Revoked' | 'GivenBack' | 'None';
  /** True if the grant was closed for ever before it was locked or mapped. */
  voidedAt?: string;
}

/** Grants by grantId, from the events of all contracts of the policy. @throws NoAnswer */
export async function readChains(policy: Policy, requests: Requests): Promise<Map<string, ChainGrant>> {
  const grants = new Map<string, ChainGrant>();
  const of = (grantId: string): ChainGrant => {
    const known = grants.get(grantId) ?? { grantId };
    grants.set(grantId, known);
    return known;
  };
  for (const chain of policy.chains) {
    const rpc = new Rpc(chain.rpc, requests);
    for (const address of chain.lockedAccounts)
      for (const log of await rpc.logs(address)) {
        const event = LockedAccount.decodeLog(log);
        if (event?.name === 'Locked') of(event.args.grantId).lockedAt = chain.party;
        if (event?.name === 'LockClosed') of(event.args.grantId).lockClosed = event.args.reason;
        if (event?.name === 'LockVoided') of(event.args.grantId).voidedAt = chain.party;
      }
    for (const address of chain.mappedDeeds)
      for (const log of await rpc.logs(address)) {
        const event = MappedDeeds.decodeLog(log);
        if (event?.name === 'Mapped') of(event.args.grantId).mappedAt = chain.party;
        if (event?.name === 'MappingClosed') of(event.args.grantId).mappingClosed = event.args.reason;
        if (event?.name === 'MappingVoided') of(event.args.grantId).voidedAt = chain.party;
      }
  }
  return grants;
}
