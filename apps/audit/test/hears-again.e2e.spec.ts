import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type Bus, type BusLoss, connectBus, ensureEventStream, eventStream, hospitalEventSubjects } from '@cpds/bus';
import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { testNats, testPostgres } from '@cpds/local';
import type { EventEnvelope } from '@cpds/messages';
import { readConfig, runService, type RunningService } from '@cpds/service';
import type { JetStreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import { auditConfig } from '../src/config.js';
import { Journal } from '../src/log/journal.js';
import { LogReader } from '../src/log/log.reader.js';
import { auditService } from '../src/service.js';

describe('an audit service whose way to the stream is cut while it runs', () => {
  let servers: { close(): Promise<void> }[];
  let folder: string;
  let service: RunningService;
  let bus: Bus;
  let lines = '';
  let seq = 0;

  const leaves = async (): Promise<{ type: string; producer: string; seq: number }[]> =>
    (await service.app.get(LogReader, { strict: false }).leaves(0, 1_000)).map(
      ({ leaf }) => JSON.parse(leaf) as { type: string; producer: string; seq: number },
    );
  const tell = async (): Promise<void> => {
    const event: EventEnvelope = {
      id: randomUUID(),
      type: 'records.object-read.v1',
      producer: 'records.north',
      seq: ++seq,
      at: new Date().toISOString(),
      correlation: 'request-1',
      salt: `0x${randomBytes(32).toString('hex')}`,
      details: {},
    };
    await bus.js.publish(event.type, JSON.stringify(event), { msgID: event.id });
  };
  const lossesTold = async (): Promise<number> =>
    (await leaves()).filter(({ type }) => /^audit\.(stream|consumer)-lost\.v1$/.test(type)).length;
  const logged = (): Promise<void> =>
    until(async () => (await leaves()).some((leaf) => leaf.producer === 'records.north' && leaf.seq === seq));

  beforeAll(async () => {
    const [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
    servers = [postgres, nats];
    folder = mkdtempSync(join(tmpdir(), 'cpds-audit-'));
    const keyFile = join(folder, 'keys.json');
    writeFileSync(keyFile, JSON.stringify({ kek: 'aa'.repeat(32), log: 'bb'.repeat(32), gas: 'cc'.repeat(32) }), {
      mode: 0o600,
    });
    const signer = tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(0xbb));
    const journal = await Journal.open(
      join(folder, 'journal'),
      [tlog.verifierOf(signer)],
      new KeyRing(new Uint8Array(32).fill(0xaa)),
    );
    const begun = tlog.signCheckpoint({ origin: signer.name, size: 0, root: tlog.emptyRoot() }, signer);
    await journal.write({ from: 0, hashes: [], checkpoint: begun });
    const out = new PassThrough().setEncoding('utf8').on('data', (text: string) => (lines += text));
    service = await runService(
      auditService,
      readConfig(auditConfig, {
        PARTY: 'north',
        PORT: '0',
        KEY_FILE: keyFile,
        JOURNAL_DIR: join(folder, 'journal'),
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        IDENTITY_URL: 'http://127.0.0.1:9',
        CHAINS: JSON.stringify({ hub: ['http://127.0.0.1:9'], north: ['http://127.0.0.1:9'] }),
        OWN_CHAIN: 'north',
        HUB_CHAIN_REGISTRY: `0x${'11'.repeat(20)}`,
        HUB_CHECKPOINT_ANCHOR: `0x${'22'.repeat(20)}`,
      }),
      pino({ level: 'error' }, out),
    );
    bus = await connectBus({ url: nats.url, name: 'test' });
  }, 60_000);

  afterAll(async () => {
    await bus.close();
    await service.close();
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true });
  });

  it.each<[string, BusLoss, (jsm: JetStreamManager) => Promise<unknown>]>([
    ['its consumer is deleted', 'consumer', (jsm) => jsm.consumers.delete(eventStream, 'audit')],
    ['the stream is deleted', 'stream', (jsm) => jsm.streams.delete(eventStream)],
    [
      'its consumer is made anew by somebody else',
      'consumer',
      async (jsm) => {
        const { config } = await jsm.consumers.info(eventStream, 'audit');
        await jsm.consumers.delete(eventStream, 'audit');
        await jsm.consumers.add(eventStream, config);
      },
    ],
    [
      'the stream is made anew by a producer',
      'stream',
      async (jsm) => {
        await jsm.streams.delete(eventStream);
        await ensureEventStream(jsm, hospitalEventSubjects);
      },
    ],
  ])(
    'hears again after %s, with an event, a count and a line',
    async (_, loss, lose) => {
      await tell();
      await logged();
      const before = await lossesTold();
      lines = '';
      await lose(await bus.jsm());
      await until(async () => (await lossesTold()) > before);
      await tell();
      await logged();
      const told = (await leaves()).filter(({ type }) => type.endsWith('-lost.v1'));
      expect(told).toHaveLength(before + 1);
      expect(told.at(-1)).toMatchObject({ type: `audit.${loss}-lost.v1`, producer: 'audit.north' });
      const counts = await (await fetch(`${service.url}/metrics`)).text();
      expect(counts).toMatch(new RegExp(`cpds_bus_losses_total\\{what="${loss}",[^}]*\\} [1-9]`));
      expect(lines.match(/lost on the bus and made anew/g)).toHaveLength(1);
    },
    60_000,
  );
});

async function until(fact: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error('audit stayed deaf');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
