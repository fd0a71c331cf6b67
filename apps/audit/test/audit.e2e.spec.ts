import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes, randomUUID } from 'node:crypto';
import { connectBus, BusRequests, type Bus } from '@cpds/bus';
import { Policy, verify } from '@cpds/audit-verifier';
import { fromHex, utf8 } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { testNats, testPostgres } from '@cpds/local';
import {
  type EventEnvelope,
  eventLeaf,
  eventLeafHash,
  events,
  InclusionAnswer,
  InclusionQuery,
  LogView,
  operatorEventSubject,
  operatorReceiptSubject,
  LeavesAnswer,
  LeavesQuery,
  leavesRequest,
  ReceiptAnswer,
  Receipted,
  ReceiptQuery,
  receiptRequest,
  receiptSubject,
  Trail,
} from '@cpds/messages';
import { readConfig, runService, type RunningService } from '@cpds/service';
import { auditConfig } from '../src/config.js';
import { Journal } from '../src/log/journal.js';
import { auditService } from '../src/service.js';
import { type AnchorPlace, origin, type Stand, startStand, TestIdentity } from './stand.js';

describe('the audit service', () => {
  let stand: Stand;
  let bus: Bus;
  let identity: TestIdentity;
  let service: RunningService;
  let environment: Record<string, string>;
  let anchors: AnchorPlace[];
  const sent: EventEnvelope[] = [];

  const start = async (party: string, over: Record<string, string> = {}): Promise<RunningService> =>
    runService(auditService, readConfig(auditConfig, { ...environment, PARTY: party, ...over }));
  const get = async (path: string, token?: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${service.url}/${path}`, {
      ...init,
      headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    });
  const publish = async (
    type: string,
    producer: string,
    correlation: string,
    over: Partial<EventEnvelope> = {},
  ): Promise<EventEnvelope> => {
    const event: EventEnvelope = {
      id: randomUUID(),
      type,
      producer,
      seq: sent.filter((other) => other.producer === producer).length + 1,
      at: new Date().toISOString(),
      correlation,
      salt: `0x${randomBytes(32).toString('hex')}`,
      details: {},
      ...over,
    };
    sent.push(event);
    const subject = producer.includes('.') ? type : operatorEventSubject(producer);
    await bus.js.publish(subject, JSON.stringify(event), { msgID: event.id });
    return event;
  };

  beforeAll(async () => {
    stand = await startStand();
    ({ identity, environment, anchors } = stand);
    bus = await connectBus({ url: stand.natsUrl, name: 'test' });
    service = await start('north');
  }, 120_000);

  afterAll(async () => {
    await service.close();
    await bus.close();
    await stand.close();
  });

  it('receipts an event at once', async () => {
    const heard = new Promise<Receipted>((resolve) => {
      const subscription = bus.subscribe(receiptSubject, ({ body }) => {
        const receipt = Receipted.parse(body);
        if (receipt.producer !== 'records.north') return;
        subscription.unsubscribe();
        resolve(receipt);
      });
    });
    const stored = await publish('records.object-stored.v1', 'records.north', 'request-1');
    const leaf = eventLeafHash(stored);
    expect(await heard).toEqual({ producer: 'records.north', throughSeq: 1, leaf, treeSize: 1 });
    const query = { producer: 'records.north', seq: 1, leaf };
    const asked = new BusRequests(bus).ask(receiptRequest, ReceiptQuery, ReceiptAnswer, query);
    expect(await asked).toEqual({ ...query, throughSeq: 1, treeSize: 1 });
  });

  it('anchors on both chains, and proves an entry under the anchored checkpoint', async () => {
    const enrolled = await publish(events.patientEnrolled, 'identity.north', 'request-2');
    await receipted('identity.north', 1);
    const answer = await get('anchor', await identity.token('audit.operate'), { method: 'POST' });
    const view = LogView.parse(await answer.json());
    expect(view.anchors.map((anchor) => [anchor.chain, anchor.state, anchor.size])).toEqual([
      ['hub', 'final', 2],
      ['north', 'final', 2],
    ]);
    const found = await new BusRequests(bus).ask('audit.inclusion', InclusionQuery, InclusionAnswer, {
      producer: 'identity.north',
      seq: 1,
      anchored: true,
    });
    expect(found?.leaf).toBe(eventLeaf(enrolled));
    const { size, root } = tlog.parseCheckpoint(found!.checkpoint.split('\n\n')[0]! + '\n');
    const path = found!.proof.map((hash) => fromHex(hash, 'proof', 32));
    expect(tlog.verifyInclusion(tlog.leafHash(utf8(found!.leaf)), found!.leafIndex, size, path, root)).toBe(true);
  }, 90_000);

  it('shows hashes to everyone and entries to auditors only', async () => {
    expect((await get('checkpoint')).status).toBe(200);
    expect((await (await get('tile/0/000.p/2')).arrayBuffer()).byteLength).toBe(64);
    expect((await get('tile/0/000.p/3')).status).toBe(404);
    expect((await get('tile/0/000')).status).toBe(404);
    expect((await get('tile/0/0')).status).toBe(400);
    expect((await get('proofs/consistency?from=1&to=2')).status).toBe(200);
    const paths = [
      'tile/entries/000.p/2',
      'proofs/inclusion?producer=records.north&seq=1',
      'trail?correlation=request-1',
      'stream',
    ];
    for (const path of paths) {
      expect((await get(path)).status).toBe(401);
      expect((await get(path, await identity.token('records.read'))).status).toBe(403);
      expect((await get(path, await identity.token('audit.read', 'south'))).status).toBe(401);
    }
    const refused = await get('anchor', await identity.token('audit.read'), { method: 'POST' });
    expect(await refused.json()).toMatchObject({ status: 403, code: 'scope-missing' });
    const bad = await get('proofs/consistency?from=2&to=1');
    expect(await bad.json()).toMatchObject({ status: 400, field: 'from' });
    const trail = Trail.parse(await (await get(paths[2]!, await identity.token('audit.read'))).json());
    expect(trail.entries).toEqual([{ leafIndex: 0, leaf: eventLeaf(sent[0]!) }]);
  });

  it('holds before an auditor who has a policy and nothing else', async () => {
    const { verifierKey } = LogView.parse(await (await get('log')).json());
    const log = { party: 'north', origin, verifierKey, url: service.url, token: await identity.token('audit.read') };
    const result = await verify(Policy.parse({ logs: [log], anchors }));
    expect(result.discrepancies).toEqual([]);
    expect(result.logs[0]).toMatchObject({ size: 2, entries: 2, verified: true });
    expect(result.logs[0]!.anchors.map((anchor) => anchor.size)).toEqual([2, 2]);
    expect(result.logs[0]!.anchors.every((anchor) => anchor.transaction !== null)).toBe(true);
  });

  it('streams what comes, and goes on where a reader left off', async () => {
    const token = await identity.token('audit.read');
    const first = await readStream(await get('stream?from=1', token), 1);
    expect(first).toEqual([[1, eventLeaf(sent[1]!)]]);
    const later = get('stream', token, { headers: { 'last-event-id': '1' } });
    const third = await publish('bridge.consented.v1', 'bridge.north', 'request-3');
    expect(await readStream(await later, 1)).toEqual([[2, eventLeaf(third)]]);
  });

  it('goes on after a restart, and anchors nothing without a new entry', async () => {
    const operate = await identity.token('audit.operate');
    const before = LogView.parse(await (await get('anchor', operate, { method: 'POST' })).json());
    await service.close();
    service = await start('north');
    await publish('records.object-read.v1', 'records.north', 'request-4');
    await receipted('records.north', 2);
    expect(LogView.parse(await (await get('log')).json()).size).toBe(before.size + 1);
    const after = LogView.parse(await (await get('anchor', operate, { method: 'POST' })).json());
    const again = LogView.parse(await (await get('anchor', operate, { method: 'POST' })).json());
    expect(after.anchors.map((anchor) => anchor.size)).toEqual([4, 4]);
    expect(again.anchors).toEqual(after.anchors);
  }, 90_000);

  it('erases a person for whoever has the scope for it alone, with a reason, and a leaf says so', async () => {
    const person = randomUUID();
    const erase = async (query: string, scope: string) =>
      get(`persons/${person}/details-key${query}`, await identity.token(scope), { method: 'DELETE' });
    for (const scope of ['audit.operate', 'audit.read', 'audit.read audit.operate'])
      expect((await erase('?reason=patient-asked', scope)).status).toBe(403);
    for (const query of ['', '?reason=because', '?reason=patient-asked&reference=Jane%20Doe'])
      expect((await erase(query, 'audit.erase')).status).toBe(400);
    expect((await erase('?reason=patient-asked', 'audit.erase')).status).toBe(404);
    const size = async () => LogView.parse(await (await get('log')).json()).size;
    const before = await size();
    await publish('records.object-read.v1', 'records.north', 'request-5', { person });
    await receipted('records.north', 3);
    expect((await erase('?reason=patient-asked&reference=2026/17', 'audit.erase')).status).toBe(204);
    expect(await size()).toBe(before + 2);
    await receipted('audit.north', 1);
  });

  async function receipted(producer: string, seq: number): Promise<void> {
    for (const until = Date.now() + 10_000; ;) {
      const query = { producer, seqs: [] };
      const receipt = await new BusRequests(bus).ask(leavesRequest, LeavesQuery, LeavesAnswer, query);
      if (receipt.throughSeq >= seq) return;
      if (Date.now() > until) throw new Error(`no receipt of ${producer} ${seq}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});

describe("the hub's audit service", () => {
  it('takes role nodes by their subject, and auditors of every hospital', async () => {
    const [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
    const [north, south] = await Promise.all([new TestIdentity().start(), new TestIdentity().start()]);
    const folder = mkdtempSync(join(tmpdir(), 'cpds-audit-'));
    const keyFile = join(folder, 'keys.json');
    writeFileSync(keyFile, JSON.stringify({ kek: 'aa'.repeat(32), log: 'bb'.repeat(32), gas: 'cc'.repeat(32) }), {
      mode: 0o600,
    });
    // A log that has begun does not wait for its chains; this one has a journal that says so.
    const signer = tlog.noteSigner('cpds/hub/audit', new Uint8Array(32).fill(0xbb));
    const begun = tlog.signCheckpoint({ origin: signer.name, size: 0, root: tlog.emptyRoot() }, signer);
    const journal = await Journal.open(
      join(folder, 'journal'),
      [tlog.verifierOf(signer)],
      new KeyRing(new Uint8Array(32).fill(0xaa)),
    );
    await journal.write({ from: 0, hashes: [], checkpoint: begun });
    const service = await runService(
      auditService,
      readConfig(auditConfig, {
        PARTY: 'hub',
        JOURNAL_DIR: join(folder, 'journal'),
        PORT: '0',
        LOG_LEVEL: 'silent',
        KEY_FILE: keyFile,
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        TOKEN_ISSUERS: JSON.stringify({ north: north.url, south: south.url }),
        CHAINS: JSON.stringify({ hub: ['http://127.0.0.1:9'] }),
        OWN_CHAIN: 'hub',
        HUB_CHAIN_REGISTRY: `0x${'11'.repeat(20)}`,
        HUB_CHECKPOINT_ANCHOR: `0x${'22'.repeat(20)}`,
      }),
    );
    const bus = await connectBus({ url: nats.url, name: 'test' });
    try {
      const heard = new Promise<unknown>((resolve) => {
        bus.subscribe(operatorReceiptSubject('voucher-1'), ({ body }) => resolve(body));
      });
      const event = {
        id: randomUUID(),
        type: events.vouchSent,
        producer: 'voucher-1',
        seq: 1,
        at: new Date().toISOString(),
        correlation: `0x${'ab'.repeat(32)}`,
        salt: `0x${'00'.repeat(32)}`,
        details: {},
      };
      await bus.js.publish(operatorEventSubject('voucher-1'), JSON.stringify(event));
      expect(await heard).toEqual({
        producer: 'voucher-1',
        throughSeq: 1,
        leaf: eventLeafHash(event),
        treeSize: 1,
      });
      // Another operator's name on its own subject: refused with an alarm.
      await bus.js.publish(operatorEventSubject('voucher-2'), JSON.stringify({ ...event, seq: 2 }));
      for (const [party, identity] of [
        ['north', north],
        ['south', south],
      ] as const) {
        const headers = { authorization: `Bearer ${await identity.token('audit.read', party)}` };
        expect((await fetch(`${service.url}/tile/entries/000.p/1`, { headers })).status).toBe(200);
        // What a hospital gave its auditors for its own log is not good here.
        const operating = `Bearer ${await identity.token('audit.read audit.operate audit.erase', party)}`;
        for (const [method, path] of [
          ['DELETE', `persons/${randomUUID()}/details-key?reason=patient-asked&reference=1`],
          ['POST', 'anchor'],
        ] as const) {
          const answer = await fetch(`${service.url}/${path}`, { method, headers: { authorization: operating } });
          expect({ path, status: answer.status, body: await answer.json() }).toMatchObject({
            path,
            status: 403,
            body: { code: 'scope-missing' },
          });
        }
      }
      const stranger = await new TestIdentity().start();
      const headers = { authorization: `Bearer ${await stranger.token('audit.read')}` };
      expect((await fetch(`${service.url}/tile/entries/000.p/1`, { headers })).status).toBe(401);
      await stranger.close();
      const tail = await fetch(`${service.url}/stream?from=1`, {
        headers: { authorization: `Bearer ${await north.token('audit.read')}` },
      });
      const [[index, leaf]] = (await readStream(tail, 1)) as [[number, string]];
      expect([index, leaf]).toEqual([1, expect.stringContaining(events.messageRefused)]);
    } finally {
      await bus.close();
      await service.close();
      await Promise.all([postgres.close(), nats.close(), north.close(), south.close()]);
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});

/** Reads the first `count` entries of a server-sent event stream, then closes it. */
async function readStream(response: Response, count: number): Promise<[number, string][]> {
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const entries: [number, string][] = [];
  let text = '';
  for await (const chunk of response.body!) {
    text += new TextDecoder().decode(chunk as Uint8Array);
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const match = /^id: (\d+)\nevent: entry\ndata: (.*)$/.exec(block);
      if (match !== null) entries.push([Number(match[1]), match[2]!]);
    }
    if (entries.length >= count) break;
  }
  return entries;
}
