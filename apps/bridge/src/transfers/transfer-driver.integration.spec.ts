import { randomUUID } from 'node:crypto';
import { testPostgres } from '@cpds/local';
import { KeyRing } from '@cpds/crypto/custody';
import { Changes, Outbox, outboxMigrations } from '@cpds/outbox';
import { openStore, UnitOfWork } from '@cpds/store';
import { generateKey, makeGrant, operator } from '../testing/group.js';
import { factsOf } from '../testing/scripted-facts.js';
import { until } from '../testing/storemen.js';
import { DutyExecutors, DutyTimes, type DutyContext } from './duties.js';
import { FactsReader, type Facts, type FactsQuery } from './facts.js';
import { RestingStatements1764500000000, Transfers1763900000000 } from './migrations.js';
import { NoTransactions, TransferDriver } from './transfer-driver.js';
import { RestingStatementRow } from './resting-statement.row.js';
import { TransferRow } from './transfer.row.js';
import { TransfersService } from './transfers.service.js';

const now = Math.floor(Date.now() / 1000);
const storemen = [1, 2, 3, 4, 5].map((i) => operator(`storeman-${i}`).operator);
const seal = generateKey('seal', storemen).group;
const steps = { wHome: 10, wHub: 10, wDestination: 10, forwards: false, enteredAt: 0, memberIndex: 1 };
const uid = (name: string): string => `0x${Buffer.from(name.padEnd(32, '.')).toString('hex')}`;

class Steps extends DutyTimes {
  of(): DutyContext {
    return steps;
  }
}

/** Chains by script: each look at a grant is told of, and waits while its home chain hangs. */
class Chains extends FactsReader {
  readonly looks: string[] = [];
  readonly hanging = new Map<string, Promise<void>>();
  failing: (query: FactsQuery) => boolean = () => false;

  async gather(query: FactsQuery): Promise<Facts> {
    this.looks.push(query.grantId);
    if (this.failing(query)) throw new Error('the look failed');
    await this.hanging.get(query.homeUid);
    return factsOf(now, 'locked', 'none');
  }
}

/** Every latch of a test is open when it has ended, or a driver would never stop. */
const latches: { opened: Promise<void>; open(): void }[] = [];

function latch() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const made = { opened, open: () => open() };
  latches.push(made);
  return made;
}

describe('a driver of rows', () => {
  let database: Awaited<ReturnType<typeof testPostgres>>;
  let store: Awaited<ReturnType<typeof openStore>>;
  let unitOfWork: UnitOfWork;
  let changes: Changes;
  let transfers: TransfersService;
  let chains: Chains;
  const running: TransferDriver[] = [];

  beforeEach(async () => {
    database = await testPostgres();
    const migrations = [...outboxMigrations, Transfers1763900000000, RestingStatements1764500000000];
    store = await openStore({
      url: database.url,
      entities: [TransferRow, RestingStatementRow],
      migrations,
      poolSize: 4,
    });
    unitOfWork = new UnitOfWork(store);
    changes = new Changes(unitOfWork, new Outbox('storeman-1', new KeyRing(new Uint8Array(32))));
    transfers = new TransfersService(unitOfWork, changes);
    chains = new Chains();
  });
  afterEach(async () => {
    for (const { open } of latches.splice(0)) open();
    for (const driver of running.splice(0)) await driver.beforeApplicationShutdown();
    await store.destroy();
    await database.close();
  });

  /** A process whose own round comes each hour, so that only what is asked for here makes it look. */
  const start = (recheckMs = 3_600_000): TransferDriver => {
    const driver = new TransferDriver(transfers, chains, new DutyExecutors({}), new NoTransactions(), new Steps(), {
      recheckMs,
      concurrency: 2,
      onError: () => undefined,
    });
    running.push(driver);
    driver.onApplicationBootstrap();
    return driver;
  };
  /** Stores a storeman's row of a new grant that is due at `at`. */
  const insert = async (home: string, at: Date) => {
    const { grant, grantId } = makeGrant(seal, now);
    const draft = { grant, grantId, home, destination: 'south', homeUid: uid(home), destinationUid: uid('south') };
    const requestExpires = String(grant.notAfter);
    const row = { id: randomUUID(), role: 'S' as const, state: 'vouched' as const, requestExpires, checkAt: at };
    return changes.commit((tx) => transfers.insert(tx, { ...draft, ...row }));
  };
  const checkAt = async (id: string) => (await transfers.findById(id))!.checkAt!.getTime();
  const past = (ms: number) => new Date(Date.now() - ms);
  const later = () => new Date(Date.now() + 1_800_000);

  it('looks at a healthy row while more rows than there are slots wait for a chain that hangs', async () => {
    const hung = latch();
    chains.hanging.set(uid('north'), hung.opened);
    for (let i = 0; i < 150; i++) await insert('north', past(60_000 - i));
    const healthy = await insert('east', past(1));
    start();
    await until('the look at the healthy row', 20, async () => (await checkAt(healthy.id)) > Date.now());
    expect(chains.looks.filter((grantId) => grantId !== healthy.grantId)).toHaveLength(2);
    hung.open();
    await until('all other rows', 30, async () => chains.looks.length === 151);
  });

  it('looks once more after a log that comes during a look, from facts of after it', async () => {
    const hung = latch();
    chains.hanging.set(uid('north'), hung.opened);
    const row = await insert('north', past(1));
    const driver = start();
    await until('the look', 20, async () => chains.looks.length === 1);
    await unitOfWork.run((tx) => transfers.lookFor(tx.manager, row.grantId!, 'ended'));
    driver.wake();
    hung.open();
    await until('the second look', 20, async () => chains.looks.length === 2);
    await until('its rest', 20, async () => (await checkAt(row.id)) > Date.now());
  });

  it('finds in a new process what a log made due before the old one was killed', async () => {
    const row = await insert('north', later());
    await unitOfWork.run((tx) => transfers.lookFor(tx.manager, row.grantId!, 'ended'));
    expect(await checkAt(row.id)).toBeLessThanOrEqual(Date.now());
    start();
    await until('the look', 20, async () => chains.looks.includes(row.grantId!));
  });

  it('makes no row due for a log whose transaction rolls back', async () => {
    const row = await insert('north', later());
    const rolledBack = unitOfWork.run(async (tx) => {
      await transfers.lookFor(tx.manager, row.grantId!, 'ended');
      throw new Error('the cursor moved');
    });
    await expect(rolledBack).rejects.toThrow('the cursor moved');
    expect(await checkAt(row.id)).toBe(row.checkAt!.getTime());
  });

  it('looks again after a look that failed, and no later for all the rows that fail each time', async () => {
    const bad = new Set<string>();
    chains.failing = ({ grantId }) => bad.has(grantId);
    const rows: TransferRow[] = [];
    for (let i = 0; i < 120; i++) rows.push(await insert('north', past(60_000 - i)));
    for (const { grantId } of rows) bad.add(grantId!);
    const good = await insert('north', past(1));
    start(200);
    await until('the good row', 20, async () => chains.looks.includes(good.grantId!));
    const first = rows[0]!.grantId!;
    await until('a second look', 20, async () => chains.looks.filter((grantId) => grantId === first).length >= 2);
    bad.delete(first);
    await until('the end of its failing', 20, async () => (await checkAt(rows[0]!.id)) > Date.now() + 5_000);
  });
});
