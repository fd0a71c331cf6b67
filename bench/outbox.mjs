// `npm run bench -- outbox [events]`: how long an event takes to commit while others wait for an audit service that is away
// (default 100,000), beside an outbox in which none waits. Both on servers as `npm start` puts them up, each with its relay.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { BusRequests, connectBus, ensureEventStream, hospitalEventSubjects, inboxPrefixOf } from '@cpds/bus';
import { KeyRing } from '@cpds/crypto/custody';
import { Consortium } from '@cpds/local';
import { anchoredSubject, appendedSubject, events, outboxAgreed, receiptSubject } from '@cpds/messages';
import { Agreement, Numbered, Outbox, outboxMigrations, Receipts, Relay } from '@cpds/outbox';
import { Leases, openStore, UnitOfWork } from '@cpds/store';
import { keep, measured, row } from './harness.mjs';

const rounds = 30;
/** Appends of one round. */
const batch = 20;

export async function run([count = '100000']) {
  const waiting = Number(count);
  const dir = mkdtempSync(join(tmpdir(), 'cpds-bench-'));
  const consortium = await Consortium.start({ dir, report: console.error, until: 'launcher-and-data' });
  const full = await openProducer(consortium, 'north', waiting);
  const empty = await openProducer(consortium, 'south', 0);
  const rows = [];
  const compare = async (name, append) => {
    const contender = (producer) => {
      const round = async () => {
        const start = performance.now();
        await append(producer);
        return (performance.now() - start) / batch;
      };
      return { warmUp: round, round };
    };
    const { ours, peer } = await measured({ rounds }, { ours: contender(full), peer: contender(empty) });
    rows.push(row({ name, unit: 'ms', ours, peer, peerName: 'an outbox in which none waits' }));
  };
  await compare('append an event', async ({ append }) => {
    for (let at = 0; at < batch; at++) await append();
  });
  await compare('append an event, twenty at once', ({ append }) => Promise.all(Array.from({ length: batch }, append)));
  await Promise.all([full.stop(), empty.stop()]);
  await consortium.stop();
  keep('outbox', rows, [
    `${waiting} events wait, published and without a receipt: audit is away. Real Postgres and NATS, both syncing to disk.`,
    `By the clock; median of ${rounds} interleaved rounds of ${batch} events.`,
  ]);
}

/** records of a hospital, as far as its outbox goes. */
async function openProducer(consortium, party, waiting) {
  const producer = `records.${party}`;
  const store = await openStore({ url: consortium.servers.databases[producer], migrations: outboxMigrations });
  const unitOfWork = new UnitOfWork(store);
  const bus = await connectBus({
    url: consortium.servers.nats[party],
    name: producer,
    nkeySeed: readFileSync(consortium.secrets.nkey(producer).path, 'utf8').trim(),
    inboxPrefix: inboxPrefixOf('records'),
  });
  await ensureEventStream(await bus.jsm(), hospitalEventSubjects);
  const outbox = new Outbox(producer, new KeyRing(new Uint8Array(32).fill(1)));
  const body = { correlation: 'bench', person: randomUUID(), details: { by: 'service:records', bytes: 1 } };
  const append = () => unitOfWork.run((tx) => outbox.append(tx, events.cohortMinted, body));
  if (waiting > 0) await fill(store, producer, await append(), outbox, waiting);
  const onError = console.error;
  const requests = new BusRequests(bus);
  const numbered = new Numbered(unitOfWork, outbox);
  const agreement = new Agreement(unitOfWork, requests, outbox, numbered, { agreed: outboxAgreed('records'), onError });
  const receipts = new Receipts(unitOfWork, bus, requests, numbered, agreement, {
    receipts: receiptSubject,
    anchors: anchoredSubject,
    onError,
  });
  const relay = new Relay(unitOfWork, new Leases(store), bus, outbox, numbered, agreement, receipts, {
    producer,
    consumers: [],
    subjectOf: (event) => event.type,
    appended: appendedSubject('records'),
    mayInspect: true,
    onError,
  });
  await receipts.start();
  relay.start();
  const stop = async () => {
    receipts.stop();
    await relay.stop();
    await bus.close();
    await store.destroy();
  };
  return { append, stop };
}

/** Rows like the first one, all of them published. */
async function fill(store, producer, first, outbox, waiting) {
  await store.query(
    `INSERT INTO outbox (producer, seq, envelope, leaf, stream_seq)
     SELECT $1, seq, $2, sha256(seq::text::bytea), seq FROM generate_series(2, $3::int) AS seq`,
    [producer, outbox.write(first), waiting],
  );
  await store.query('UPDATE outbox_counter SET last_seq = $2 WHERE producer = $1', [producer, waiting]);
  await store.query('INSERT INTO outbox_relay (producer, published_seq) VALUES ($1, $2)', [producer, waiting]);
  await store.query('ANALYZE');
}
