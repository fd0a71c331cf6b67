import { execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Bus, connectBus, eventStream } from '@cpds/bus';
import { fromHex } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { CheckpointAnchor } from '@cpds/contracts';
import { testPostgresTools } from '@cpds/local';
import {
  Consistency,
  type EventEnvelope,
  eventLeaf,
  LogView,
  OutboxRows,
  OutboxRowsQuery,
  outboxRowsSubject,
} from '@cpds/messages';
import { readConfig, runService, type RunningService } from '@cpds/service';
import { JsonRpcProvider } from 'ethers';
import { auditConfig } from '../src/config.js';
import { AuditLog } from '../src/log/log.service.js';
import { auditService } from '../src/service.js';
import { origin, type Stand, startStand } from './stand.js';

const run = promisify(execFile);

/** A producer with its rows, which answers for them as an outbox does. */
class TestProducer {
  readonly rows: EventEnvelope[] = [];
  asked = 0;
  /** Answers as one whose rows are gone. */
  hasNone = false;

  constructor(
    private readonly bus: Bus,
    private readonly service: string,
  ) {
    const subscription = bus.connection.subscribe(outboxRowsSubject(service));
    void (async () => {
      for await (const message of subscription) {
        const { fromSeq, toSeq } = OutboxRowsQuery.parse(message.json());
        this.asked++;
        const events = this.hasNone ? [] : this.rows.filter(({ seq }) => seq >= fromSeq && seq <= toSeq);
        const value: OutboxRows = { producer: `${service}.north`, events, lastSeq: this.rows.length };
        message.respond(JSON.stringify({ ok: true, value }));
      }
    })();
  }

  async tell(): Promise<EventEnvelope> {
    const event: EventEnvelope = {
      id: randomUUID(),
      type: `${this.service}.something-happened.v1`,
      producer: `${this.service}.north`,
      seq: this.rows.length + 1,
      at: new Date().toISOString(),
      correlation: 'request-1',
      salt: `0x${randomBytes(32).toString('hex')}`,
      details: {},
    };
    this.rows.push(event);
    await this.bus.js.publish(event.type, JSON.stringify(event), { msgID: event.id });
    return event;
  }
}

