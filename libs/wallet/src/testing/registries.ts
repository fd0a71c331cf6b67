/** ChainRegistry and StoremanRegistry as a node answers calls to them, for tests. */

import { ChainRegistry, StoremanRegistry, type Hex } from '@cpds/contracts';
import { G } from '@cpds/crypto/curve';
import { Interface, type InterfaceAbi } from 'ethers';
import type { HubFacts } from '../hub-facts.js';
import { hex, ySealSecret } from './facts.js';

export const chainRegistry = hex(0xa1, 20);
export const storemanRegistry = hex(0xa2, 20);

const interfaces = new Map<string, Interface>([
  [chainRegistry, new Interface(ChainRegistry.abi as InterfaceAbi)],
  [storemanRegistry, new Interface(StoremanRegistry.abi as InterfaceAbi)],
]);
const code = (account: Hex) => ({ account, codeHash: hex(1) });
const y = G.multiply(ySealSecret).toAffine();

const chainOf = (name: string, messageKey: Hex) => ({
  name,
  finality: 2,
  depth: 2,
  blockSeconds: 1,
  maxHeadAge: 10,
  w: 10,
  admin: hex(0, 20),
  logAccount: hex(0, 20),
  messageKey,
  hpkeKey: '0x',
  exchangeUrl: '',
});

/** Answers an eth_call to either registry from `facts`; each hospital has an earlier set of contracts besides. */
export function callRegistry(facts: HubFacts, to: string, data: string): Hex {
  const abi = interfaces.get(to)!;
  const call = abi.parseTransaction({ data })!;
  return abi.encodeFunctionResult(call.name, [held(facts, to, call.name, [...call.args][0] as Hex)]) as Hex;
}

function held(facts: HubFacts, to: string, name: string, uid: Hex): unknown {
  const hospital = facts.hospitals.find((one) => one.chainUid === uid);
  if (to === chainRegistry && name === 'chainUids')
    return [facts.hubUid, ...facts.hospitals.map((one) => one.chainUid)];
  if (to === chainRegistry && name === 'chainOf')
    return hospital ? chainOf(hospital.name, hospital.messageKey) : chainOf('hub', hex(0, 20));
  if (to === chainRegistry && name === 'baseContractsOf') {
    const account = code(hospital!.deedRegistry);
    return {
      deedRegistry: account,
      keyRegistry: account,
      checkpointAnchor: account,
      announcer: account,
      metaAddresses: account,
    };
  }
  if (to === chainRegistry && name === 'transferContractsOf') {
    const { lockedAccount, mappedDeeds, sealKeyId } = hospital!;
    const old = {
      lockedAccount: code(hex(1, 20)),
      mappedDeeds: code(hex(1, 20)),
      signKeyId: hex(1),
      sealKeyId: hex(1),
    };
    return [old, { lockedAccount: code(lockedAccount), mappedDeeds: code(mappedDeeds), signKeyId: hex(8), sealKeyId }];
  }
  const { members } = facts.sealing[0]!;
  if (to === storemanRegistry && name === 'members')
    return members.map((member) => ({
      name: member.name,
      account: hex(0x50 + member.index, 20),
      messageKey: member.messageKey,
      hpkeKey: '0x',
      bond: 1,
      retired: false,
      withdrawableAt: 0,
    }));
  return {
    attemptId: hex(1),
    purpose: 2,
    epoch: 1,
    t: 3,
    activatedBlock: 5,
    transcript: hex(1),
    key: y,
    memberAccounts: members.map((member) => hex(0x50 + member.index, 20)),
    memberKeys: members.map(() => y),
  };
}
