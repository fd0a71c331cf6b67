import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseJson } from '@cpds/errors';
import { z } from 'zod';

const Address = z.string().regex(/^0x[0-9a-f]{40}$/);
const Word = z.string().regex(/^0x[0-9a-f]{64}$/);

/** The hub's contracts. Addresses in lower case. */
export const HubDeployment = z.object({
  chainUid: Word,
  chainRegistry: Address.optional(),
  storemanRegistry: Address.optional(),
  transferLedger: Address.optional(),
  checkpointAnchor: Address.optional(),
});
export type HubDeployment = z.infer<typeof HubDeployment>;

/** A hospital's contracts on its own chain; the last two of the current key. */
export const HospitalDeployment = z.object({
  chainUid: Word,
  deedRegistry: Address.optional(),
  keyRegistry: Address.optional(),
  checkpointAnchor: Address.optional(),
  announcer: Address.optional(),
  metaAddresses: Address.optional(),
  signKeyId: Word.optional(),
  lockedAccount: Address.optional(),
  mappedDeeds: Address.optional(),
});
export type HospitalDeployment = z.infer<typeof HospitalDeployment>;

/** The contracts that `cpds deploy` created and their addresses: the file that makes it repeatable. Nothing in it is secret. */
export const Deployment = z.object({
  hub: HubDeployment.optional(),
  hospitals: z.record(z.string(), HospitalDeployment).default({}),
});
export type Deployment = z.infer<typeof Deployment>;

/** A record of which every field that a step sets is there. */
export type Complete<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

/**
 * The deployment's file. It is written after every contract, whole or not at all: a run that was stopped goes on behind
 * the last contract it noted, and a contract that was made but not noted is made again, which costs gas and nothing else.
 */
export class DeploymentFile {
  constructor(readonly path: string) {}

  /** @throws AppError `bad-request`-like, naming the field, when the file is not a deployment */
  read(): Deployment {
    if (!existsSync(this.path)) return { hospitals: {} };
    return parseJson(Deployment, readFileSync(this.path), `deployment file ${this.path}`);
  }

  update(change: (deployment: Deployment) => void): void {
    const deployment = this.read();
    change(deployment);
    writeFileSync(`${this.path}.new`, `${JSON.stringify(deployment, null, 2)}\n`);
    renameSync(`${this.path}.new`, this.path);
  }
}
