import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { testNats, testPostgres } from '@cpds/local';
import { createLog, readConfig, runService, type RunningService } from '@cpds/service';
import { auditConfig } from '../src/config.js';
import { Journal } from '../src/log/journal.js';
import { LogReader } from '../src/log/log.reader.js';
import { auditService } from '../src/service.js';

/** What a leaf of the log says, as far as tests look. */
export interface LoggedLeaf {
  type: string;
  producer: string;
  seq: number;
}

/** An audit service of the hospital `north` with its own database and bus. Its chains are away, so it anchors nothing. */
export interface LoneAudit {
  natsUrl: string;
  keyFile: string;
  /** lines of its log so far, over restarts */
  lines: Record<string, unknown>[];
  url(): string;
  leaves(): Promise<LoggedLeaf[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Puts it up with an empty log and starts it; its tokens are checked at `identityUrl`, by default nowhere. */
export async function startLoneAudit(identityUrl = 'http://127.0.0.1:9'): Promise<LoneAudit> {
  const [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
  const folder = mkdtempSync(join(tmpdir(), 'cpds-audit-'));
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
  const environment = {
    PARTY: 'north',
    PORT: '0',
    KEY_FILE: keyFile,
    JOURNAL_DIR: join(folder, 'journal'),
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    IDENTITY_URL: identityUrl,
    CHAINS: JSON.stringify({ hub: ['http://127.0.0.1:9'], north: ['http://127.0.0.1:9'] }),
    OWN_CHAIN: 'north',
    HUB_CHAIN_REGISTRY: `0x${'11'.repeat(20)}`,
    HUB_CHECKPOINT_ANCHOR: `0x${'22'.repeat(20)}`,
  };
  const lines: Record<string, unknown>[] = [];
  const log = createLog('audit', 'north', 'info', {
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  let service: RunningService;
  const audit: LoneAudit = {
    natsUrl: nats.url,
    keyFile,
    lines,
    url: () => service.url,
    leaves: async () =>
      (await service.app.get(LogReader, { strict: false }).leaves(0, 1_000)).map(
        ({ leaf }) => JSON.parse(leaf) as LoggedLeaf,
      ),
    start: async () => {
      service = await runService(auditService, readConfig(auditConfig, { ...environment }), log);
    },
    stop: () => service.close(),
    close: async () => {
      await service.close();
      await Promise.all([postgres.close(), nats.close()]);
      rmSync(folder, { recursive: true });
    },
  };
  await audit.start();
  return audit;
}

/** Waits for a fact that another process makes true. @throws Error that names what did not come in 20 s */
export async function until(what: string, fact: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
