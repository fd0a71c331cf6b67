import { ChainRegistry, StoremanRegistry, type Hex } from '@cpds/contracts';
import { G } from '@cpds/crypto';
import { Interface, type InterfaceAbi } from 'ethers';
import { readHub, type FinalReader } from './hub-reader.js';
import { hex, hub, north, south, ySealSecret } from './testing/facts.js';

const registry = hex(0xa1, 20);
const storemen = hex(0xa2, 20);
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
const hospitals = new Map([north, south].map((hospital) => [hospital.chainUid, hospital]));

/** What the two registries hold, by function; everything the wallet asks is answered from here. */
function answer(to: string, name: string, uid: Hex): unknown {
  const hospital = hospitals.get(uid);
  if (to === registry && name === 'chainUids') return [hub.hubUid, north.chainUid, south.chainUid];
  if (to === registry && name === 'chainOf')
    return hospital ? chainOf(hospital.name, hospital.messageKey) : chainOf('hub', hex(0, 20));
  if (to === registry && name === 'baseContractsOf') {
    const account = code(hospital!.deedRegistry);
    return {
      deedRegistry: account,
      keyRegistry: account,
      checkpointAnchor: account,
      announcer: account,
      metaAddresses: account,
    };
  }
  if (to === registry && name === 'transferContractsOf') {
    const { lockedAccount, mappedDeeds, sealKeyId } = hospital!;
    const old = {
      lockedAccount: code(hex(1, 20)),
      mappedDeeds: code(hex(1, 20)),
      signKeyId: hex(1),
      sealKeyId: hex(1),
    };
    return [old, { lockedAccount: code(lockedAccount), mappedDeeds: code(mappedDeeds), signKeyId: hex(8), sealKeyId }];
  }
  const { members } = hub.sealing[0]!;
  if (to === storemen && name === 'members')
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

function readerOf(chainUid: Hex): FinalReader & { adopted: unknown[]; blocks: Set<number> } {
  const interfaces = new Map([
    [registry, new Interface(ChainRegistry.abi as InterfaceAbi)],
    [storemen, new Interface(StoremanRegistry.abi as InterfaceAbi)],
  ]);
  const block = (number: number) => ({ number, hash: hex(number), parentHash: hex(0), timestamp: 1 });
  const adopted: unknown[] = [];
  const blocks = new Set<number>();
  return {
    chainUid,
    adopted,
    blocks,
    adopt: (rules) => void adopted.push(rules),
    head: async () => block(9),
    final: async () => block(7),
    callAt: async (at, to, data) => {
      blocks.add(at.number);
      const abi = interfaces.get(to as Hex)!;
      const call = abi.parseTransaction({ data })!;
      return abi.encodeFunctionResult(call.name, [answer(to, call.name, [...call.args][0] as Hex)]) as Hex;
    },
  };
}

describe('hub facts', () => {
  const pinned = { chainRegistry: registry, storemanRegistry: storemen, chainUid: hub.hubUid };

  it('are the current contracts, and the keys current and earlier, at a block that is final by the hub’s own rules', async () => {
    const reader = readerOf(hub.hubUid);
    const earlier = { ...hub.sealing[0]!, keyId: hex(1) };
    expect(await readHub(reader, pinned)).toEqual({ ...hub, sealing: [earlier, ...hub.sealing] });
    expect(reader.adopted).toEqual([north.rules]);
    expect(reader.blocks).toEqual(new Set([9, 7]));
  });

  it('are refused from another chain than the pinned one', async () => {
    await expect(readHub(readerOf(hex(0x77)), pinned)).rejects.toThrow('another chain than the hub pinned');
  });
});
