/** Reads hub facts at one final block of the hub, from registries pinned at enrolment. */

import {
  readHubRules,
  rulesOf,
  type BlockRef,
  type ChainHead,
  type ChainReader,
  type ChainRules,
} from '@cpds/chain/read';
import {
  ChainRegistry,
  compressWords,
  StoremanRegistry,
  type CallRunner,
  type Hex,
  type MemberStruct,
} from '@cpds/contracts';
import { unavailable } from '@cpds/errors';
import type { HospitalFacts, HubFacts, SealingGroup } from './hub-facts.js';

/** The calls of a hub's reader that are needed here. */
export type HubChain = Pick<ChainHead, 'chainUid' | 'head' | 'callAt'> & {
  adopt(rules: ChainRules): Pick<ChainReader, 'final' | 'callAt'>;
};

/** Addresses of the hub's registries. */
export interface HubAddresses {
  chainRegistry: string;
  storemanRegistry: string;
}

/**
 * Reads all that the wallet believes of other parties.
 *
 * The hub's own rules of finality come first, from its head, and everything else from a block that is final by them.
 *
 * @throws AppError `wrong-hub` when the head is of another chain than the pinned one; `chain-stale`, `chain-…` as the
 * reader does
 */
export async function readHub(head: HubChain, pinned: HubAddresses & { chainUid: string }): Promise<HubFacts> {
  if (head.chainUid !== pinned.chainUid)
    throw unavailable('wrong-hub', 'this address shows another chain than the hub pinned at enrolment');
  const reader = head.adopt(await readHubRules(head, pinned.chainRegistry));

  const runner = runnerAt(reader, await reader.final());
  const chains = new ChainRegistry(pinned.chainRegistry, runner);
  const storemen = new StoremanRegistry(pinned.storemanRegistry, runner);
  const uids = await chains.chainUids();
  const [hub, hospitals, members] = await Promise.all([
    chains.chainOf(pinned.chainUid),
    Promise.all(uids.filter((uid) => uid !== pinned.chainUid).map((uid) => readHospital(chains, uid))),
    storemen.members(),
  ]);
  const standing = hospitals.filter((hospital) => hospital !== undefined);
  const keyIds = [...new Set(standing.flatMap((hospital) => hospital.sealKeyIds))];
  return {
    hubUid: head.chainUid,
    wSeconds: Number(hub.w),
    hospitals: standing.map((hospital) => hospital.facts),
    sealing: await Promise.all(keyIds.map((keyId) => readGroup(storemen, keyId, members))),
  };
}

/** Calls in the state of one block. */
export function runnerAt(reader: Pick<ChainReader, 'callAt'>, block: BlockRef): CallRunner {
  return { call: ({ to, data }) => reader.callAt(block, to, data) };
}

/** Undefined while the hospital has no contracts for a group key: nothing can be shared to or from it yet. */
async function readHospital(
  chains: ChainRegistry,
  chainUid: string,
): Promise<{ facts: HospitalFacts; sealKeyIds: Hex[] } | undefined> {
  const [chain, base, sets] = await Promise.all([
    chains.chainOf(chainUid),
    chains.baseContractsOf(chainUid),
    chains.transferContractsOf(chainUid),
  ]);
  const current = sets.at(-1);
  if (!current) return undefined;
  const facts: HospitalFacts = {
    name: chain.name,
    chainUid: lower(chainUid),
    messageKey: lower(chain.messageKey),
    wSeconds: Number(chain.w),
    rules: rulesOf(chain),
    deedRegistry: lower(base.deedRegistry.account),
    lockedAccount: lower(current.lockedAccount.account),
    mappedDeeds: lower(current.mappedDeeds.account),
    sealKeyId: lower(current.sealKeyId),
  };
  return { facts, sealKeyIds: sets.map((set) => lower(set.sealKeyId)) };
}

async function readGroup(
  storemen: StoremanRegistry,
  keyId: Hex,
  members: readonly MemberStruct[],
): Promise<SealingGroup> {
  const group = await storemen.groupOf(keyId);
  if (group.purpose !== 'Seal')
    throw unavailable('unknown-key', 'a hospital names a sealing key that the hub does not have');
  return {
    keyId,
    ySeal: compressWords(group.key),
    epoch: Number(group.epoch),
    threshold: Number(group.t),
    members: group.memberAccounts.map((account, i) => {
      const member = members.find((known) => lower(known.account) === lower(account));
      if (!member) throw unavailable('unknown-member', `member ${i + 1} of the group is not in the registry`);
      return { index: i + 1, name: member.name, messageKey: lower(member.messageKey) };
    }),
  };
}

function lower(text: string): Hex {
  return text.toLowerCase() as Hex;
}
