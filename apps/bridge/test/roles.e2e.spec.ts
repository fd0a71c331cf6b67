import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, ensureEventStream, hospitalEventSubjects, hubEventSubjects } from '@cpds/bus';
import { testNats, testPostgres } from '@cpds/local';
import { readConfig, runService } from '@cpds/service';
import { bridgeService } from '../src/service.js';
import { DutyExecutors, rolesOfDuty, type Duty } from '../src/transfers/duties.js';

/** An address at which nobody listens, since chains may come later. */
const away = 'http://127.0.0.1:9';
const address = `0x${'1'.repeat(40)}`;

describe('a process in each role', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roles-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['hospital', ['A', 'B']],
    ['voucher', ['V']],
    ['storeman', ['S']],
  ])(
    'knows who carries out its duties and no others: %s',
    async (role, letters) => {
      const [nats, postgres] = await Promise.all([testNats(), testPostgres()]);
      // the audit service of the hospital or of the hub makes it; neither is part of this test
      const bus = await connectBus({ url: nats.url, name: 'audit' });
      await ensureEventStream(await bus.jsm(), role === 'hospital' ? hospitalEventSubjects : hubEventSubjects);
      await bus.close();
      const keyFile = join(folder, `${role}.json`);
      const secrets = ['kek', 'gas', 'message', 'hpke'].map((name) => [name, randomBytes(32).toString('hex')]);
      writeFileSync(keyFile, JSON.stringify(Object.fromEntries(secrets)));
      chmodSync(keyFile, 0o600);
      const config = readConfig(bridgeService.config, {
        ROLE: role,
        PARTY: role,
        PORT: '0',
        KEY_FILE: keyFile,
        LOG_LEVEL: 'silent',
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        CHAINS: JSON.stringify({ hub: [away], own: [away] }),
        OWN_CHAIN: 'own',
        IDENTITY_URL: away,
        HUB_CHAIN_REGISTRY: address,
        HUB_STOREMAN_REGISTRY: address,
        HUB_TRANSFER_LEDGER: address,
        HUB_CHECKPOINT_ANCHOR: address,
      });
      const service = await runService(bridgeService, config);
      try {
        const executors = service.app.get(DutyExecutors, { strict: false });
        const isOwn = (duty: Duty) => rolesOfDuty[duty].some((letter) => letters.includes(letter));
        for (const duty of Object.keys(rolesOfDuty) as Duty[])
          if (isOwn(duty)) expect(executors.get(duty)).toBeInstanceOf(Function);
          else expect(() => executors.get(duty)).toThrow(duty);
        expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
      } finally {
        await service.close();
        await Promise.all([nats.close(), postgres.close()]);
      }
    },
    60_000,
  );
});
