/** A chain with a registered hospital on it: hub and hospital chain in one, which is enough for a service that reads both. */

import { ChainRegistry, DeedRegistry, type Hex } from '@cpds/contracts';
import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import { testAnvil } from '@cpds/local';
import { p256 } from '@noble/curves/nist.js';
import { JsonRpcProvider, NonceManager, Wallet } from 'ethers';
import type { Chain } from './hospital.js';

export interface TestChain extends Chain {
  chainUid: Hex;
  deedRegistry: string;
  provider: JsonRpcProvider;
  /** sets where fetches go */
  setExchangeUrl(url: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts it and registers `party` with a DeedRegistry whose registrar is the chain's second account. */
export async function startChain(party: string, chainId: number): Promise<TestChain> {
  const anvil = await testAnvil({ chainId });
  const provider = new JsonRpcProvider(anvil.url, chainId, { staticNetwork: true, cacheTimeout: -1 });
  const owner = new NonceManager(new Wallet(anvil.keys[0]!, provider));
  const ownerAddress = await owner.getAddress();
  const registrar = new Wallet(anvil.keys[1]!);
  const genesis = await provider.getBlock(0);
  const chainUid = to0x(keccak256(u256(chainId), fromHex(genesis!.hash!, 'genesis')));

  const send = async (to: string | null, data: string): Promise<string | null> => {
    const receipt = await (await owner.sendTransaction({ to, data })).wait();
    return receipt!.contractAddress;
  };
  const chainRegistry = (await send(null, ChainRegistry.deployData([ownerAddress], 1)))!;
  const deedRegistry = (await send(null, DeedRegistry.deployData(chainUid, registrar.address)))!;
  const code = {
    account: deedRegistry,
    codeHash: to0x(keccak256(fromHex(await provider.getCode(deedRegistry), 'code'))),
  };
  await send(
    chainRegistry,
    ChainRegistry.calldata.register(chainUid, {
      name: party,
      finality: 'Depth',
      depth: 2n,
      blockSeconds: 1n,
      maxHeadAge: 10n,
      w: 10n,
      admin: ownerAddress,
      logAccount: ownerAddress,
      messageKey: ownerAddress,
      hpkeKey: to0x(p256.Point.BASE.toBytes(false)),
      exchangeUrl: 'http://127.0.0.1:9/',
    }),
  );
  // Only the first of the base contracts matters here.
  const base = { deedRegistry: code, keyRegistry: code, checkpointAnchor: code, announcer: code, metaAddresses: code };
  await send(chainRegistry, ChainRegistry.calldata.setBaseContracts(chainUid, base));
  return {
    url: anvil.url,
    gasKey: anvil.keys[1]!,
    chainRegistry,
    chainUid,
    deedRegistry,
    provider,
    setExchangeUrl: async (url) =>
      void (await send(chainRegistry, ChainRegistry.calldata.setExchangeUrl(chainUid, url))),
    close: async () => {
      provider.destroy();
      await anvil.close();
    },
  };
}
