/** The state of the hub's contracts at one block, and the view made of it. Pure. */

import { rulesOf } from '@cpds/chain';
import { compressWords } from '@cpds/contracts';
import type {
  BaseContractsStruct,
  ChainStruct,
  CodeStruct,
  GroupStruct,
  MemberStruct,
  TransferContractsStruct,
} from '@cpds/contracts';
import type { Hex } from '@cpds/messages';
import type { ConsortiumView, Group, Hospital, Operator } from './consortium-view.js';

/** One chain's entry in ChainRegistry. */
export interface RegisteredChain {
  uid: string;
  chain: ChainStruct;
  base: BaseContractsStruct;
  transfers: readonly TransferContractsStruct[];
  isPaused: boolean;
}

/** Members of a registry and the bond that makes them active. */
export interface Members {
  list: readonly MemberStruct[];
  bondNeeded: bigint;
}

export interface Registries {
  hubUid: string;
  chains: readonly RegisteredChain[];
  storemen: Members;
  vouchers: Members;
  vouchesNeeded: bigint;
  groups: readonly { keyId: string; group: GroupStruct }[];
}

/** The view of all parties; null while the hub has not registered itself, since without its rules nothing on it is final. */
export function viewOf(read: Registries): ConsortiumView | null {
  const hub = read.chains.find(({ uid }) => uid === read.hubUid);
  if (!hub) return null;
  return {
    hub: {
      chainUid: lower(hub.uid),
      w: Number(hub.chain.w),
      blockSeconds: Number(hub.chain.blockSeconds),
      maxHeadAge: Number(hub.chain.maxHeadAge),
    },
    hospitals: read.chains.filter(({ chain }) => BigInt(chain.messageKey) !== 0n).map(hospitalOf),
    storemen: activeOf(read.storemen),
    vouchers: activeOf(read.vouchers),
    vouchesNeeded: Number(read.vouchesNeeded),
    groups: read.groups
      .filter(({ group }) => group.purpose !== 'None')
      .map(({ keyId, group }) => groupFrom(keyId, group, read.storemen.list)),
  };
}

/** Every contract of the chains by address, with the hash its code must have. */
export function codeHashesOf(read: Registries): Map<string, Hex> {
  const hashes = new Map<string, Hex>();
  const note = (uid: string, { account, codeHash }: CodeStruct): void => {
    if (BigInt(account) !== 0n) hashes.set(codePlace(uid, account), lower(codeHash));
  };
  for (const { uid, base, transfers } of read.chains) {
    for (const code of Object.values(base) as CodeStruct[]) note(uid, code);
    for (const set of transfers) [set.lockedAccount, set.mappedDeeds].forEach((code) => note(uid, code));
  }
  return hashes;
}

/** Addresses repeat across chains; a place does not. */
export function codePlace(chainUid: string, address: string): string {
  return `${chainUid}/${address}`.toLowerCase();
}

function hospitalOf({ uid, chain, base, transfers, isPaused }: RegisteredChain): Hospital {
  const current = transfers.at(-1);
  const { finality } = rulesOf(chain);
  return {
    party: chain.name,
    chainUid: lower(uid),
    finality,
    blockSeconds: Number(chain.blockSeconds),
    maxHeadAge: Number(chain.maxHeadAge),
    w: Number(chain.w),
    deedRegistry: lower(base.deedRegistry.account),
    keyRegistry: lower(base.keyRegistry.account),
    checkpointAnchor: lower(base.checkpointAnchor.account),
    announcer: lower(base.announcer.account),
    metaAddresses: lower(base.metaAddresses.account),
    ...(current && {
      lockedAccount: lower(current.lockedAccount.account),
      mappedDeeds: lower(current.mappedDeeds.account),
      signKeyId: lower(current.signKeyId),
      sealKeyId: lower(current.sealKeyId),
    }),
    lockedAccounts: transfers.map((set) => lower(set.lockedAccount.account)),
    allMappedDeeds: transfers.map((set) => lower(set.mappedDeeds.account)),
    logAccount: lower(chain.logAccount),
    messageKey: lower(chain.messageKey),
    hpkeKey: lower(chain.hpkeKey),
    exchangeUrl: chain.exchangeUrl,
    isPaused,
  };
}

/** Admitted, bonded in full, not retired. */
function activeOf({ list, bondNeeded }: Members): Operator[] {
  return list.filter((member) => !member.retired && member.bond >= bondNeeded).map(operatorOf);
}

function operatorOf(member: MemberStruct): Operator {
  return {
    party: member.name,
    account: lower(member.account),
    messageKey: lower(member.messageKey),
    hpkeKey: lower(member.hpkeKey),
  };
}

function groupFrom(keyId: string, group: GroupStruct, storemen: readonly MemberStruct[]): Group {
  return {
    purpose: group.purpose === 'Sign' ? 'sign' : 'seal',
    keyId: lower(keyId),
    y: compressWords(group.key),
    epoch: Number(group.epoch),
    threshold: Number(group.t),
    members: group.memberAccounts.flatMap((account, i) => {
      // a retired storeman still holds its share, and its index stays its own
      const member = storemen.find((known) => lower(known.account) === lower(account));
      return member
        ? [{ ...operatorOf(member), index: i + 1, verificationShare: compressWords(group.memberKeys[i]!) }]
        : [];
    }),
  };
}

function lower(text: string): Hex {
  return text.toLowerCase() as Hex;
}
