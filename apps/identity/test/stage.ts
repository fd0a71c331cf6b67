import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, BusRequests, connectBus } from '@cpds/bus';
import { TokenSource } from '@cpds/client';
import {
  ChainRegistry,
  chainUid as chainUidOf,
  CheckpointAnchor,
  DeedRegistry,
  ERC5564Announcer,
  ERC6538Registry,
  type Hex,
  KeyRegistry,
} from '@cpds/contracts';
import * as age from '@cpds/crypto/age';
import { testAnvil, testNats, testPostgres } from '@cpds/local';
import { type RunningService, readConfig, runService } from '@cpds/service';
import { getCreateAddress, JsonRpcProvider, keccak256, NonceManager, Wallet } from 'ethers';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { identityConfig } from '../src/config.js';
import { identityService } from '../src/service.js';
import { TestLog } from './test-log.js';

/** identity of `north` on real servers: one chain plays hub and own chain. */
export interface Stage {
  service: RunningService;
  url: string;
  homeUid: Hex;
  provider: JsonRpcProvider;
  keyRegistry: KeyRegistry;
  metaAddresses: ERC6538Registry;
  /** account of identity on the chain */
  account: string;
  bus: Bus;
  requests: BusRequests;
  log: TestLog;
  admin: TokenSource;
  /** private JWK of the bootstrapped administrator */
  adminJwk: JWK;
  /** private JWK of another client that the environment names, `spare.north` */
  spareJwk: JWK;
  /** recipient to which opened file keys are wrapped */
  recordsIdentity: string;
  databaseUrl: string;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const [postgres, nats, anvil] = await Promise.all([testPostgres(), testNats(), testAnvil()]);
  const provider = new JsonRpcProvider(anvil.url, undefined, { pollingInterval: 100, cacheTimeout: -1 });
  const gas = randomBytes(32).toString('hex');
  const account = new Wallet(gas).address;
  const deployed = await deploy(provider, anvil.keys[0] ?? '', account);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'identity-'));
  const keyFile = join(folder, 'keys.json');
  const keys = { kek: randomBytes(32).toString('hex'), gas, token: randomBytes(32).toString('hex') };
  writeFileSync(keyFile, JSON.stringify(keys), { mode: 0o600 });
  const { privateJwk, publicJwk } = await newBackendKey();
  const spare = await newBackendKey();
  const recordsIdentity = age.encodeIdentity(new Uint8Array(randomBytes(32)));
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    PARTY: 'north',
    PORT: String(port),
    LOG_LEVEL: 'silent',
    KEY_FILE: keyFile,
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    CHAINS: JSON.stringify({ hub: [anvil.url], north: [anvil.url] }),
    OWN_CHAIN: 'north',
    IDENTITY_URL: url,
    HUB_CHAIN_REGISTRY: deployed.chainRegistry,
    RECORDS_AGE_RECIPIENT: age.recipientOf(recordsIdentity),
    BOOTSTRAP_CLIENTS: JSON.stringify([
      {
        clientId: 'backend.north',
        jwk: publicJwk,
        scopes: ['identity.admin', 'records.write'],
        departments: 'whole-hospital',
      },
      { clientId: 'spare.north', jwk: spare.publicJwk, scopes: ['identity.admin'], departments: [] },
    ]),
    POLL_MS: '100',
    RECEIPT_TIMEOUT_MS: '1500',
  };
  const config = readConfig(identityConfig, { ...environment });
  const bus = await connectBus({ url: nats.url, name: 'test' });
  const log = new TestLog(bus, 'identity.north');
  await bus.connection.flush();
  const stage: Stage = {
    service: await runService(identityService, config),
    url,
    homeUid: deployed.homeUid,
    provider,
    keyRegistry: new KeyRegistry(deployed.keyRegistry, provider),
    metaAddresses: new ERC6538Registry(deployed.metaAddresses, provider),
    account,
    bus,
    requests: new BusRequests(bus),
    log,
    admin: new TokenSource({ identityUrl: url, clientId: 'backend.north', privateJwk, scopes: ['identity.admin'] }),
    adminJwk: privateJwk,
    spareJwk: spare.privateJwk,
    recordsIdentity,
    databaseUrl: postgres.url,
    async restart() {
      await stage.service.close();
      stage.service = await runService(identityService, config);
    },
    async close() {
      await stage.service.close();
      await bus.close();
      provider.destroy();
      rmSync(folder, { recursive: true });
      await Promise.all([postgres.close(), nats.close(), anvil.close()]);
    },
  };
  return stage;
}

/** An ES384 key pair as JWKs. */
export async function newBackendKey(): Promise<{ privateJwk: JWK; publicJwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
  return { privateJwk: await exportJWK(privateKey), publicJwk: await exportJWK(publicKey) };
}

async function deploy(provider: JsonRpcProvider, deployerKey: string, account: string) {
  const wallet = new Wallet(deployerKey, provider);
  const deployer = new NonceManager(wallet);
  const genesis = await provider.getBlock(0);
  const { chainId } = await provider.getNetwork();
  const homeUid = chainUidOf(chainId, genesis?.hash ?? '');
  let nonce = await provider.getTransactionCount(wallet.address);
  const create = async (data: string): Promise<string> => {
    const address = getCreateAddress({ from: wallet.address, nonce: nonce++ });
    await (await deployer.sendTransaction({ data })).wait();
    return address;
  };
  const send = async (to: string, data: string, value = 0n): Promise<void> => {
    nonce++;
    await (await deployer.sendTransaction({ to, data, value })).wait();
  };
  const chainRegistry = await create(ChainRegistry.deployData([wallet.address], 1n));
  const keyRegistry = await create(KeyRegistry.deployData(homeUid, account));
  const deedRegistry = await create(DeedRegistry.deployData(homeUid, account));
  const checkpointAnchor = await create(CheckpointAnchor.deployData());
  const announcer = await create(ERC5564Announcer.deployData());
  const metaAddresses = await create(ERC6538Registry.deployData());
  const code = async (address: string) => ({ account: address, codeHash: keccak256(await provider.getCode(address)) });
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hpkeKey = `0x${publicKey.export({ format: 'der', type: 'spki' }).subarray(-65).toString('hex')}`;
  await send(
    chainRegistry,
    ChainRegistry.calldata.register(homeUid, {
      name: 'north',
      finality: 'Depth',
      depth: 2n,
      blockSeconds: 1n,
      maxHeadAge: 30n,
      w: 10n,
      admin: account,
      logAccount: account,
      messageKey: Wallet.createRandom().address,
      hpkeKey,
      exchangeUrl: 'http://127.0.0.1:1/exchange',
    }),
  );
  await send(
    chainRegistry,
    ChainRegistry.calldata.setBaseContracts(homeUid, {
      deedRegistry: await code(deedRegistry),
      keyRegistry: await code(keyRegistry),
      checkpointAnchor: await code(checkpointAnchor),
      announcer: await code(announcer),
      metaAddresses: await code(metaAddresses),
    }),
  );
  await send(account, '0x', 10n ** 18n);
  return { homeUid, chainRegistry, keyRegistry, metaAddresses };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
