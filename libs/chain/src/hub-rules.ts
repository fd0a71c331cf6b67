import { ChainRegistry } from '@cpds/contracts';
import { unavailable } from '@cpds/errors';
import type { ChainHead } from './reader.js';
import { rulesOf, type ChainRules } from './finality.js';

/**
 * Reads the hub's own rules from its registry at the head: they are the only thing read before finality is defined.
 *
 * @param chainRegistry address of ChainRegistry on the hub
 * @throws AppError `chain-unregistered` (unavailable) while there is no such contract or it does not hold the hub; those of `callAt`
 */
export async function readHubRules(
  hub: Pick<ChainHead, 'chainUid' | 'head' | 'callAt'>,
  chainRegistry: string,
): Promise<ChainRules> {
  const head = await hub.head();
  const registry = new ChainRegistry(chainRegistry, {
    call: async ({ to, data }) => {
      const answer = await hub.callAt(head, to, data);
      // An address without code answers nothing.
      if (answer === '0x') throw unavailable('chain-unregistered', 'the hub has no ChainRegistry yet');
      return answer;
    },
  });
  return rulesOf(await registry.chainOf(hub.chainUid));
}
