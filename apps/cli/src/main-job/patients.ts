import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PatientIdentifier } from '@cpds/messages';
import { revocationUrls } from '../consortium/environment.js';
import type { World } from '../consortium/world.js';
import { WalletHolder, type WalletPins } from '../wallets/wallet-holder.js';

/** The patient with this identifier: their wallet, made and enrolled at north on first sight. */
export async function patientOf(
  world: World,
  identifier: PatientIdentifier,
): Promise<{ holder: WalletHolder; isNew: boolean }> {
  const path = walletPath(world.consortium.dir, identifier);
  if (existsSync(path)) {
    const holder = await WalletHolder.open(path);
    if (holder.file.account !== null) return { holder, isNew: false };
  }
  const { enrolmentCode } = await world.backends.north.identity.registerPatient(identifier);
  const holder = existsSync(path)
    ? await WalletHolder.open(path)
    : await WalletHolder.create(path, await pins(world, identifier));
  await holder.enrol(enrolmentCode);
  return { holder, isNew: true };
}

/** Where the wallet of this patient is kept; the name tells nothing of the patient. */
export function walletPath(dir: string, { system, value }: PatientIdentifier): string {
  const name = createHash('sha256')
    .update(JSON.stringify([system, value]))
    .digest('hex')
    .slice(0, 16);
  return join(dir, 'wallets', `${name}.json`);
}

async function pins({ consortium, addresses }: World, identifier: PatientIdentifier): Promise<WalletPins> {
  const [identityUrl, recordsUrl, bridgeUrl] = await Promise.all(
    ['identity.north', 'records.north', 'bridge.north'].map((name) => consortium.urlOf(name)),
  );
  return {
    home: {
      name: 'north',
      chainUid: addresses.north.chainUid as `0x${string}`,
      identityUrl: identityUrl as string,
      recordsUrl: recordsUrl as string,
      bridgeUrl: bridgeUrl as string,
      rpcUrls: [consortium.servers.chains.north],
    },
    identifiers: [identifier],
    revocationUrls: await revocationUrls(consortium),
    hub: {
      chainUid: addresses.hub.chainUid as `0x${string}`,
      chainRegistry: addresses.hub.chainRegistry as `0x${string}`,
      storemanRegistry: addresses.hub.storemanRegistry as `0x${string}`,
      rpcUrls: [consortium.servers.chains.hub],
    },
  };
}
