/** Opens a hospital's own chain by its entry in ChainRegistry on the hub, never by what the chain says of itself. */

import { ChainRegistry, type BaseContractsStruct, type ChainStruct, type Hex } from '@cpds/contracts';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import { unavailable } from '@cpds/errors';
import type { BlockRef } from './block.js';
import type { ChainHead } from './reader.js';
import { rulesOf } from './finality.js';
import { readHubRules } from './hub-rules.js';
import { ChainReader } from './reader.js';
import { Sender, type SenderOptions } from './sender.js';

export interface OwnChainOptions<Name extends keyof BaseContractsStruct> extends Omit<SenderOptions, 'reader'> {
  /** The hospital, as the hub names it. */
  readonly party: string;
  readonly hubUrls: readonly string[];
  readonly ownUrls: readonly string[];
  /** ChainRegistry on the hub. */
  readonly chainRegistry: string;
  /** Contracts the caller uses. */
  readonly contracts: readonly Name[];
  readonly pollMs: number;
}

export interface OwnChain<Name extends keyof BaseContractsStruct> {
  readonly reader: ChainReader;
  /** The reader is not started yet. */
  readonly sender: Sender;
  /** As registered on the hub. */
  readonly registered: ChainStruct;
  /** Addresses, lower case; the code there is the registered one. */
  readonly contracts: Readonly<Record<Name, Hex>>;
}

/**
 * Reads from the hub, at finality, how the own chain becomes final and where its contracts stand, and opens it.
 *
 * @throws AppError (unavailable) `chain-unregistered`, `chain-not-own`, `wrong-code`, or that a chain does not answer: try again
 */
export async function connectOwnChain<Name extends keyof BaseContractsStruct>(
  options: OwnChainOptions<Name>,
): Promise<OwnChain<Name>> {
  const { party, pollMs, onError } = options;
  const open = (name: string, urls: readonly string[]) =>
    ChainReader.connect({ name, urls, pollMs, ...(onError && { onError }) });
  const [hub, own] = await Promise.all([open('hub', options.hubUrls), open(party, options.ownUrls)]);
  const { chain, base } = await readRegistration(hub, options.chainRegistry, own.chainUid);
  if (chain.name !== party) throw unavailable('chain-not-own', `the own chain is registered for ${chain.name}`);
  const reader = own.adopt(rulesOf(chain));
  const final = await reader.lastFinal();
  const contracts = {} as Record<Name, Hex>;
  for (const name of options.contracts) contracts[name] = await checkedAddress(reader, final, name, base[name]);
  return { reader, sender: new Sender({ ...options, reader }), registered: chain, contracts };
}

async function readRegistration(
  head: ChainHead,
  address: string,
  ownUid: Hex,
): Promise<{ chain: ChainStruct; base: BaseContractsStruct }> {
  try {
    const hub = head.adopt(await readHubRules(head, address));
    const final = await hub.lastFinal();
    const registry = new ChainRegistry(address, { call: ({ to, data }) => hub.callAt(final, to, data) });
    const [chain, base] = await Promise.all([registry.chainOf(ownUid), registry.baseContractsOf(ownUid)]);
    return { chain, base };
  } catch (cause) {
    throw unavailable('chain-unregistered', 'the hub does not register this chain yet', { cause });
  }
}

/** No proxies: what stands at the address must be what was registered (protocol section 7, "Final"). */
async function checkedAddress(
  reader: ChainReader,
  final: BlockRef,
  name: string,
  { account, codeHash }: { account: string; codeHash: string },
): Promise<Hex> {
  if (BigInt(account) === 0n) throw unavailable('chain-unregistered', `the hub registers no ${name} of this chain yet`);
  const address = account.toLowerCase() as Hex;
  const code = await reader.codeAt(final, address);
  if (to0x(keccak256(fromHex(code, 'code'))) !== codeHash.toLowerCase())
    throw unavailable('wrong-code', `the code at ${address} is not the registered one`);
  return address;
}
