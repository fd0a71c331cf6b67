/** Reads what a grant's times depend on from a final block of the home chain. */

import type { ChainHead, ChainReader, ChainRules } from '@cpds/chain/read';
import { LockedAccount } from '@cpds/contracts';
import { unavailable } from '@cpds/errors';
import type { HospitalFacts } from './hub-facts.js';
import { runnerAt } from './hub-reader.js';

/** The calls of a home chain's reader that are needed here. */
export type HomeChain = Pick<ChainHead, 'chainUid'> & {
  adopt(rules: ChainRules): Pick<ChainReader, 'final' | 'callAt'>;
};

/**
 * Seconds that LockedAccount asks for between a lock and mintBefore.
 *
 * @param home from the hub's facts: its rules say what is final, its LockedAccount is the one read
 * @throws AppError `wrong-chain`
 */
export async function readMinWindow(head: HomeChain, home: HospitalFacts): Promise<number> {
  if (head.chainUid !== home.chainUid)
    throw unavailable('wrong-chain', `this address shows another chain than ${home.name}'s`);
  const reader = head.adopt(home.rules);
  const runner = runnerAt(reader, await reader.final());
  return Number(await new LockedAccount(home.lockedAccount, runner).minWindow());
}
