/** Five storemen on one hub, each with its own database, account, reader and sender: for the integration tests here. */

import { chainEntities, chainMigrations, ChainReader, Sender } from '@cpds/chain';
import { ChainRegistry, CheckpointAnchor, StoremanRegistry, TransferLedger, type Hex } from '@cpds/contracts';
import { to0x } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import * as hpke from '@cpds/crypto/hpke';
import { testAnvil, testPostgres } from '@cpds/local';
import { Changes, Outbox, outboxMigrations } from '@cpds/outbox';
import { Leases, openStore, UnitOfWork } from '@cpds/store';
import { randomBytes } from 'node:crypto';
import { JsonRpcProvider, SigningKey, Wallet, computeAddress } from 'ethers';
import type { DataSource } from 'typeorm';
import { CeremoniesService } from '../ceremonies/ceremonies.service.js';
import { CeremonyLogRow, CeremonyRow } from '../ceremonies/ceremony.row.js';
import { KeyShareRow } from '../ceremonies/key-share.row.js';
import { KeyShares } from '../ceremonies/key-shares.js';
import { storemanMigrations } from '../ceremonies/migrations.js';
import { ReleaseRow } from '../release/release.row.js';
import { SpentNonceRow, StoremanActRow } from '../signing/storeman-act.row.js';

export const testRules = { finality: { kind: 'depth', depth: 2 }, blockSeconds: 1, maxHeadAgeSeconds: 3600 } as const;