describe('an audit database that is restored from a dump', () => {
  let stand: Stand;
  let bus: Bus;
  let service: RunningService | null = null;
  let records: TestProducer;
  let bridge: TestProducer;
  let told: string[];
  let tenth: LogView;

  const journalDir = (): string => join(stand.folder, 'journal');
  const environment = (over: Record<string, string> = {}): Record<string, string> => ({
    ...stand.environment,
    PARTY: 'north',
    JOURNAL_DIR: journalDir(),
    ...over,
  });
  const start = async (over: Record<string, string> = {}): Promise<void> => {
    service = await runService(auditService, readConfig(auditConfig, environment(over)));
  };
  const stop = async (): Promise<void> => {
    await service?.close();
    service = null;
  };
  const viewOf = async (): Promise<LogView> => LogView.parse(await (await fetch(`${service!.url}/log`)).json());
  const readiness = async (): Promise<{ status: number; log: unknown }> => {
    const answer = await fetch(`${service!.url}/readyz`);
    return { status: answer.status, log: ((await answer.json()) as { checks: { log: unknown } }).checks.log };
  };
  const anchor = async (): Promise<LogView> => {
    const authorization = `Bearer ${await stand.identity.token('audit.operate')}`;
    return LogView.parse(
      await (await fetch(`${service!.url}/anchor`, { method: 'POST', headers: { authorization } })).json(),
    );
  };
  const tool = async (name: string, ...args: string[]): Promise<void> => {
    await run(join(await testPostgresTools(), name), args);
  };
  /** Before a test may lose it. */
  const keepJournal = (): void => cpSync(journalDir(), join(stand.folder, 'kept'), { recursive: true });
  const dump = (): Promise<void> =>
    tool('pg_dump', '--format=custom', `--file=${stand.folder}/dump`, stand.databaseUrl);
  const restore = (): Promise<void> =>
    tool('pg_restore', '--clean', '--no-owner', `--dbname=${stand.databaseUrl}`, `${stand.folder}/dump`);
  /** The service holds `size` leaves. */
  const reached = (size: number): Promise<void> => until(async () => (await viewOf()).size === size, `${size} leaves`);
  const logged = async (one: TestProducer): Promise<void> => {
    told.push(eventLeaf(await one.tell()));
    await reached(told.length);
  };
  const lastOnChains = (): Promise<string[]> =>
    Promise.all(
      stand.anchors.map(async ({ rpc, address, account }) => {
        const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1 });
        const { size, root } = await new CheckpointAnchor(address, provider).last(account, origin);
        provider.destroy();
        return `${size} ${root}`;
      }),
    );

  beforeAll(async () => {
    stand = await startStand();
    bus = await connectBus({ url: stand.natsUrl, name: 'test' });
    records = new TestProducer(bus, 'records');
    bridge = new TestProducer(bus, 'bridge');
    told = [];
    await start();
    for (const one of [records, bridge, bridge, records, records]) await logged(one);
    await anchor();
    await stop();
    await dump();
    await start();
    for (const one of [bridge, records, bridge, bridge, records]) await logged(one);
    tenth = await anchor();
    expect(tenth.anchors.map(({ size, state }) => [size, state])).toEqual([
      [10, 'final'],
      [10, 'final'],
    ]);
    await stop();
    keepJournal();
  }, 120_000);

  afterEach(async () => {
    records.hasNone = bridge.hasNone = false;
    await stop();
    rmSync(journalDir(), { recursive: true, force: true });
    cpSync(join(stand.folder, 'kept'), journalDir(), { recursive: true });
  });
  afterAll(async () => {
    await bus.close();
    await stand.close();
  });

  it('goes on with the same history from the stream', async () => {
    // A slow machine asks them before it has read all of the stream; they are no help.
    records.hasNone = bridge.hasNone = true;
    await restore();
    await start();
    await reached(10);
    expect((await viewOf()).root).toBe(tenth.root);
    const leaves = await (
      await fetch(`${service!.url}/tile/entries/000.p/10`, {
        headers: { authorization: `Bearer ${await stand.identity.token('audit.read')}` },
      })
    ).text();
    expect(told.map((leaf) => leaves.indexOf(leaf)).every((at, i, all) => at > (all[i - 1] ?? 0))).toBe(true);
    await until(async () => (await readiness()).status === 200, 'readiness');
  }, 60_000);

  it('goes on with the same history from its producers where the stream has it no longer, and anchors it', async () => {
    await restore();
    await (await bus.jsm()).streams.purge(eventStream);
    await start();
    expect(await readiness()).toEqual({ status: 503, log: 'down' });
    // The log itself says that it was restored, as the eleventh leaf.
    await reached(11);
    expect(records.asked).toBeGreaterThan(0);
    await until(async () => (await readiness()).status === 200, 'readiness');
    const authorization = `Bearer ${await stand.identity.token('audit.read')}`;
    const trail = await fetch(`${service!.url}/trail?correlation=log-restored`, { headers: { authorization } });
    expect(await trail.text()).toContain('audit.log-caught-up.v1');
    const later = await anchor();
    expect(later.anchors.map(({ size, state }) => [size, state])).toEqual([
      [11, 'final'],
      [11, 'final'],
    ]);
    expect(await lastOnChains()).toEqual([`11 ${later.root}`, `11 ${later.root}`]);
    const answer = await (await fetch(`${service!.url}/proofs/consistency?from=10&to=11`)).json();
    const proof = Consistency.parse(answer).proof.map((hash) => fromHex(hash, 'proof', 32));
    const [old, now] = [tenth, later].map(({ root }) => fromHex(root, 'root', 32));
    expect(tlog.verifyConsistency(10, 11, proof, old!, now!)).toBe(true);
    keepJournal();
  }, 90_000);

  it('does not start without its journal, and exits with 65', async () => {
    await restore();
    rmSync(journalDir(), { recursive: true });
    const child = spawn(process.execPath, [fileURLToPath(new URL('../dist/service.mjs', import.meta.url))], {
      env: environment({ LOG_LEVEL: 'info' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let lines = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (lines += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(lines).toContain('journal-missing');
    expect(lines).toContain('ACCEPTED_LOG_SIZE=5');
    expect(code).toBe(65);
  }, 60_000);

  it('stands still and says so where an operator believed it all the same', async () => {
    await restore();
    renameSync(journalDir(), join(stand.folder, 'lost'));
    const before = await lastOnChains();
    await start({ ACCEPTED_LOG_SIZE: '5' });
    const { standing } = service!.app.get(AuditLog, { strict: false });
    // It stands still as soon as one chain was heard, or would sign once both were.
    await until(() => Promise.resolve(standing.stopped !== null || standing.maySign), 'word of the chains');
    expect(standing.stopped?.code).toBe('log-behind');
    for (const one of [records, bridge]) await one.tell();
    expect(await readiness()).toEqual({ status: 503, log: 'down' });
    const refused = await fetch(`${service!.url}/anchor`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await stand.identity.token('audit.operate')}` },
    });
    expect(await refused.json()).toMatchObject({ code: 'log-behind' });
    expect((await viewOf()).size).toBe(5);
    expect(await lastOnChains()).toEqual(before);
    expect(auditService.stopCode!(service!.app)).toBe(65);
    rmSync(join(stand.folder, 'lost'), { recursive: true });
  }, 60_000);
});

async function until(fact: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error(`no ${what} in time`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
