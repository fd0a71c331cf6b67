/** Reads what a grant's times depend on from a final block of the home chain. */

import type { ChainReader } from '@cpds/chain/read';
import { LockedAccount } from '@cpds/contracts';
import { unavailable } from '@cpds/errors';
import type { HospitalFacts } from './hub-facts.js';
import { runnerAt } from './hub-reader.js';

/** Of a chain's reader, what is needed here. */
export type HomeReader = Pick<ChainReader, 'chainUid' | 'final' | 'callAt' | 'adopt'>;

/**
 * Seconds that LockedAccount asks for between a lock and mintBefore.
 *
 * @param home from the hub's facts: its rules say what is final, its LockedAccount is the one read
 * @throws AppError `wrong-chain`
 */
export async function readMinWindow(reader: HomeReader, home: HospitalFacts): Promise<number> {
  if (reader.chainUid !== home.chainUid)
    throw unavailable('wrong-chain', `this address shows another chain than ${home.name}'s`);
  reader.adopt(home.rules);
  const runner = runnerAt(reader, await reader.final());
  return Number(await new LockedAccount(home.lockedAccount, runner).minWindow());
}
