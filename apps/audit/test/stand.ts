/** What an audit service of the hospital `north` needs around it: servers, two chains with their contracts, an identity. */

import { createECDH } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChainRegistry, chainUid, CheckpointAnchor, type ChainStruct, type Hex } from '@cpds/contracts';
import { testAnvil, testNats, testPostgres } from '@cpds/local';
import { hospitalAudience } from '@cpds/service';
import { computeAddress, JsonRpcProvider, Wallet } from 'ethers';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

type Anvil = Awaited<ReturnType<typeof testAnvil>>;

/** A hospital's identity service, reduced to the part that audit uses: a JWKS, and tokens by its key. */
export class TestIdentity {
  private server!: Server;
  private key!: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  url = '';

  async start(): Promise<this> {
    const { privateKey, publicKey } = await generateKeyPair('ES384');
    this.key = privateKey;
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES384' }] });
    this.server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(jwks));
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  token(scope: string, party = 'north'): Promise<string> {
    return new SignJWT({ scope })
      .setProtectedHeader({ alg: 'ES384', kid: 'one' })
      .setSubject('auditor')
      .setIssuer(this.url)
      .setAudience(hospitalAudience(party))
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(this.key);
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

async function send(chain: Anvil, wallet: Wallet, to: string | null, data: string): Promise<string> {
  const sent = await wallet.sendTransaction({ to, data });
  const receipt = await sent.wait();
  if (receipt?.status !== 1) throw new Error(`a transaction on chain ${chain.chainId} failed`);
  return receipt.contractAddress ?? '';
}

async function uidOf(provider: JsonRpcProvider, chain: Anvil): Promise<Hex> {
  const genesis = (await provider.send('eth_getBlockByNumber', ['0x0', false])) as { hash: Hex };
  return chainUid(BigInt(chain.chainId), genesis.hash);
}

/** Where an anchor of north's log can be read. */
export interface AnchorPlace {
  rpc: string;
  address: string;
  account: string;
  origin: string;
}

/** The servers, what a process reads of them, and where its anchors are; `folder` holds the key file. */
export interface Stand {
  identity: TestIdentity;
  natsUrl: string;
  databaseUrl: string;
  environment: Record<string, string>;
  anchors: AnchorPlace[];
  folder: string;
  close: () => Promise<void>;
}

/** Name of north's log. */
export const origin = 'cpds/north/audit';

/** Puts up everything but the service itself. */
export async function startStand(): Promise<Stand> {
  const folder = mkdtempSync(join(tmpdir(), 'cpds-audit-'));
  const [postgres, nats, own, hub] = await Promise.all([
    testPostgres(),
    testNats(),
    testAnvil({ chainId: 41_001 }),
    testAnvil({ chainId: 41_002 }),
  ]);
  const identity = await new TestIdentity().start();

  const providers = [own, hub].map((chain) => new JsonRpcProvider(chain.url, undefined, { cacheTimeout: -1 }));
  const [onOwn, onHub] = providers.map((provider, i) => new Wallet([own, hub][i]!.keys[0]!, provider));
  const registry = await send(hub, onHub!, null, ChainRegistry.deployData([onHub!.address], 1));
  const hubAnchor = await send(hub, onHub!, null, CheckpointAnchor.deployData());
  const ownAnchor = await send(own, onOwn!, null, CheckpointAnchor.deployData());
  const ownUid = await uidOf(providers[0]!, own);
  const chain = (name: string, isHub: boolean): ChainStruct => ({
    name,
    finality: 'Depth',
    depth: 2n,
    blockSeconds: 1n,
    maxHeadAge: 60n,
    w: 10n,
    admin: onHub!.address,
    logAccount: computeAddress(own.keys[1]!),
    messageKey: isHub ? `0x${'00'.repeat(20)}` : onHub!.address,
    hpkeKey: isHub ? '0x' : `0x${createECDH('prime256v1').generateKeys('hex')}`,
    exchangeUrl: isHub ? '' : 'http://127.0.0.1:1/',
  });
  const { register, setBaseContracts } = ChainRegistry.calldata;
  await send(hub, onHub!, registry, register(await uidOf(providers[1]!, hub), chain('hub', true)));
  await send(hub, onHub!, registry, register(ownUid, chain('north', false)));
  const code = { account: ownAnchor, codeHash: `0x${'22'.repeat(32)}` };
  const base = {
    deedRegistry: code,
    keyRegistry: code,
    checkpointAnchor: code,
    announcer: code,
    metaAddresses: code,
  };
  await send(hub, onHub!, registry, setBaseContracts(ownUid, base));
  providers.forEach((provider) => provider.destroy());

  const anchors = [
    { rpc: own.url, address: ownAnchor, account: computeAddress(own.keys[1]!), origin },
    { rpc: hub.url, address: hubAnchor, account: computeAddress(own.keys[1]!), origin },
  ];
  const keyFile = join(folder, 'keys.json');
  const hex = (byte: number): string => Buffer.alloc(32, byte).toString('hex');
  writeFileSync(keyFile, JSON.stringify({ kek: hex(1), log: hex(2), gas: own.keys[1]!.replace('0x', '') }));
  chmodSync(keyFile, 0o600);
  const environment = {
    PORT: '0',
    LOG_LEVEL: 'silent',
    KEY_FILE: keyFile,
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    IDENTITY_URL: identity.url,
    CHAINS: JSON.stringify({ hub: [hub.url], north: [own.url] }),
    OWN_CHAIN: 'north',
    HUB_CHAIN_REGISTRY: registry,
    HUB_CHECKPOINT_ANCHOR: hubAnchor,
    ANCHOR_EVERY_MS: '1000',
    POLL_MS: '200',
  };
  const close = async (): Promise<void> => {
    await Promise.all([postgres.close(), nats.close(), own.close(), hub.close(), identity.close()]);
    rmSync(folder, { recursive: true });
  };
  return { identity, natsUrl: nats.url, databaseUrl: postgres.url, environment, anchors, folder, close };
}
