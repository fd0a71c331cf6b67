import { chainEntities, ChainFollower, chainMigrations, type ChainReader, chainRetention, Sender } from '@cpds/chain';
import { compressed, G } from '@cpds/crypto/curve';
import { testPostgres } from '@cpds/local';
import { outboxRetention } from '@cpds/outbox';
import { Metrics, type Tables } from '@cpds/service';
import { Leases, openStore, Pruning, type Retention, UnitOfWork } from '@cpds/store';
import { computeAddress } from 'ethers';
import type { DataSource, Logger } from 'typeorm';
import { AnchorFigures } from '../../apps/audit/src/anchors/anchor-figures.js';
import { Anchors } from '../../apps/audit/src/anchors/anchors.service.js';
import { LogReader } from '../../apps/audit/src/log/log.reader.js';
import { MessageKey } from '../../apps/bridge/src/datagrams/datagram.js';
import { DatagramFigures } from '../../apps/bridge/src/datagrams/datagram-figures.js';
import { DatagramsService } from '../../apps/bridge/src/datagrams/datagrams.service.js';
import { TransferFigures } from '../../apps/bridge/src/transfers/transfer-figures.js';
import { TransfersService } from '../../apps/bridge/src/transfers/transfers.service.js';
import { ClientsService } from '../../apps/identity/src/clients/clients.service.js';
import { CliniciansService } from '../../apps/identity/src/clinicians/clinicians.service.js';
import { DepartmentsService } from '../../apps/identity/src/departments/departments.service.js';
import { KeyedHash } from '../../apps/identity/src/hashes/keyed-hash.js';
import { PatientsService } from '../../apps/identity/src/patients/patients.service.js';
import { TokensService } from '../../apps/identity/src/tokens/tokens.service.js';
import { CohortRow } from '../../apps/records/src/deeds/deed.row.js';
import { DeedsService } from '../../apps/records/src/deeds/deeds.service.js';
import { oldestPending } from '../../apps/records/src/deeds/pending-deeds.js';
import { ExchangeService } from '../../apps/records/src/exchange/exchange.service.js';
import type { AgeIdentities } from '../../apps/records/src/objects/age-identities.js';
import { PendingObjects } from '../../apps/records/src/objects/pending-objects.js';
import { OpeningsService } from '../../apps/records/src/openings/openings.service.js';
import { WithdrawalNotices } from '../../apps/records/src/openings/withdrawal-notices.js';
import { ReEncryptions } from '../../apps/records/src/records/re-encryptions.js';
import { RetiredObjects } from '../../apps/records/src/records/retired-objects.js';
import { KeyRotations } from '../../apps/records/src/rotations/key-rotations.service.js';
import { Scrubs } from '../../apps/records/src/scrubs/scrubs.service.js';
import { retentionOf, tablesOf } from '../docs/retention.js';

/** With 100,000 rows in each table, what runs on a timer and what everybody may ask costs as little as with ten. */

const rows = 100_000;
/** Cost of a plan in Postgres's units, a page read in order being 1. Reading one of the tables whole costs more than 1,000. */
const mostCost = 900;
/** The same for a batch of 1,000 rows that are deleted. */
const mostBatchCost = 20_000;

/** Tables that have one row, or one for each producer or follower, and are read whole. */
const small = ['log', 'producer', 'derivation_root', 'outbox_counter', 'outbox_relay', 'chain_cursor', 'migrations'];

/** The database of tables that several services have: they are filled here and nowhere else. */
const shared = 'every service';
const databases: Readonly<Record<string, Tables>> = {
  [shared]: { entities: chainEntities, migrations: chainMigrations, retention: chainRetention },
  ...tablesOf,
};
const linesOf = (database: string): readonly Retention[] =>
  database === shared ? [...retentionOf(database), ...chainRetention] : retentionOf(database);
