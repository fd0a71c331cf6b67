import {
  ChainRegistry,
  CheckpointAnchor,
  StoremanRegistry,
  TransferLedger,
  type ChainStruct,
  type Hex,
} from '@cpds/contracts';
import type { JsonRpcProvider } from 'ethers';
import { DeployAccount, connect, type DeployCall } from './account.js';
import { ensureContracts, requireSameChain, uidOf } from './chain.js';
import type { Complete, DeploymentFile, HubDeployment } from './deployment.js';
import { fund } from './funding.js';
import { Owners } from './owners.js';
import { accountOf, type ChainParameters, type Funding, type MemberParty } from './parties.js';

/** The hub's part of a deployment. */
export interface HubSpec {
  readonly rpcUrl: string;
  readonly file: DeploymentFile;
  /** Accounts of the processes that send on the hub. Owners and the deployer are funded beside them. */
  readonly funding: Funding;
  /** Creates the contracts and speaks for the hub in ChainRegistry: an owner's key. */
  readonly deployerKey: string;
  /** All consortium owners, in order. */
  readonly owners: readonly Hex[];
  /** Gas account of the hub's audit: whose anchors of the hub's log count. */
  readonly logAccount: string;
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
    const note = (made: Partial<HubDeployment>) => {
      for (const [name, address] of Object.entries(made)) spec.report?.(`hub: ${name} at ${address}`);
      spec.file.update((all) => {
        all.hub = { ...all.hub, chainUid: uid, ...made };
      });
    };
    const { depth, blockSeconds } = spec.chain;
    const { chainRegistry } = await ensureContracts(
      provider,
      deployer,
      noted,
      { chainRegistry: () => ChainRegistry.deployData([...spec.owners], spec.approvalsNeeded) },
      note,
    );
    const rest = await ensureContracts(
      provider,
      deployer,
      noted,
      {
        storemanRegistry: () =>
          StoremanRegistry.deployData(uid, chainRegistry, spec.bondWei, 2 * (depth + 2) * blockSeconds),
        transferLedger: () => TransferLedger.deployData(chainRegistry, spec.bondWei, spec.vouchesNeeded),
        checkpointAnchor: () => CheckpointAnchor.deployData(),
      },
      note,
    );

    const owners = new Owners(provider, spec.ownerKeys, spec.approvalsNeeded);
    const listing = await chainListing(provider, chainRegistry, uid, {
      name: 'hub',
      ...registryParameters(spec.chain),
      admin: deployer.address,
      logAccount: spec.logAccount,
      messageKey: `0x${'00'.repeat(20)}`,
      hpkeKey: '0x',
      exchangeUrl: '',
    });
    spec.report?.('hub: admitting storemen and vouchers');
    const roles = [
      await admissions(new StoremanRegistry(rest.storemanRegistry, provider), spec.storemen, spec.bondWei),
      await admissions(new TransferLedger(rest.transferLedger, provider), spec.vouchers, spec.bondWei),
    ];
    await owners.approve(...listing, ...roles.flatMap((role) => role.admit));
    await new DeployAccount(provider, spec.funding.funderKey).send(...roles.flatMap((role) => role.bond));
    return { chainUid: uid, chainRegistry, ...rest };
  } finally {
    provider.destroy();
  }
}

/** The calls that list a chain in ChainRegistry; none if it is listed. */
export async function chainListing(
  provider: JsonRpcProvider,
  chainRegistry: string,
  uid: string,
  chain: ChainStruct,
): Promise<DeployCall[]> {
  const known = await new ChainRegistry(chainRegistry, provider).chainUids();
  if (known.includes(uid)) return [];
  return [{ what: `register ${chain.name}`, to: chainRegistry, data: ChainRegistry.calldata.register(uid, chain) }];
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

/** The calls that the owners and the payer of bonds must send for members that are missing, or whose bond is short. */
async function admissions(
  contract: StoremanRegistry | TransferLedger,
  members: readonly MemberParty[],
  bondWei: bigint,
): Promise<{ admit: DeployCall[]; bond: DeployCall[] }> {
  const { admit, bond } = StoremanRegistry.calldata; // TransferLedger has the same two
  const known = new Map((await contract.members()).map((one) => [one.account.toLowerCase(), one.bond]));
  const to = contract.address;
  return {
    admit: members
      .filter(({ account }) => !known.has(account))
      .map(({ name, account, messageKey, hpkeKey }) => ({
        what: `admit ${name}`,
        to,
        data: admit(name, account, messageKey, hpkeKey),
      })),
    bond: members
      .map(({ name, account }) => ({ name, account, value: bondWei - (known.get(account) ?? 0n) }))
      .filter(({ value }) => value > 0n)
      .map(({ name, account, value }) => ({ what: `bond of ${name}`, to, data: bond(account), value })),
  };
}
