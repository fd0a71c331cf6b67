import { join } from 'node:path';
import * as age from '@cpds/crypto/age';
import { participant, participants, storemen, type Consortium, type ExtraEnvironment } from '@cpds/local';
import { accountOf, type Complete, type HubDeployment } from '../deploy/index.js';
import { hospitalClients, hubOperators } from './backend.js';

/** Numbers of a consortium with one-second blocks (wire.md "Local consortium's numbers"). */
export const localNumbers = {
  // Polls come between the heads that the chains announce.
  pollMs: 1_000,
  recheckMs: 1_000,
  flushAfterMs: 5_000,
  anchorEveryMs: 10_000,
  requestTtlSeconds: 3_600,
  threshold: 3,
  nMin: 4,
  vouchesNeeded: 2,
  bondWei: 10n ** 18n,
  // Phases close as soon as everybody has posted; the limit matters on a machine that is busy with other things.
  phaseSeconds: 60,
  minWindowSeconds: 30,
  depth: 2,
  blockSeconds: 1,
  maxHeadAgeSeconds: 10,
  wSeconds: 10,
};

/** The account that pays for a process's transactions, lower case. */
export async function gasAccount(consortium: Consortium, name: string): Promise<string> {
  return accountOf((await consortium.secrets.keyFile(participant(name))).keys.gas);
}

/** Bridges to which a wallet may bring a revocation. Its own hospital's is not the first, so that revoking works without it. */
export function revocationUrls(consortium: Consortium): Promise<string[]> {
  return Promise.all(['bridge.south', 'bridge.north', ...storemen].map((name) => consortium.urlOf(name)));
}

/** Environment of each process beyond what infra/local sets: contracts, its neighbours, and the local numbers. */
export async function environmentOf(consortium: Consortium, hub: Complete<HubDeployment>): Promise<ExtraEnvironment> {
  const roster = {
    accounts: await Promise.all(storemen.map((name) => gasAccount(consortium, name))),
    threshold: localNumbers.threshold,
    nMin: localNumbers.nMin,
  };
  const ageRecipients = Object.fromEntries(
    await Promise.all(
      (['north', 'south'] as const).map(async (hospital) => {
        const { keys } = await consortium.secrets.keyFile(participant(`records.${hospital}`));
        return [hospital, age.recipientOf(keys.age as age.Identity)] as const;
      }),
    ),
  );
  const urls = Object.fromEntries(
    await Promise.all(participants.map(async ({ name }) => [name, await consortium.urlOf(name)] as const)),
  );
  const revocation = await revocationUrls(consortium);
  const common = {
    HUB_CHAIN_REGISTRY: hub.chainRegistry,
    HUB_STOREMAN_REGISTRY: hub.storemanRegistry,
    HUB_TRANSFER_LEDGER: hub.transferLedger,
    HUB_CHECKPOINT_ANCHOR: hub.checkpointAnchor,
    POLL_MS: String(localNumbers.pollMs),
  };
  return (one) => {
    switch (one.app) {
      case 'identity':
        return {
          ...common,
          RECORDS_AGE_RECIPIENT: ageRecipients[one.party] as string,
          BOOTSTRAP_CLIENTS: JSON.stringify(hospitalClients(consortium.secrets.dir, one.party as 'north' | 'south')),
        };
      case 'records':
        return { ...common, FLUSH_AFTER_MS: String(localNumbers.flushAfterMs), TMPDIR: join(consortium.dir, 'tmp') };
      case 'audit':
        return {
          ...common,
          ANCHOR_EVERY_MS: String(localNumbers.anchorEveryMs),
          JOURNAL_DIR: join(consortium.dir, 'journals', one.party),
          ...(one.party === 'hub'
            ? {
                TOKEN_ISSUERS: JSON.stringify({ north: urls['identity.north'], south: urls['identity.south'] }),
                HUB_OPERATORS: JSON.stringify(hubOperators(consortium.secrets.dir)),
              }
            : {}),
        };
      case 'bridge':
        return {
          ...common,
          RECHECK_MS: String(localNumbers.recheckMs),
          ...(one.role === 'hospital'
            ? {
                REVOCATION_URLS: JSON.stringify(revocation),
                REQUEST_TTL_SECONDS: String(localNumbers.requestTtlSeconds),
              }
            : {}),
          ...(one.role === 'storeman' ? { ROSTER: JSON.stringify(roster) } : {}),
        };
    }
  };
}