const sharedTables: ReadonlySet<string> = new Set(linesOf(shared).map(({ table }) => table));
/** `libs/outbox/src/outbox.integration.spec.ts` fills these and runs relay, receipts and inbox over them. */
const filledElsewhere: ReadonlySet<string> = new Set(outboxRetention.map(({ table }) => table));

/** The tables that are filled in a database, as their lines of retention. */
const filledIn = (database: string): readonly Retention[] =>
  linesOf(database).filter(
    ({ table }) =>
      !small.includes(table) && !filledElsewhere.has(table) && (database === shared || !sharedTables.has(table)),
  );

/** The age identity of records, and of each row: a few are still sealed for a former one. */
const current = 'age1newest';
const recipient = `CASE i % 1000 WHEN 0 THEN 'age1former' ELSE '${current}' END`;

/** What a table looks like after years, where a column is not filled with ever other values. `i` runs from 1. */
const shapes: Record<string, Record<string, string>> = {
  anchor: {
    chain: `CASE i % 2 WHEN 0 THEN 'hub' ELSE 'own' END`,
    // The newest half never came about: the last final one lies far behind.
    state: `CASE WHEN i <= ${rows / 2} THEN 'final' ELSE 'failed' END`,
  },
  transfer: {
    role: `'A'`,
    state: `CASE i % 1000 WHEN 0 THEN 'requested' ELSE 'closed' END`,
    check_at: `CASE i % 1000 WHEN 0 THEN now() + i * interval '1 second' END`,
  },
  // One account that sends all that a service ever sent; the last hundred are under way.
  chain_transaction: {
    chain_uid: `'chain'`,
    account: `'${computeAddress(`0x${'11'.repeat(32)}`).toLowerCase()}'`,
    state: `CASE WHEN i > ${rows - 100} THEN 'sent' ELSE 'final' END`,
  },
  outgoing_datagram: {
    state: `CASE i % 1000 WHEN 0 THEN 'open' ELSE 'answered' END`,
    next_at: `CASE i % 1000 WHEN 0 THEN now() + i * interval '1 second' ELSE now() - i * interval '10 minutes' END`,
  },
  cohort: { state: `'final'` },
  // Wallets are many, backends few.
  client: {
    kind: `CASE i % 1000 WHEN 0 THEN 'backend' ELSE 'wallet' END`,
    jwk: `'{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}'`,
  },
  record: {
    patient_id: `CASE WHEN i <= 50 THEN '${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}' ELSE md5(i::text)::uuid::text END::uuid`,
  },
  object: {
    is_current: 'i <= 50',
    record_id: 'md5(i::text)::uuid',
    recipient,
    rewrap_due_at: `now() + interval '1 hour'`,
  },
  opening: { recipient, rewrap_due_at: `now() + interval '1 hour'` },
  withdrawal_notice: { answered_at: 'CASE WHEN i % 1000 > 0 THEN now() END', due_at: `now() + interval '1 hour'` },
  key_rotation: { recipient: `'${current}'`, ended_at: `CASE WHEN i > 1 THEN now() END` },
  deed: { view_tag: '7' },
  // These are looked at each minute, so few are ever old.
  pending_object: { begun_at: 'now()', swept_at: 'NULL' },
  fetch_nonce: { expires: `now() + i * interval '1 second'` },
  ended_grant: { ended_at: 'now()' },
  re_encryption: { done_at: 'now()' },
};

const patient = `${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`;

/** A value of each type that differs from row to row. */
const values: Record<string, string> = {
  text: 'i::text',
  uuid: 'md5(i::text)::uuid',
  bytea: `decode(md5(i::text), 'hex')`,
  integer: 'i',
  bigint: 'i',
  smallint: 'i % 256',
  numeric: 'i',
  boolean: 'false',
  'timestamp with time zone': `now() - i * interval '10 minutes'`,
  jsonb: `'{}'`,
  ARRAY: `'{}'`,
  character: `'A'`,
};

