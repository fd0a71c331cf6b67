import { ChainRegistry, LockedAccount, MappedDeeds } from '@cpds/contracts';
import { AppError } from '@cpds/errors';
import { DeployAccount, connect } from './account.js';
import { codeAt, ensureContracts, requireSameChain, uidOf } from './chain.js';
import type { Complete, HospitalDeployment } from './deployment.js';
import type { GroupKeys } from './group-keys.js';
import { noteHospital, type HospitalSpec } from './hospital.js';
import { Owners } from './owners.js';

/** Settings of the second half of a hospital's deployment, beside those of the first. */
export interface FinishSpec extends Pick<
  HospitalSpec,
  'name' | 'rpcUrl' | 'hubRpcUrl' | 'chainRegistry' | 'file' | 'adminKey' | 'ownerKeys' | 'approvalsNeeded' | 'report'
> {
  readonly keys: GroupKeys;
  /** Least time between a lock and its mintBefore. */
  readonly minWindowSeconds: number;
}

/**
 * Creates LockedAccount and MappedDeeds, which hold the signing key for ever, and has the hub record them with both key
 * ids. For another key it makes another pair; the older ones drain. Repeating it does what is missing.
 *
 * @throws AppError `not-deployed` before `deployHospital`, `other-chain`, `deploy-reverted`, `deploy-timeout`
 */
export async function finishHospital(spec: FinishSpec): Promise<Complete<HospitalDeployment>> {
  const [provider, hub] = await Promise.all([connect(spec.rpcUrl), connect(spec.hubRpcUrl)]);
  try {
    const uid = await uidOf(provider);
    const noted = spec.file.read().hospitals[spec.name];
    requireSameChain(spec.name, noted?.chainUid, uid);
    const { deedRegistry, keyRegistry, checkpointAnchor, announcer, metaAddresses } = noted ?? {};
    if (!deedRegistry || !keyRegistry || !checkpointAnchor || !announcer || !metaAddresses)
      throw new AppError('not-deployed', 'conflict', `${spec.name}: its first contracts are not deployed yet`);
    const { sign, seal } = spec.keys;
    const point = { x: sign.x, y: sign.y };
    const sameKey = noted?.signKeyId === sign.keyId;
    if (!sameKey) noteHospital(spec, uid, { signKeyId: sign.keyId, lockedAccount: undefined, mappedDeeds: undefined });
    const { lockedAccount, mappedDeeds } = await ensureContracts(
      provider,
      new DeployAccount(provider, spec.adminKey),
      sameKey ? noted : undefined,
      {
        lockedAccount: () => LockedAccount.deployData(uid, deedRegistry, sign.keyId, point, spec.minWindowSeconds),
        mappedDeeds: () => MappedDeeds.deployData(uid, sign.keyId, point, announcer),
      },
      (made) => noteHospital(spec, uid, made),
    );

    const registry = new ChainRegistry(spec.chainRegistry, hub);
    const sets = await registry.transferContractsOf(uid);
    if (!sets.some((set) => set.lockedAccount.account.toLowerCase() === lockedAccount)) {
      const data = ChainRegistry.calldata.setContracts(uid, {
        lockedAccount: await codeAt(provider, lockedAccount),
        mappedDeeds: await codeAt(provider, mappedDeeds),
        signKeyId: sign.keyId,
        sealKeyId: seal.keyId,
      });
      const owners = new Owners(hub, spec.ownerKeys, spec.approvalsNeeded);
      const what = `record LockedAccount and MappedDeeds of ${spec.name}`;
      await owners.approve({ what, to: spec.chainRegistry, data });
    }
    const base = { chainUid: uid, deedRegistry, keyRegistry, checkpointAnchor, announcer, metaAddresses };
    return { ...base, signKeyId: sign.keyId, lockedAccount, mappedDeeds };
  } finally {
    provider.destroy();
    hub.destroy();
  }
}
