import {
  CheckpointAnchor,
  ChainRegistry,
  DeedRegistry,
  ERC5564Announcer,
  ERC6538Registry,
  KeyRegistry,
  type Hex,
} from '@cpds/contracts';
import type { JsonRpcProvider } from 'ethers';
import { DeployAccount, connect } from './account.js';
import { codeAt, ensureContracts, requireSameChain, uidOf } from './chain.js';
import type { Complete, DeploymentFile, HospitalDeployment } from './deployment.js';
import { fund } from './funding.js';
import { chainListing, registryParameters } from './hub.js';
import { Owners } from './owners.js';
import { accountOf, type ChainParameters, type Funding } from './parties.js';

/** A hospital's part of a deployment. */
export interface HospitalSpec {
  /** Operator's name in datagrams, such as `north`. */
  readonly name: string;
  readonly rpcUrl: string;
  readonly hubRpcUrl: string;
  /** From `deployHub`. */
  readonly chainRegistry: string;
  readonly file: DeploymentFile;
  /** Accounts of the processes that send on this chain. The admin is funded beside them. */
  readonly funding: Funding;
  /** Creates the contracts and speaks for the hospital in ChainRegistry. Must have gas on the hub: an owner's key has. */
  readonly adminKey: string;
  readonly ownerKeys: readonly string[];
  readonly approvalsNeeded: number;
  readonly chain: ChainParameters;
  /** Gas account of records: mints deeds. */
  readonly deedRegistrar: string;
  /** Gas account of identity: keeps the institution's keys. */
  readonly keyRegistrar: string;
  /** Gas account of audit: whose anchors of the hospital's log count. */
  readonly logAccount: string;
  /** Address of the bridge's message key. */
  readonly messageKey: string;
  /** HPKE key of the bridge, 65 bytes. */
  readonly hpkeKey: string;
  /** URL at which records serves the exchange endpoint. A repeat registers a changed one. */
  readonly exchangeUrl: string;
  readonly report?: (line: string) => void;
}

/** A hospital's contracts before the group keys exist. */
export type HospitalBase = Pick<
  Complete<HospitalDeployment>,
  'chainUid' | 'deedRegistry' | 'keyRegistry' | 'checkpointAnchor' | 'announcer' | 'metaAddresses'
>;

/**
 * Puts up a hospital's side: funds accounts, creates the contracts that need no group key, lists chain and contracts with
 * their code hashes on the hub. Repeating it does what is missing. Not beside another deployment with the same owners'
 * keys: each account has one nonce writer.
 *
 * @throws AppError `other-chain`, `deploy-reverted`, `deploy-timeout`
 */
export async function deployHospital(spec: HospitalSpec): Promise<HospitalBase> {
  const [provider, hub] = await Promise.all([connect(spec.rpcUrl), connect(spec.hubRpcUrl)]);
  try {
    const uid = await uidOf(provider);
    const noted = spec.file.read().hospitals[spec.name];
    requireSameChain(spec.name, noted?.chainUid, uid);
    spec.report?.(`${spec.name}: funding accounts`);
    await fund(provider, { ...spec.funding, accounts: [accountOf(spec.adminKey), ...spec.funding.accounts] });
    const admin = new DeployAccount(provider, spec.adminKey);
    const contracts = await ensureContracts(
      provider,
      admin,
      noted,
      {
        deedRegistry: () => DeedRegistry.deployData(uid, spec.deedRegistrar),
        keyRegistry: () => KeyRegistry.deployData(uid, spec.keyRegistrar),
        checkpointAnchor: () => CheckpointAnchor.deployData(),
        announcer: () => ERC5564Announcer.deployData(),
        metaAddresses: () => ERC6538Registry.deployData(),
      },
      (made) => noteHospital(spec, uid, made),
    );
    const base: HospitalBase = { chainUid: uid, ...contracts };
    await registerOnHub(spec, provider, hub, base);
    return base;
  } finally {
    provider.destroy();
    hub.destroy();
  }
}

async function registerOnHub(
  spec: HospitalSpec,
  provider: JsonRpcProvider,
  hub: JsonRpcProvider,
  base: HospitalBase,
): Promise<void> {
  const { chainRegistry, name, exchangeUrl } = spec;
  const owners = new Owners(hub, spec.ownerKeys, spec.approvalsNeeded);
  const registry = new ChainRegistry(chainRegistry, hub);
  const admin = new DeployAccount(hub, spec.adminKey);
  spec.report?.(`${name}: registering on the hub`);
  const calls = await chainListing(hub, chainRegistry, base.chainUid, {
    name,
    ...registryParameters(spec.chain),
    admin: admin.address,
    logAccount: spec.logAccount,
    messageKey: spec.messageKey,
    hpkeKey: spec.hpkeKey,
    exchangeUrl,
  });
  const { deedRegistry } = await registry.baseContractsOf(base.chainUid);
  if (BigInt(deedRegistry.account) === 0n) {
    const contracts = {
      deedRegistry: await codeAt(provider, base.deedRegistry),
      keyRegistry: await codeAt(provider, base.keyRegistry),
      checkpointAnchor: await codeAt(provider, base.checkpointAnchor),
      announcer: await codeAt(provider, base.announcer),
      metaAddresses: await codeAt(provider, base.metaAddresses),
    };
    const data = ChainRegistry.calldata.setBaseContracts(base.chainUid, contracts);
    calls.push({ what: `record the contracts of ${name}`, to: chainRegistry, data });
  }
  await owners.approve(...calls);
  const registered = await registry.chainOf(base.chainUid);
  if (registered.exchangeUrl !== exchangeUrl)
    await admin.send({
      what: `${name}: move the exchange endpoint`,
      to: chainRegistry,
      data: ChainRegistry.calldata.setExchangeUrl(base.chainUid, exchangeUrl),
    });
}

/** Notes contracts of a hospital in the deployment's file. */
export function noteHospital(
  { file, name, report }: Pick<HospitalSpec, 'file' | 'name' | 'report'>,
  uid: Hex,
  contracts: Partial<HospitalDeployment>,
): void {
  for (const [contract, address] of Object.entries(contracts))
    if (address !== undefined) report?.(`${name}: ${contract} at ${address}`);
  file.update((all) => {
    all.hospitals[name] = { ...all.hospitals[name], chainUid: uid, ...contracts };
  });
}
