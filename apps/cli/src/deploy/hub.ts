import {
  ChainRegistry,
  CheckpointAnchor,
  StoremanRegistry,
  TransferLedger,
  type ChainStruct,
  type Hex,
} from '@cpds/contracts';
import type { JsonRpcProvider } from 'ethers';
import { DeployAccount, connect } from './account.js';
import { ensureContract, requireSameChain, uidOf } from './chain.js';
import type { Complete, DeploymentFile, HubDeployment } from './deployment.js';
import { fund } from './funding.js';
import { Owners } from './owners.js';
import { accountOf, type ChainParameters, type Funding, type MemberParty } from './parties.js';

/** What the hub is made of. */
export interface HubSpec {
  readonly rpcUrl: string;
  readonly file: DeploymentFile;
  /** Accounts of the processes that send on the hub. Owners and the deployer are funded beside them. */
  readonly funding: Funding;
  /** Creates the contracts and speaks for the hub in ChainRegistry: an owner's key. */
  readonly deployerKey: string;
  /** All consortium owners, in order. */
  readonly owners: readonly Hex[];
  /** Keys of at least `approvalsNeeded` owners. */
  readonly ownerKeys: readonly string[];
  /** e. */
  readonly approvalsNeeded: number;
  readonly chain: ChainParameters;
  readonly storemen: readonly MemberParty[];
  readonly vouchers: readonly MemberParty[];
  /** v. */
  readonly vouchesNeeded: number;
  readonly bondWei: bigint;
  readonly report?: (line: string) => void;
}

/**
 * Puts up the hub: funds accounts, creates ChainRegistry, StoremanRegistry, TransferLedger and CheckpointAnchor, lists the
 * hub's own chain, admits and bonds storemen and vouchers. Repeating it does what is missing.
 *
 * @throws AppError `other-chain`, `deploy-reverted`, `deploy-timeout`
 */
export async function deployHub(spec: HubSpec): Promise<Complete<HubDeployment>> {
  const provider = await connect(spec.rpcUrl);
  try {
    const uid = await uidOf(provider);
    const noted = spec.file.read().hub;
    requireSameChain('the hub', noted?.chainUid, uid);
    spec.report?.('hub: funding accounts');
    const accounts = [...spec.ownerKeys.map(accountOf), accountOf(spec.deployerKey), ...spec.funding.accounts];
    await fund(provider, { ...spec.funding, accounts });
    const deployer = new DeployAccount(provider, spec.deployerKey);
    const make = (name: Exclude<keyof HubDeployment, 'chainUid'>, data: () => string) =>
      ensureContract(provider, deployer, {
        what: `hub: create ${name}`,
        noted: noted?.[name],
        data,
        note: (address) => {
          spec.report?.(`hub: ${name} at ${address}`);
          spec.file.update((all) => {
            all.hub = { ...all.hub, chainUid: uid, [name]: address };
          });
        },
      });
    const { depth, blockSeconds } = spec.chain;
    const chainRegistry = await make('chainRegistry', () =>
      ChainRegistry.deployData([...spec.owners], spec.approvalsNeeded),
    );
    const storemanRegistry = await make('storemanRegistry', () =>
      StoremanRegistry.deployData(uid, chainRegistry, spec.bondWei, 2 * (depth + 2) * blockSeconds),
    );
    const transferLedger = await make('transferLedger', () =>
      TransferLedger.deployData(chainRegistry, spec.bondWei, spec.vouchesNeeded),
    );
    const checkpointAnchor = await make('checkpointAnchor', () => CheckpointAnchor.deployData());

    const owners = new Owners(provider, spec.ownerKeys, spec.approvalsNeeded);
    await listChain(provider, owners, chainRegistry, uid, {
      name: 'hub',
      ...registryParameters(spec.chain),
      admin: deployer.address,
      messageKey: `0x${'00'.repeat(20)}`,
      hpkeKey: '0x',
      exchangeUrl: '',
    });
    spec.report?.('hub: admitting storemen and vouchers');
    const payer = new DeployAccount(provider, spec.funding.funderKey);
    const storemen = new StoremanRegistry(storemanRegistry, provider);
    for (const member of spec.storemen) await admit(owners, payer, storemen, member, spec.bondWei);
    const ledger = new TransferLedger(transferLedger, provider);
    for (const member of spec.vouchers) await admit(owners, payer, ledger, member, spec.bondWei);
    return { chainUid: uid, chainRegistry, storemanRegistry, transferLedger, checkpointAnchor };
  } finally {
    provider.destroy();
  }
}

/** Lists a chain in ChainRegistry unless it is there. */
export async function listChain(
  provider: JsonRpcProvider,
  owners: Owners,
  chainRegistry: string,
  uid: string,
  chain: ChainStruct,
): Promise<void> {
  const known = await new ChainRegistry(chainRegistry, provider).chainUids();
  if (known.includes(uid)) return;
  await owners.approve(`register ${chain.name}`, chainRegistry, ChainRegistry.calldata.register(uid, chain));
}

/** Chain parameters under the registry's names. */
export function registryParameters(
  chain: ChainParameters,
): Pick<ChainStruct, 'finality' | 'depth' | 'blockSeconds' | 'maxHeadAge' | 'w'> {
  return {
    finality: chain.finality,
    depth: BigInt(chain.depth),
    blockSeconds: BigInt(chain.blockSeconds),
    maxHeadAge: BigInt(chain.maxHeadAgeSeconds),
    w: BigInt(chain.wSeconds),
  };
}

async function admit(
  owners: Owners,
  payer: DeployAccount,
  contract: StoremanRegistry | TransferLedger,
  member: MemberParty,
  bondWei: bigint,
): Promise<void> {
  const { name, account, messageKey, hpkeKey } = member;
  const known = (await contract.members()).find((one) => one.account.toLowerCase() === account);
  const { admit: admission, bond } = StoremanRegistry.calldata; // TransferLedger has the same two
  if (known === undefined)
    await owners.approve(`admit ${name}`, contract.address, admission(name, account, messageKey, hpkeKey));
  const missing = bondWei - (known?.bond ?? 0n);
  if (missing > 0n)
    await payer.send({ what: `bond of ${name}`, to: contract.address, data: bond(account), value: missing });
}
