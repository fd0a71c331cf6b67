import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, ensureEventStream, hubEventSubjects } from '@cpds/bus';
import { testNats } from '@cpds/local';
import { toHex } from '@cpds/crypto/bytes';
import { readConfig, runService, type RunningService } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { randomBytes } from 'node:crypto';
import { KeyShareRow } from '../src/ceremonies/key-share.row.js';
import { bridgeService } from '../src/service.js';
import { openStoremen, until, type StoremanHome, type Storemen } from '../src/testing/storemen.js';

describe('five storemen as whole services', () => {
  let world: Storemen;
  let nats: Awaited<ReturnType<typeof testNats>>;
  let contracts: Awaited<ReturnType<Storemen['completeHub']>>;
  const folder = mkdtempSync(join(tmpdir(), 'storemen-'));
  const running: RunningService[] = [];

  const start = async (home: StoremanHome): Promise<RunningService> => {
    const keyFile = join(folder, `${home.party}.json`);
    const keys = {
      kek: toHex(home.kek),
      gas: home.gasKey.slice(2),
      message: toHex(home.messageSecret),
      hpke: randomBytes(32).toString('hex'),
    };
    writeFileSync(keyFile, JSON.stringify(keys));
    chmodSync(keyFile, 0o600);
    const config = readConfig(bridgeService.config, {
      ROLE: 'storeman',
      PARTY: home.party,
      PORT: '0',
      KEY_FILE: keyFile,
      LOG_LEVEL: 'silent',
      DATABASE_URL: home.database.url,
      NATS_URL: nats.url,
      CHAINS: JSON.stringify({ hub: [world.anvil.url] }),
      OWN_CHAIN: 'hub',
      HUB_CHAIN_REGISTRY: contracts.chainRegistry,
      HUB_STOREMAN_REGISTRY: world.registry,
      HUB_TRANSFER_LEDGER: contracts.transferLedger,
      HUB_CHECKPOINT_ANCHOR: contracts.checkpointAnchor,
      POLL_MS: '200',
      ROSTER: JSON.stringify(world.roster),
    });
    return runService(bridgeService, config);
  };

  beforeAll(async () => {
    [world, nats] = await Promise.all([openStoremen(5), testNats()]);
    contracts = await world.completeHub();
    // the hub's audit service makes the stream that role nodes publish to; it is not part of this test
    const bus = await connectBus({ url: nats.url, name: 'hub' });
    await ensureEventStream(await bus.jsm(), hubEventSubjects);
    await bus.close();
  }, 240_000);
  afterAll(async () => {
    await Promise.all(running.map((service) => service.close()));
    await Promise.all([world.close(), nats.close()]);
    rmSync(folder, { recursive: true });
  });

  it('generate both keys, and a second start finds its shares', async () => {
    running.push(...(await Promise.all(world.homes.map(start))));
    await world.propose('Sign');
    await world.propose('Seal');
    await until('both keys', 150, async () => {
      const keys = await Promise.all([world.binding.currentKeyId('Sign'), world.binding.currentKeyId('Seal')]);
      return keys.every((keyId) => BigInt(keyId) !== 0n);
    });
    await running.shift()!.close();
    const again = await start(world.homes[0]!);
    running.push(again);
    const rows = await again.app.get(UnitOfWork, { strict: false }).reader.find(KeyShareRow);
    expect(rows.map((row) => row.purpose).sort()).toEqual(['seal', 'sign']);
    expect((await fetch(`${again.url}/healthz`)).status).toBe(200);
    await until('the registries to be read', 20, async () => (await fetch(`${again.url}/readyz`)).status === 200);
  }, 240_000);

  it('open no door of a hospital', async () => {
    const { url } = running[0]!;
    for (const path of ['/requests', '/wallet/requests', '/wallet/parameters', `/grants/0x${'0'.repeat(64)}`])
      expect((await fetch(`${url}${path}`)).status).toBe(404);
  });
});