/**
 * Fills tables. Constraints of values and references go first: plans do not look at them. Indexes are made when the rows
 * are there, which costs a third of keeping them up to date row by row.
 */
async function fill(store: DataSource, tables: readonly string[]): Promise<void> {
  const constraints = (await store.query(
    `SELECT conrelid::regclass::text AS of, conname AS name FROM pg_constraint
     WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace ORDER BY contype DESC`,
  )) as { of: string; name: string }[];
  const columns = (await store.query(
    `SELECT table_name AS of, column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND is_identity = 'NO' AND table_name = ANY ($1)`,
    [tables],
  )) as { of: string; name: string; type: string }[];
  const indexes = (await store.query(
    `SELECT indrelid::regclass::text AS of, indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made,
            EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) AS "isOfConstraint"
     FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[])`,
    [tables],
  )) as { of: string; name: string; made: string; isOfConstraint: boolean }[];
  await store.query(constraints.map(({ of, name }) => `ALTER TABLE ${of} DROP CONSTRAINT "${name}"`).join(';'));
  for (const table of tables) {
    const own = columns.filter(({ of }) => of === table);
    const itsIndexes = indexes.filter(({ of }) => of === table);
    const filled = own.map(({ name, type }) => shapes[table]?.[name] ?? values[type] ?? `no value for ${type}`);
    await store.query(
      [
        ...itsIndexes.map(({ name, isOfConstraint }) =>
          isOfConstraint ? `ALTER TABLE "${table}" DROP CONSTRAINT ${name}` : `DROP INDEX ${name}`,
        ),
        // Nothing here outlives the test, so nothing waits for the disk.
        `ALTER TABLE "${table}" SET UNLOGGED`,
        `INSERT INTO "${table}" (${own.map(({ name }) => `"${name}"`).join(', ')})
         SELECT ${filled.join(', ')} FROM generate_series(1, ${rows}) AS i`,
        ...itsIndexes.map(({ made }) => made),
        // Enough for these plans, at a tenth of the price.
        'SET LOCAL default_statistics_target = 10',
        `ANALYZE "${table}"`,
      ].join(';'),
    );
  }
}

interface Asked {
  readonly sql: string;
  readonly parameters: unknown[];
}