/** Waits until `probe` gives a value, looking every 50 ms; fails after `seconds`, saying what it waited for. */
export async function until<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | null | undefined | false>,
): Promise<T> {
  for (let i = 0; i < seconds * 20; i++) {
    const value = await probe();
    if (value !== null && value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Deploys and calls as the dev account of an anvil; waits for each receipt. */
export async function openDeployer(url: string, privateKey: string) {
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 100 });
  const wallet = new Wallet(privateKey, provider);
  const send = async (to: string | null, data: Hex, value = 0n) => {
    const sent = await wallet.sendTransaction({ to, data, value });
    const receipt = await sent.wait();
    if (receipt?.status !== 1) throw new Error('reverted');
    return receipt;
  };
  return {
    address: wallet.address.toLowerCase() as Hex,
    provider,
    deploy: async (data: Hex) => (await send(null, data)).contractAddress!.toLowerCase() as Hex,
    send,
    close: () => provider.destroy(),
  };
}

export type Deployer = Awaited<ReturnType<typeof openDeployer>>;

/** One storeman's belongings that survive a restart: its database, keys and name. */
export interface StoremanHome {
  party: string;
  gasKey: string;
  account: Hex;
  messageSecret: Uint8Array;
  messageKey: Hex;
  hpkeKey: Hex;
  kek: Uint8Array;
  database: { url: string; close(): Promise<void> };
}

/** One run of a storeman process: the state that a kill loses. */
export interface StoremanRun {
  home: StoremanHome;
  store: DataSource;
  unitOfWork: UnitOfWork;
  changes: Changes;
  shares: KeyShares;
  hub: ChainReader;
  sender: Sender;
  ceremonies: CeremoniesService;
  errors: unknown[];
  stop(): Promise<void>;
}

/** The hub with ChainRegistry and StoremanRegistry, and the storemen admitted and bonded. */
export async function openStoremen(count: number) {
  const anvil = await testAnvil();
  const deployer = await openDeployer(anvil.url, anvil.keys[0]!);
  const reader = (await ChainReader.connect({ name: 'hub', urls: [anvil.url] })).adopt(testRules);
  const chainRegistry = await deployer.deploy(ChainRegistry.deployData([deployer.address], 1));
  const registry = await deployer.deploy(StoremanRegistry.deployData(reader.chainUid, chainRegistry, 1, 2));
  const homes: StoremanHome[] = [];
  for (let i = 1; i <= count; i++) {
    const gasKey = anvil.keys[i]!;
    const messageSecret = new Uint8Array(randomBytes(32));
    const home = {
      party: `storeman-${i}`,
      gasKey,
      account: computeAddress(gasKey).toLowerCase() as Hex,
      messageSecret,
      messageKey: computeAddress(new SigningKey(messageSecret)).toLowerCase() as Hex,
      hpkeKey: to0x((await hpke.generateKey()).publicKey),
      kek: new Uint8Array(randomBytes(32)),
      database: await testPostgres(),
    };
    homes.push(home);
    const { calldata } = StoremanRegistry;
    await deployer.send(registry, calldata.admit(home.party, home.account, home.messageKey, home.hpkeKey));
    await deployer.send(registry, calldata.bond(home.account), 1n);
  }
  const roster = { accounts: homes.map((home) => home.account), threshold: 3, nMin: 4 };
  return {
    anvil,
    deployer,
    hubUid: reader.chainUid,
    registry,
    homes,
    roster,
    binding: new StoremanRegistry(registry, deployer.provider),
    /** Registers the hub in its own registry and deploys the ledger, which a whole node reads before it does anything. */
    completeHub: async () => {
      const hub = {
        name: 'hub',
        finality: 'Depth' as const,
        depth: 2n,
        blockSeconds: 1n,
        maxHeadAge: 3600n,
        w: 10n,
        admin: deployer.address,
        logAccount: deployer.address,
        messageKey: `0x${'00'.repeat(20)}`,
        hpkeKey: '0x',
        exchangeUrl: '',
      };
      await deployer.send(chainRegistry, ChainRegistry.calldata.register(reader.chainUid, hub));
      const transferLedger = await deployer.deploy(TransferLedger.deployData(chainRegistry, 1, 2));
      return { chainRegistry, transferLedger, checkpointAnchor: await deployer.deploy(CheckpointAnchor.deployData()) };
    },
    propose: (purpose: 'Sign' | 'Seal', accounts = roster.accounts, phaseSeconds = 30) =>
      deployer.send(
        registry,
        StoremanRegistry.calldata.propose(purpose, accounts, roster.threshold, roster.nMin, phaseSeconds),
      ),
    run: (home: StoremanHome) => runStoreman(home, anvil.url, registry, roster),
    close: async () => {
      deployer.close();
      await anvil.close();
      await Promise.all(homes.map((home) => home.database.close()));
    },
  };
}

export type Storemen = Awaited<ReturnType<typeof openStoremen>>;

async function runStoreman(
  home: StoremanHome,
  hubUrl: string,
  registry: Hex,
  roster: { accounts: Hex[]; threshold: number; nMin: number },
): Promise<StoremanRun> {
  const store = await openStore({
    url: home.database.url,
    entities: [...chainEntities, CeremonyRow, CeremonyLogRow, KeyShareRow, StoremanActRow, SpentNonceRow, ReleaseRow],
    migrations: [...chainMigrations, ...outboxMigrations, ...storemanMigrations],
    poolSize: 5,
  });
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const unitOfWork = new UnitOfWork(store);
  const ring = new KeyRing(home.kek);
  const changes = new Changes(unitOfWork, new Outbox(home.party, ring));
  const shares = new KeyShares(unitOfWork, ring);
  const hub = (await ChainReader.connect({ name: 'hub', urls: [hubUrl], pollMs: 100, onError })).adopt(testRules);
  const leases = new Leases(store, 50);
  const sender = new Sender({ reader: hub, unitOfWork, leases, privateKey: home.gasKey, onError });
  await sender.start();
  const ceremonies = new CeremoniesService(unitOfWork, changes, shares, {
    hub,
    sender,
    registry,
    roster,
    ring,
    onError,
  });
  await ceremonies.start();
  const stop = async () => {
    await ceremonies.stop();
    await sender.stop();
    await store.destroy();
  };
  return { home, store, unitOfWork, changes, shares, hub, sender, ceremonies, errors, stop };
}
