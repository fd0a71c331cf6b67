import { ChainReader, Sender, type ChainRules, type SentTransaction } from '@cpds/chain';
import { ChainRegistry, DeedRegistry, type ChainStruct, type Hex } from '@cpds/contracts';
import { fromHex, keccak256, to0x } from '@cpds/crypto';
import { bug, unavailable } from '@cpds/errors';
import { Leases, UnitOfWork, type Tx } from '@cpds/store';
import { Interface } from 'ethers';

/** Own chain, ready to mint on. */
export interface DeedChain {
  reader: ChainReader;
  sender: Sender;
  /** DeedRegistry of this hospital, as the hub records it */
  registry: Hex;
}

export interface DeedChainOptions {
  party: string;
  /** RPC urls of the hub and of the own chain */
  hubUrls: readonly string[];
  ownUrls: readonly string[];
  /** ChainRegistry on the hub */
  chainRegistry: string;
  /** this service's account, 32 bytes hex */
  privateKey: string;
  pollMs: number;
  unitOfWork: UnitOfWork;
  leases: Leases;
  /** the audit leaf of each transaction (protocol I9) */
  onSigned: (tx: Tx, sent: SentTransaction) => Promise<void>;
  onError: (error: unknown) => void;
}

/** For the first look at a chain whose rules are not known yet: what it registers for itself is read with these. */
const provisional: ChainRules = { finality: { kind: 'instant' }, blockSeconds: 1, maxHeadAgeSeconds: 60 };

/**
 * Reads from the hub how this hospital's chain becomes final and where its DeedRegistry stands, and opens both.
 *
 * @throws AppError (unavailable) while the chains do not answer or the hospital is not registered: try again
 */
export async function connectDeedChain(options: DeedChainOptions): Promise<DeedChain> {
  const { party, pollMs, onError } = options;
  const hub = await ChainReader.connect({ name: 'hub', urls: options.hubUrls, rules: provisional, pollMs, onError });
  const own = await ChainReader.connect({ name: party, urls: options.ownUrls, rules: provisional, pollMs, onError });
  const { chain, registry, codeHash } = await readRegistration(hub, options.chainRegistry, own.chainUid);
  if (chain.name !== party) throw unavailable('chain-not-own', `the own chain is registered for ${chain.name}`);
  own.adopt(rulesOf(chain));
  await assertCode(own, registry, codeHash);
  const sender = new Sender({
    reader: own,
    unitOfWork: options.unitOfWork,
    leases: options.leases,
    privateKey: options.privateKey,
    interfaces: [new Interface(DeedRegistry.abi)],
    onSigned: options.onSigned,
    onError,
  });
  return { reader: own, sender, registry };
}

async function readRegistration(
  hub: ChainReader,
  address: string,
  ownUid: Hex,
): Promise<{ chain: ChainStruct; registry: Hex; codeHash: Hex }> {
  const at = (block: Awaited<ReturnType<ChainReader['lastFinal']>>): ChainRegistry =>
    new ChainRegistry(address, { call: ({ to, data }) => hub.callAt(block, to, data) });
  try {
    hub.adopt(rulesOf(await at(await hub.head()).chainOf(hub.chainUid)));
    const registry = at(await hub.lastFinal());
    const [chain, base] = await Promise.all([registry.chainOf(ownUid), registry.baseContractsOf(ownUid)]);
    if (BigInt(base.deedRegistry.account) === 0n)
      throw unavailable('no-deed-registry', 'no DeedRegistry is registered');
    return {
      chain,
      registry: base.deedRegistry.account.toLowerCase() as Hex,
      codeHash: base.deedRegistry.codeHash.toLowerCase() as Hex,
    };
  } catch (cause) {
    throw unavailable('chain-unregistered', 'the hub does not register this chain yet', { cause });
  }
}

/** How blocks of a registered chain become final. */
export function rulesOf(chain: ChainStruct): ChainRules {
  const depth = Number(chain.depth);
  const kinds = { Instant: { kind: 'instant' }, Depth: { kind: 'depth', depth }, Tag: { kind: 'tag', depth } } as const;
  if (chain.finality === 'None') throw bug('no-finality', `chain ${chain.name} is registered without finality`);
  return {
    finality: kinds[chain.finality],
    blockSeconds: Number(chain.blockSeconds),
    maxHeadAgeSeconds: Number(chain.maxHeadAge),
  };
}

/** No proxies: what stands at the address must be what was registered (protocol section 7, "Final"). */
async function assertCode(reader: ChainReader, address: Hex, codeHash: Hex): Promise<void> {
  const code = await reader.codeAt(await reader.lastFinal(), address);
  if (to0x(keccak256(fromHex(code, 'code'))) !== codeHash)
    throw unavailable('wrong-code', `the code at ${address} is not the registered one`);
}
