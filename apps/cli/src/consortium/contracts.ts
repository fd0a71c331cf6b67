import { join } from 'node:path';
import {
  anvilKeys,
  hospitals,
  participant,
  participants,
  storemen,
  vouchers,
  type Consortium,
  type Hospital,
  type Report,
} from '@cpds/local';
import {
  accountOf,
  deployHospital,
  deployHub,
  DeploymentFile,
  finishHospital,
  makeGroupKeys,
  memberParty,
  type ChainParameters,
  type Complete,
  type GroupKeys,
  type HospitalDeployment,
  type HubDeployment,
} from '../deploy/index.js';
import { gasAccount, localNumbers } from './environment.js';

/** Ten of the chain's own coin for each account, from an account that is used for nothing else. */
const fundWei = 10n * 10n ** 18n;

const chain: ChainParameters = {
  finality: 'Depth',
  depth: localNumbers.depth,
  blockSeconds: localNumbers.blockSeconds,
  maxHeadAgeSeconds: localNumbers.maxHeadAgeSeconds,
  wSeconds: localNumbers.wSeconds,
};

/** Deploys the consortium's contracts in the order of wire.md. Every step does only what is missing, so a later start changes nothing. */
export class ConsortiumContracts {
  private readonly file: DeploymentFile;

  constructor(
    private readonly consortium: Consortium,
    private readonly report: Report,
  ) {
    this.file = new DeploymentFile(join(consortium.dir, 'deployment.json'));
  }

  /** Owners are the hub and both hospitals, two of three; each hospital's owner key also speaks for the hospital. */
  private ownerKey(party: Hospital | 'hub'): string {
    return this.consortium.secrets.signingKey(`owner.${party}`);
  }

  private get ownerKeys(): string[] {
    return (['hub', ...hospitals] as const).map((party) => this.ownerKey(party));
  }

  /** The hub's contracts, its members admitted and bonded. */
  async hub(): Promise<Complete<HubDeployment>> {
    const sendOnHub = participants.filter(
      ({ app, role }) => app === 'audit' || role === 'storeman' || role === 'voucher',
    );
    const member = async (name: string) => {
      const { gas, message, hpke } = (await this.consortium.secrets.keyFile(participant(name))).keys;
      return memberParty(name, { gas, message: message as string, hpke: hpke as string });
    };
    return deployHub({
      rpcUrl: this.consortium.servers.chains.hub,
      file: this.file,
      funding: await this.funding(sendOnHub.map(({ name }) => name)),
      deployerKey: this.ownerKey('hub'),
      owners: this.ownerKeys.map(accountOf),
      ownerKeys: this.ownerKeys,
      approvalsNeeded: 2,
      chain,
      logAccount: await gasAccount(this.consortium, 'audit.hub'),
      storemen: await Promise.all(storemen.map(member)),
      vouchers: await Promise.all(vouchers.map(member)),
      vouchesNeeded: localNumbers.vouchesNeeded,
      bondWei: localNumbers.bondWei,
      report: this.report,
    });
  }

  /** A hospital's contracts that need no group key, registered on the hub. */
  async hospital(name: Hospital, chainRegistry: string): Promise<void> {
    const sendHere = participants.filter(({ party, role }) => party === name || role === 'storeman');
    const bridge = (await this.consortium.secrets.keyFile(participant(`bridge.${name}`))).keys;
    const { messageKey, hpkeKey } = memberParty(name, {
      gas: bridge.gas,
      message: bridge.message as string,
      hpke: bridge.hpke as string,
    });
    await deployHospital({
      ...this.place(name, chainRegistry),
      funding: await this.funding(sendHere.map((one) => one.name)),
      chain,
      deedRegistrar: await gasAccount(this.consortium, `records.${name}`),
      keyRegistrar: await gasAccount(this.consortium, `identity.${name}`),
      logAccount: await gasAccount(this.consortium, `audit.${name}`),
      messageKey,
      hpkeKey,
      exchangeUrl: await this.consortium.urlOf(`records.${name}`),
    });
  }

  /** Has the storemen make both keys over the hub chain; this process never sees a share. */
  async groupKeys(storemanRegistry: string): Promise<GroupKeys> {
    return makeGroupKeys({
      hubRpcUrl: this.consortium.servers.chains.hub,
      storemanRegistry,
      ownerKeys: this.ownerKeys,
      roster: await Promise.all(storemen.map((name) => gasAccount(this.consortium, name))),
      threshold: localNumbers.threshold,
      nMin: localNumbers.nMin,
      phaseSeconds: localNumbers.phaseSeconds,
      depth: localNumbers.depth,
      report: this.report,
    });
  }

  /** LockedAccount and MappedDeeds of a hospital, which hold the signing key. */
  finish(name: Hospital, chainRegistry: string, keys: GroupKeys): Promise<Complete<HospitalDeployment>> {
    return finishHospital({
      ...this.place(name, chainRegistry),
      keys,
      minWindowSeconds: localNumbers.minWindowSeconds,
    });
  }

  private place(name: Hospital, chainRegistry: string) {
    return {
      name,
      rpcUrl: this.consortium.servers.chains[name],
      hubRpcUrl: this.consortium.servers.chains.hub,
      chainRegistry,
      file: this.file,
      adminKey: this.ownerKey(name),
      ownerKeys: this.ownerKeys,
      approvalsNeeded: 2,
      report: this.report,
    };
  }

  private async funding(names: readonly string[]) {
    const accounts = await Promise.all(names.map((name) => gasAccount(this.consortium, name)));
    return { funderKey: anvilKeys[0] as string, accounts, wei: fundWei };
  }
}
