import type { Complete, Deployment, HospitalDeployment, HubDeployment } from './deployment.js';
import { DeploymentFile } from './deployment.js';
import { finishHospital } from './finish.js';
import { makeGroupKeys } from './group-keys.js';
import { deployHospital } from './hospital.js';
import { deployHub } from './hub.js';
import { readKey, readPlan, type DeployPlan } from './plan.js';

/** The contracts that stand after a deployment, in the form of its file. */
export interface Deployed extends Deployment {
  hub: Complete<HubDeployment>;
  hospitals: Record<string, Complete<HospitalDeployment>>;
}

/**
 * `cpds deploy`: all contracts of a plan in the order of wire.md, on any RPC. Between the two halves it waits for the
 * storemen, who must be running by then, to make the group keys. Repeating it does what is missing.
 *
 * @param file the deployment's file, which holds the addresses of all contracts
 * @throws AppError naming the step
 */
export async function deploy(planPath: string, file: string, report: (line: string) => void): Promise<Deployed> {
  const plan = readPlan(planPath);
  const deployment = new DeploymentFile(file);
  const key = (path: string) => readKey(planPath, path);
  const ownerKeys = plan.hub.ownerKeyFiles.map(key);
  const funding = ({ funderKeyFile, accounts, wei }: DeployPlan['hub']['fund']) => ({
    funderKey: key(funderKeyFile),
    accounts,
    wei,
  });
  const common = { file: deployment, report, ownerKeys, approvalsNeeded: plan.hub.approvalsNeeded };
  const hub = await deployHub({
    ...plan.hub,
    ...common,
    funding: funding(plan.hub.fund),
    deployerKey: key(plan.hub.deployerKeyFile),
  });
  const hospitals = plan.hospitals.map((hospital) => ({
    ...hospital,
    ...common,
    hubRpcUrl: plan.hub.rpcUrl,
    chainRegistry: hub.chainRegistry,
    funding: funding(hospital.fund),
    adminKey: key(hospital.adminKeyFile),
  }));
  for (const hospital of hospitals) await deployHospital(hospital);
  const { timeoutSeconds, ...parameters } = plan.groupKeys;
  const keys = await makeGroupKeys(
    {
      ...parameters,
      ...common,
      hubRpcUrl: plan.hub.rpcUrl,
      storemanRegistry: hub.storemanRegistry,
      roster: plan.hub.storemen.map(({ account }) => account),
      depth: plan.hub.chain.depth,
    },
    timeoutSeconds * 1000,
  );
  const finished: Record<string, Complete<HospitalDeployment>> = {};
  for (const hospital of hospitals) finished[hospital.name] = await finishHospital({ ...hospital, keys });
  return { hub, hospitals: finished };
}
