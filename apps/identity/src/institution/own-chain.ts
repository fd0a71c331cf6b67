import { ChainReader, type ChainRules, Sender, type SentTransaction } from '@cpds/chain';
import { type BaseContractsStruct, ChainRegistry, type ChainStruct, type Hex } from '@cpds/contracts';
import { bug, unavailable } from '@cpds/errors';
import type { Leases, Tx, UnitOfWork } from '@cpds/store';

/** This hospital's chain: what the hub says stands on it, and the account identity sends from. */
export interface OwnChain {
  sender: Sender;
  chainUid: Hex;
  chainId: bigint;
  keyRegistry: Hex;
  metaAddresses: Hex;
  /** as registered on the hub: address of the message key, and the uncompressed P-256 key */
  messageKey: Hex;
  hpkeKey: Hex;
}

export interface OwnChainOptions {
  party: string;
  hubUrls: readonly string[];
  ownUrls: readonly string[];
  /** ChainRegistry on the hub */
  chainRegistry: string;
  /** account, 32 bytes hex */
  privateKey: string;
  pollMs: number;
  unitOfWork: UnitOfWork;
  leases: Leases;
  onSigned: (tx: Tx, sent: SentTransaction) => Promise<void>;
  onError: (error: unknown) => void;
}

/** For the first look at a chain: its own rules are read from the hub with these. */
const provisional: ChainRules = { finality: { kind: 'instant' }, blockSeconds: 1, maxHeadAgeSeconds: 60 };

/**
 * Opens the own chain by what ChainRegistry holds of it.
 *
 * @throws AppError (unavailable) while a chain does not answer or the hospital is not registered yet: try again
 */
export async function connectOwnChain(options: OwnChainOptions): Promise<OwnChain> {
  const { party, pollMs, onError } = options;
  const hub = await ChainReader.connect({ name: 'hub', urls: options.hubUrls, rules: provisional, pollMs, onError });
  const own = await ChainReader.connect({ name: party, urls: options.ownUrls, rules: provisional, pollMs, onError });
  const { chain, base } = await registration(hub, options.chainRegistry, own.chainUid);
  if (chain.name !== party) throw unavailable('chain-not-own', `the own chain is registered for ${chain.name}`);
  own.adopt(rulesOf(chain));
  const { unitOfWork, leases, privateKey, onSigned } = options;
  const sender = new Sender({ reader: own, unitOfWork, leases, privateKey, onSigned, onError });
  return {
    sender,
    chainUid: own.chainUid,
    chainId: own.chainId,
    keyRegistry: base.keyRegistry.account.toLowerCase() as Hex,
    metaAddresses: base.metaAddresses.account.toLowerCase() as Hex,
    messageKey: chain.messageKey.toLowerCase() as Hex,
    hpkeKey: chain.hpkeKey.toLowerCase() as Hex,
  };
}

async function registration(
  hub: ChainReader,
  address: string,
  ownUid: Hex,
): Promise<{ chain: ChainStruct; base: BaseContractsStruct }> {
  try {
    const head = await hub.head();
    const registry = new ChainRegistry(address, { call: ({ to, data }) => hub.callAt(head, to, data) });
    const [chain, base] = await Promise.all([registry.chainOf(ownUid), registry.baseContractsOf(ownUid)]);
    if (BigInt(base.keyRegistry.account) === 0n) throw unavailable('no-key-registry', 'no KeyRegistry is registered');
    return { chain, base };
  } catch (cause) {
    throw unavailable('chain-unregistered', 'the hub does not register this chain yet', { cause });
  }
}

function rulesOf(chain: ChainStruct): ChainRules {
  const depth = Number(chain.depth);
  const kinds = { Instant: { kind: 'instant' }, Depth: { kind: 'depth', depth }, Tag: { kind: 'tag', depth } } as const;
  if (chain.finality === 'None') throw bug('no-finality', `chain ${chain.name} is registered without finality`);
  return {
    finality: kinds[chain.finality],
    blockSeconds: Number(chain.blockSeconds),
    maxHeadAgeSeconds: Number(chain.maxHeadAge),
  };
}
