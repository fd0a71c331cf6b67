import { createHash } from 'node:crypto';
import { join } from 'node:path';
import '@cpds/crypto/libsecp256k1'; // a ring signature is mostly public scalars
import type { PatientIdentifier } from '@cpds/messages';
import { WalletHolder, type WalletPins } from '@cpds/wallet';
import { FileStorage } from '@cpds/wallet/node';
import { revocationUrls } from '../consortium/environment.js';
import type { World } from '../consortium/world.js';

/** The wallet of the patient with this identifier; makes it and enrols it at north on first use. */
export async function patientOf(
  world: World,
  identifier: PatientIdentifier,
): Promise<{ holder: WalletHolder; isNew: boolean }> {
  const storage = new FileStorage(walletPath(world.consortium.dir, identifier));
  const isThere = (await storage.read()) !== null;
  if (isThere) {
    const holder = await WalletHolder.open(storage);
    if (holder.file.account !== null) return { holder, isNew: false };
  }
  const { enrolmentCode } = await world.backends.north.identity.registerPatient(identifier);
  const holder = isThere
    ? await WalletHolder.open(storage)
    : await WalletHolder.create(storage, await pins(world, identifier));
  await holder.enrol(enrolmentCode);
  return { holder, isNew: true };
}

/** Path of this patient's wallet; the name tells nothing of the patient. */
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
