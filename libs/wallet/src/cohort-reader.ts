/** Reads a cohort from a final block of the home chain. */

import type { ChainHead, ChainReader, ChainRules } from '@cpds/chain/read';
import { DeedRegistry } from '@cpds/contracts';
import { to0x, u256 } from '@cpds/crypto/bytes';
import { unavailable } from '@cpds/errors';
import type { CohortFacts } from './deed-check.js';
import type { HospitalFacts } from './hub-facts.js';
import { runnerAt } from './hub-reader.js';

/** The calls of a home chain's reader that are needed here. */
export type CohortChain = Pick<ChainHead, 'chainUid'> & {
  adopt(rules: ChainRules): Pick<ChainReader, 'final' | 'callAt' | 'logs'>;
};

/**
 * Reads a cohort at a final block: the registry's entry, and the keys and commitments of its event.
 *
 * @param home from the hub's facts: its rules say what is final, its registry is the one read
 * @throws AppError `wrong-chain`; `cohort-not-final` (unavailable) while it is missing or not final
 */
export async function readCohort(head: CohortChain, home: HospitalFacts, cohort: number): Promise<CohortFacts> {
  if (head.chainUid !== home.chainUid)
    throw unavailable('wrong-chain', `this address shows another chain than ${home.name}'s`);
  const reader = head.adopt(home.rules);
  const block = await reader.final();
  const registry = new DeedRegistry(home.deedRegistry, runnerAt(reader, block));
  const filter = {
    addresses: [home.deedRegistry],
    topics: [DeedRegistry.topics.CohortMinted, to0x(u256(cohort))],
  };
  const logs = await reader.logs(filter, 0, block.number);
  const minted = logs.map((log) => DeedRegistry.decodeLog(log)).find((event) => event !== undefined);
  if (!minted) throw unavailable('cohort-not-final', `cohort ${cohort} is not on a final block yet`);
  return {
    word: await registry.cohortHash(cohort),
    xs: minted.args.xs.map((x) => to0x(u256(x))),
    commitments: [...minted.args.commitments],
  };
}