/** The statements that `work` sends. */
async function askedBy(store: DataSource, work: () => Promise<unknown>): Promise<Asked[]> {
  const asked: Asked[] = [];
  const nothing = (): undefined => undefined;
  const before = store.logger;
  const listening: Logger = {
    logQuery: (sql, parameters) => void asked.push({ sql, parameters: (parameters as unknown[] | undefined) ?? [] }),
    logQueryError: nothing,
    logQuerySlow: nothing,
    logSchemaBuild: nothing,
    logMigration: nothing,
    log: nothing,
  };
  store.logger = listening;
  try {
    await work();
  } finally {
    store.logger = before;
  }
  return asked.filter(({ sql }) => /^\s*(SELECT|WITH|UPDATE|DELETE|INSERT)/i.test(sql));
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Total Cost': number;
  Plans?: Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Statements that read a large table whole, or cost more than `most`. */
async function costly(store: DataSource, asked: readonly Asked[], most: number): Promise<string[]> {
  const found: string[] = [];
  for (const { sql, parameters } of asked) {
    const [{ 'QUERY PLAN': plans }] = (await store.query(`EXPLAIN (FORMAT JSON) ${sql}`, parameters)) as [
      { 'QUERY PLAN': [{ Plan: Plan }] },
    ];
    const plan = plans[0].Plan;
    const whole = nodesOf(plan)
      .filter((node) => node['Node Type'] === 'Seq Scan' && !small.includes(node['Relation Name'] ?? ''))
      .map((node) => `reads ${node['Relation Name']} whole: ${sql}`);
    const cost = plan['Total Cost'] > most ? [`costs ${plan['Total Cost']}: ${sql}`] : [];
    found.push(...whole, ...cost);
  }
  return found;
}

const none = {} as never;
const fail = (error: unknown): never => {
  throw error;
};
const running = new AbortController().signal;

type Work = (store: DataSource, unitOfWork: UnitOfWork) => unknown;

/** A service with what it is made of, in the order of its constructor; what is missing is not called. */
function made<T>(service: new (...parts: never[]) => T, ...parts: readonly unknown[]): T {
  return Reflect.construct(service, parts) as T;
}

const hashes = new KeyedHash(new Uint8Array(32));
const identifier = { system: 'urn:oid:1.2.3', value: '7' };
const untold = { commit: () => Promise.resolve(), tell: () => Promise.resolve() };

/** A chain on which the sender's transactions are final at once. */
class ReadyChain {
  readonly chainUid = 'chain';
  readonly name = 'chain';
  readonly chainId = 1n;
  private readonly final = { number: 100, hash: 'hash', timestamp: 0 };
  private listener: (snapshot: unknown) => Promise<void> = () => Promise.resolve();

  watch(listener: (snapshot: unknown) => Promise<void>): () => void {
    this.listener = listener;
    return () => undefined;
  }
  head(): Promise<void> {
    return this.listener({ final: this.final, head: this.final });
  }
  snapshot = (): Promise<unknown> => Promise.resolve({ final: this.final, head: this.final });
  blockAt = (): Promise<unknown> => Promise.resolve(this.final);
  logs = (): Promise<unknown[]> => Promise.resolve([{ blockHash: 'hash', logIndex: 0 }]);
  transactionCount = (): Promise<number> => Promise.resolve(0);
  broadcast = (): Promise<void> => Promise.resolve();
  receipt = (): Promise<unknown> =>
    Promise.resolve({ blockNumber: 1, blockHash: 'hash', succeeded: true, gasUsed: 21_000 });
  request = (method: string): Promise<unknown> =>
    Promise.resolve(method === 'eth_getBlockByNumber' ? { baseFeePerGas: '0x1' } : '0x5208');

  get reader(): ChainReader {
    return this as unknown as ChainReader;
  }
}

/** Asks for figures as Prometheus does every few seconds. */
function figures(keep: (metrics: Metrics) => void): Promise<string> {
  const metrics = new Metrics('a service', 'north', fail);
  keep(metrics);
  return metrics.registry.metrics();
}

/** What each service does on a timer, or for whoever asks. */
const works: Record<string, Record<string, Work>> = {
  [shared]: {
    'send, look after and settle transactions': async (store, unitOfWork) => {
      const chain = new ReadyChain();
      const sender = new Sender({
        reader: chain.reader,
        unitOfWork,
        leases: new Leases(store),
        privateKey: `0x${'11'.repeat(32)}`,
        onError: fail,
      });
      await sender.start();
      await sender.submit(`new ${Date.now()}`, { to: `0x${'22'.repeat(20)}`, data: '0x' });
      await chain.head();
      await sender.stop();
    },
    'follow a chain': async (_, unitOfWork) => {
      const follower = new ChainFollower({
        name: 'follower',
        reader: new ReadyChain().reader,
        unitOfWork,
        filter: {},
        onFinal: () => Promise.resolve(),
      } as never);
      await follower.start();
      await follower.stop();
    },
  },
  audit: {
    'look for what to anchor': (_, unitOfWork) => {
      const anchors = new Anchors(unitOfWork, new LogReader(unitOfWork), log, anchorOptions);
      const sender = { enqueue: async () => undefined } as never;
      anchors.serve({ chain: 'hub', sender, callOf: () => none, compare: () => Promise.resolve() });
      anchors.start();
      return anchors.stop();
    },
    'describe the log': (_, unitOfWork) => anchorsOf(unitOfWork).views(),
    'look for an entry that waits for its anchor': (_, unitOfWork) => anchorsOf(unitOfWork).assertNotLate(1e12),
    'answer for figures': (_, unitOfWork) =>
      figures((metrics) => new AnchorFigures(metrics, unitOfWork, anchorOptions)),
    'find the anchor that covers an entry': (_, unitOfWork) => anchorsOf(unitOfWork).firstCovering(5),
  },
  bridge: {
    'look for transfers that are due': (_, unitOfWork) =>
      new TransfersService(unitOfWork, none).due(100, { ids: [], chains: [] }),
    'answer for figures': (_, unitOfWork) =>
      figures((metrics) => {
        new TransferFigures(metrics, unitOfWork);
        new DatagramFigures(metrics, unitOfWork);
      }),
    'send datagrams that are due': async (_, unitOfWork) => {
      const bus = { subscribe: () => ({ unsubscribe: () => undefined }) } as never;
      const consortium = { self: 'north' } as never;
      const key = new MessageKey(new Uint8Array(32).fill(1));
      const datagrams = new DatagramsService(unitOfWork, none, bus, consortium, key, { onError: fail });
      datagrams.start({});
      await datagrams.beforeApplicationShutdown();
    },
  },
  identity: {
    'list backends': (_, unitOfWork) => made(ClientsService, unitOfWork).list({ kind: 'backend', after: '' }),
    'list departments': (_, unitOfWork) => made(DepartmentsService, unitOfWork).list({ after: '' }),
    'list clinicians': (_, unitOfWork) => made(CliniciansService, unitOfWork).list({ after: patient }),
    'list the clinicians of a department': (_, unitOfWork) =>
      made(CliniciansService, unitOfWork).list({ departmentId: patient, after: patient }),
    'list wallets': (_, unitOfWork) => made(ClientsService, unitOfWork).list({ kind: 'wallet', after: '5' }),
    'find and disable a client': async (_, unitOfWork) => {
      const clients = made(ClientsService, unitOfWork);
      await clients.find('7');
      await unitOfWork.run((tx) => clients.within(tx, '7'));
    },
    'use an assertion up': (_, unitOfWork) => {
      const tokens = made(TokensService) as unknown as { useUp(tx: unknown, assertion: object): Promise<void> };
      return unitOfWork.run((tx) => tokens.useUp(tx, { clientId: 'new', jti: String(Date.now()), expiresAt: 7 }));
    },
    'find patients by identifier, value and pseudonym': async (_, unitOfWork) => {
      const patients = made(PatientsService, unitOfWork, untold, none, none, none, hashes);
      await patients.namedBy([identifier, { value: '7' }, { patientId: patient }] as never);
      await patients.matchEnrolled(identifier as never);
      await patients.patient(patient);
    },
    'find a clinician with the department': async (_, unitOfWork) => {
      await made(CliniciansService, unitOfWork).find(patient);
      await made(DepartmentsService, unitOfWork).find(patient);
    },
  },
  records: {
    'look for deeds that wait': (_, unitOfWork) => unitOfWork.run((tx) => oldestPending(tx, 1_000)),
    'look for cohorts under way': (_, unitOfWork) => unitOfWork.reader.findBy(CohortRow, { state: 'assembled' }),
    'seal anew': (_, unitOfWork) => new ReEncryptions(unitOfWork, none, { onError: fail }).workOff(running),
    'forget what was sealed anew': (_, unitOfWork) => new ReEncryptions(unitOfWork, none, { onError: fail }).prune(),
    'remove retired objects': (_, unitOfWork) => new RetiredObjects(unitOfWork, none, none, none).workOff(running),
    'sweep objects': (_, unitOfWork) => new PendingObjects(unitOfWork, none, { onError: fail }).sweep(3_600_000),
    'forget nonces': (_, unitOfWork) => made(ExchangeService, unitOfWork).pruneNonces(),
    'forget ended grants': (_, unitOfWork) => made(OpeningsService, unitOfWork).pruneEnds(3_600_000),
    'look for rows that are sealed for a former identity': (_, unitOfWork) => {
      const identities = { recipient: current, former: ['age1former'] } as unknown as AgeIdentities;
      const options = { onError: fail, onEnd: fail };
      const store = { isUp: () => Promise.resolve(true) } as never;
      const changes = { commit: async () => undefined } as never;
      return new KeyRotations(unitOfWork, changes, identities, store, none, none, options).workOff(running);
    },
    'look for notices of withdrawals that are due': (_, unitOfWork) =>
      new WithdrawalNotices(unitOfWork, none, none, none, none, { onError: fail }).workOff(running),
    'look for a scrub that is due': (_, unitOfWork) =>
      new Scrubs(unitOfWork, none, none, none, none, { everyMs: 86_400_000, onError: fail }).workOff(running),
  },
};

const log = { standing: { assertNotStopped: () => undefined }, pruneJournal: async () => undefined } as never;
const anchorOptions = {
  hubChain: 'hub',
  chains: ['hub', 'own'],
  everyMs: 60_000,
  now: () => new Date(),
  onError: fail,
};
const anchorsOf = (unitOfWork: UnitOfWork): Anchors => new Anchors(unitOfWork, none, none, anchorOptions);

describe.each(Object.keys(databases))('%s with 100,000 rows in each table', (service) => {
  let database: Awaited<ReturnType<typeof testPostgres>>;
  let store: DataSource;
  let unitOfWork: UnitOfWork;

  beforeAll(async () => {
    database = await testPostgres();
    store = await openStore({ url: database.url, ...databases[service]! });
    unitOfWork = new UnitOfWork(store);
    await fill(
      store,
      filledIn(service).map(({ table }) => table),
    );
    if (service === 'audit') await store.query(`INSERT INTO log VALUES ('o', ${rows}, '', 'c', now())`);
  }, 300_000);
  afterAll(async () => {
    await store.destroy();
    await database.close();
  });

  for (const [name, work] of Object.entries(works[service]!))
    it(`can ${name} by an index`, async () => {
      const asked = await askedBy(store, async () => work(store, unitOfWork));
      expect(asked).not.toEqual([]);
      expect(await costly(store, asked, mostCost)).toEqual([]);
    });

  it('finds the rows whose time is over by an index', async () => {
    const pruned = filledIn(service).filter(({ prune }) => prune !== undefined);
    for (const line of pruned) {
      const stop = new AbortController();
      const pruning = new Pruning(unitOfWork, new Leases(store), [line], fail);
      const asked = await askedBy(store, async () => {
        const done = pruning.prune(stop.signal);
        stop.abort(); // one batch is enough
        await done;
      });
      expect(asked).toHaveLength(1);
      expect(await costly(store, asked, mostBatchCost)).toEqual([]);
    }
  });

  if (service === 'records')
    it("reads a wallet's deeds in as many queries for fifty as for one", async () => {
      const xs = Array.from({ length: 50 }, (_, i) => Buffer.from(compressed(G.multiply(BigInt(i + 1))).slice(1)));
      await store.query(
        `UPDATE deed SET x = given.x FROM unnest($1::bytea[]) WITH ORDINALITY AS given (x, i)
         WHERE deed.object_id = md5(given.i::text)::uuid`,
        [xs],
      );
      const deeds = new DeedsService(unitOfWork, { logged: async () => undefined } as never);
      let found = 0;
      const asked = await askedBy(store, async () => {
        found = (await deeds.ofPatient(patient, { by: 'wallet' } as never)).length;
      });
      expect(found).toBe(50);
      expect(asked).toHaveLength(3);
    });

  it('would notice a query without an index', async () => {
    const [{ table }] = filledIn(service) as [Retention];
    const asked = [{ sql: `SELECT * FROM "${table}" ORDER BY ctid DESC`, parameters: [] }];
    expect((await costly(store, asked, mostCost)).map((line) => line.split(':')[0])).toEqual([
      `reads ${table} whole`,
      expect.stringMatching(/^costs/),
    ]);
  });
});
