/** What a node reads of a real hub and two real hospital chains, and what a voucher does with it. */

import { randomBytes, randomUUID } from 'node:crypto';
import { chainEntities, chainMigrations, Rpc } from '@cpds/chain';
import { ChainRegistry, CheckpointAnchor, LockedAccount, TransferLedger, type Hex } from '@cpds/contracts';
import { fromHex } from '@cpds/crypto/bytes';
import { G } from '@cpds/crypto/curve';
import { KeyRing } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import { type Agreement, Changes, openEnvelope, Outbox, outboxMigrations } from '@cpds/outbox';
import { Leases, openStore, UnitOfWork } from '@cpds/store';
import { openConsortium, type TestConsortium } from '../testing/consortium.js';
import { openDeployer, until } from '../testing/storemen.js';
import { DutyExecutors } from '../transfers/duties.js';
import { factsQuery, type FactsQuery } from '../transfers/facts.js';
import { RestingStatements1764500000000, Transfers1763900000000 } from '../transfers/migrations.js';
import { NoTransactions, TransferDriver } from '../transfers/transfer-driver.js';
import { RestingStatementRow } from '../transfers/resting-statement.row.js';
import { TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { HeadsService } from '../vouching/heads.service.js';
import { VouchingService } from '../vouching/vouching.service.js';
import { DeedEvidence } from './deed-evidence.js';
import { ChainHalts } from './chain-halts.js';
import { ChainSet } from './chain-set.js';
import { ConsortiumReader } from './consortium-reader.js';
import { ConsortiumTimes } from './consortium-view.js';
import type { ConsortiumView } from './consortium-view.js';
import { GrantFacts } from './grant-facts.js';
import { GrantWatch } from './grant-watch.js';
import { LockIntake } from './lock-intake.js';

/** Seals what the processes tell. */
const ring = new KeyRing(randomBytes(32));

/** One voucher process, wired as `roles/voucher.module.ts` wires it. */
async function openVoucher(world: TestConsortium, which: number, urls: Record<string, readonly string[]> = world.urls) {
  const { party, gasKey, account } = world.vouchers[which]!;
  const postgres = await testPostgres();
  const store = await openStore({
    url: postgres.url,
    entities: [...chainEntities, TransferRow, RestingStatementRow],
    migrations: [...chainMigrations, ...outboxMigrations, Transfers1763900000000, RestingStatements1764500000000],
  });
  const unitOfWork = new UnitOfWork(store);
  const changes = new Changes(unitOfWork, new Outbox(party, ring));
  const agreement = { require: () => Promise.resolve() } as unknown as Agreement;
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const chains = new ChainSet(unitOfWork, new Leases(store, 100), changes, {
    chains: urls,
    sendsOn: ['hub'],
    gasKey: fromHex(gasKey, 'gasKey'),
    pollMs: 100,
    onError,
  });
  const consortium = new ConsortiumReader(world.contracts, chains, { self: party, onError });
  const facts = new GrantFacts(chains, consortium, world.contracts, { onError, ownAccount: account });
  const transfers = new TransfersService(unitOfWork, changes);
  const vouching = new VouchingService(changes, agreement, chains, facts, world.contracts);
  const duties = new DutyExecutors({ vouch: (row, seen) => vouching.vouch(row, seen) });
  const driver = new TransferDriver(transfers, facts, duties, new NoTransactions(), new ConsortiumTimes(consortium), {
    recheckMs: 1_000,
    concurrency: 4,
    onError,
  });
  const intake = new LockIntake('V', () => consortium.current(), transfers);
  const halts = new ChainHalts(unitOfWork, transfers, changes);
  const watch = new GrantWatch(chains, consortium, world.contracts, unitOfWork, changes, {
    watchesMappings: false,
    watchesVouches: true,
    onLocked: (tx, homeUid, log) => intake.take(tx, homeUid, log),
    lookFor: (manager, grantId, log) => transfers.lookFor(manager, grantId, log),
    onDeepReorg: (chainUid) => halts.halt(chainUid),
    onError,
  });
  watch.onGrant(() => driver.wake());
  const heads = new HeadsService(chains, consortium, world.contracts, { onError });
  consortium.start();
  watch.start();
  chains.start();
  driver.onApplicationBootstrap();
  heads.start();
  return {
    account,
    chains,
    consortium,
    facts,
    transfers,
    watch,
    halts,
    unitOfWork,
    errors,
    evidence: new DeedEvidence(chains, consortium, world.contracts),
    stop: async () => {
      await heads.stop();
      await driver.beforeApplicationShutdown();
      await consortium.stop();
      await watch.stop();
      await chains.stop();
      await store.destroy();
      await postgres.close();
    },
  };
}

describe('what a node knows from the chains', () => {
  let world: TestConsortium;
  let voucher: Awaited<ReturnType<typeof openVoucher>>;

  beforeAll(async () => {
    world = await openConsortium(3, 2);
    voucher = await openVoucher(world, 0);
    // The hub's registrations become final one by one, and a voucher reads them as they do.
    let hospitals: ConsortiumView['hospitals'] = [];
    voucher.consortium.onRead((view) => (hospitals = view.hospitals));
    await until('the consortium', 20, async () => hospitals.filter(({ lockedAccount }) => lockedAccount).length === 2);
    for (const chain of [world.north, world.south])
      await until('the chains', 20, async () => voucher.chains.readerOf(chain.uid) !== undefined);
  }, 120_000);
  afterAll(async () => {
    await voucher.stop();
    await world.close();
  });

  const queryOf = (drafted: Awaited<ReturnType<TestConsortium['draftGrant']>>, role: FactsQuery['role']): FactsQuery =>
    factsQuery({ role, homeUid: world.north.uid, ...drafted });
  const vouchBy = async (
    which: number,
    drafted: Awaited<ReturnType<TestConsortium['draftGrant']>>,
    blockHash?: string,
  ) => {
    const lock = (await voucher.facts.lockSeen(queryOf(drafted, 'B')))!;
    const { ringHash, block } = lock;
    const data = TransferLedger.calldata.vouch({
      homeUid: world.north.uid,
      lockedAccount: drafted.grant.lockedAccount,
      destinationUid: world.south.uid,
      grantId: drafted.grantId,
      ringHash,
      blockNumber: BigInt(block.number),
      blockHash: blockHash ?? block.hash,
    });
    const sender = await openDeployer(world.hub.anvil.url, world.vouchers[which]!.gasKey);
    const receipt = await sender.send(world.contracts.transferLedger, data);
    sender.close();
    return receipt.blockNumber;
  };

  it('reads who is who from the hub, and again when it changes', async () => {
    const view = voucher.consortium.current();
    expect(view.hub.chainUid).toBe(world.hub.uid);
    expect(view.hospitals.map(({ party, lockedAccount }) => [party, lockedAccount])).toEqual([
      ['north', world.atNorth.lockedAccount],
      ['south', world.atSouth.lockedAccount],
    ]);
    expect(view.vouchers.map(({ party }) => party)).toEqual(['voucher-1', 'voucher-2', 'voucher-3']);
    expect(view.vouchesNeeded).toBe(2);
    const { chainRegistry } = world.contracts;
    const moved = ChainRegistry.calldata.setExchangeUrl(world.south.uid, 'http://moved.test');
    await world.hub.deployer.send(chainRegistry as `0x${string}`, moved);
    await until('the moved exchange', 20, async () => {
      return voucher.consortium.current().hospitals[1]!.exchangeUrl === 'http://moved.test';
    });
    await world.hub.deployer.send(
      chainRegistry as `0x${string}`,
      ChainRegistry.calldata.pauseByOwners(world.south.uid, 0),
    );
    await until('the pause in the view', 20, async () => voucher.consortium.current().hospitals[1]!.isPaused);
    await world.hub.deployer.send(
      chainRegistry as `0x${string}`,
      ChainRegistry.calldata.resumeByOwners(world.south.uid, 1),
    );
    await until('the end of the pause', 20, async () => !voucher.consortium.current().hospitals[1]!.isPaused);
  }, 60_000);

  it('says yes at finality, with the block; a vouch follows, and v equal vouches make it vouched', async () => {
    const drafted = await world.draftGrant();
    expect(await voucher.facts.gather(queryOf(drafted, 'B'))).toMatchObject({
      home: { head: { status: 'none' }, final: { status: 'none' }, tagUsed: false },
      destination: { head: { status: 'none' }, final: { status: 'none' } },
      hub: { vouched: false, ownVouch: false, paused: false, fresh: true },
    });
    const receipt = await world.lock(drafted);
    const atOnce = await voucher.facts.gather(queryOf(drafted, 'A'));
    expect(atOnce.home).toMatchObject({ head: { status: 'locked' }, final: { status: 'none' } });
    expect(atOnce.home!.written).toBeUndefined();
    expect(atOnce.destination).toBeUndefined();

    const row = await until('the row of the lock', 20, () => voucher.transfers.findByGrant(drafted.grantId, 'V'));
    const final = await voucher.facts.gather(queryOf(drafted, 'B'));
    expect(final.home).toMatchObject({
      final: { status: 'locked' },
      tagUsed: true,
      written: { tx: receipt.hash, block: { number: receipt.blockNumber, hash: receipt.blockHash } },
    });
    expect(row.grant).toEqual(drafted.grant);

    const done = await until('the own vouch to be final', 30, async () => {
      const now = await voucher.transfers.findByGrant(drafted.grantId, 'V');
      return now?.state === 'closed' && now;
    });
    expect(done.closeReason).toBe('done');
    expect((await voucher.facts.gather(queryOf(drafted, 'B'))).hub).toMatchObject({ vouched: false });
    const events = (await voucher.unitOfWork.reader.query(
      `SELECT envelope->>'type' AS type FROM outbox WHERE envelope->>'correlation' = $1`,
      [drafted.grantId],
    )) as { type: string }[];
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['bridge.vouch-sent.v1', 'bridge.transaction-sent.v1', 'bridge.transfer-closed.v1']),
    );

    // a vouch for another block counts for another digest
    const falseVouch = await vouchBy(1, drafted, `0x${'77'.repeat(32)}`);
    await until(
      'the false vouch to be final',
      20,
      async () => (await voucher.chains.hub!.lastFinal()).number >= falseVouch,
    );
    expect((await voucher.facts.gather(queryOf(drafted, 'B'))).hub).toMatchObject({ vouched: false });
    await vouchBy(2, drafted);
    await until(
      'the grant to be vouched',
      20,
      async () => (await voucher.facts.gather(queryOf(drafted, 'B'))).hub?.vouched,
    );
  }, 120_000);

  it('sees a mapping final with its block, and a revoke at the first block that shows it', async () => {
    const drafted = await world.draftGrant();
    await world.lock(drafted);
    const minted = await world.mint(drafted);
    const mapped = await until('the mapping', 20, async () => {
      const facts = await voucher.facts.gather(queryOf(drafted, 'S'));
      return facts.destination?.final.status === 'mapped' && facts;
    });
    expect(mapped.destination!.written).toMatchObject({ tx: minted.hash, block: { hash: minted.blockHash } });

    const woken: string[] = [];
    voucher.watch.onGrant((grantId) => void woken.push(grantId));
    await world.revokeAt('home', drafted);
    const glance = await voucher.facts.gather(queryOf(drafted, 'S'));
    expect(glance.home).toMatchObject({ head: { status: 'revoked' }, final: { status: 'locked' } });
    await until('the wake-up', 10, async () => woken.includes(drafted.grantId));
    await until('the final revoke', 20, async () => {
      const facts = await voucher.facts.gather(queryOf(drafted, 'S'));
      return facts.home?.final.status === 'revoked' && facts.home.written?.tx !== undefined;
    });
  }, 60_000);

  it('makes a row due in the transaction that moves the cursor: one that fails delivers its logs again', async () => {
    const postgres = await testPostgres();
    const store = await openStore({
      url: postgres.url,
      entities: [...chainEntities, TransferRow, RestingStatementRow],
      migrations: [...chainMigrations, ...outboxMigrations, Transfers1763900000000, RestingStatements1764500000000],
    });
    const unitOfWork = new UnitOfWork(store);
    const changes = new Changes(unitOfWork, new Outbox('south', new KeyRing(new Uint8Array(32))));
    const transfers = new TransfersService(unitOfWork, changes);
    const drafted = await world.draftGrant();
    const checkAt = new Date(Date.now() + 3_600_000);
    const row = await changes.commit((tx) =>
      transfers.insert(tx, {
        id: randomUUID(),
        role: 'B',
        state: 'consented',
        ...drafted,
        home: 'north',
        destination: 'south',
        homeUid: world.north.uid,
        destinationUid: world.south.uid,
        requestExpires: String(drafted.grant.notAfter),
        checkAt,
      }),
    );
    const heard: number[] = [];
    const errors: unknown[] = [];
    const watch = new GrantWatch(voucher.chains, voucher.consortium, world.contracts, unitOfWork, changes, {
      watchesMappings: true,
      watchesVouches: false,
      lookFor: async (manager, grantId, log) => {
        await transfers.lookFor(manager, grantId, log);
        if (grantId === drafted.grantId && heard.push(Date.now()) === 1) throw new Error('killed before the commit');
      },
      onDeepReorg: () => Promise.resolve(),
      onError: (error) => void errors.push(error),
    });
    watch.start();
    await world.lock(drafted);
    await until('the row to be due', 20, async () => (await transfers.findById(row.id))!.checkAt! < checkAt);
    expect(heard.length).toBeGreaterThan(1);
    await watch.stop();
    await store.destroy();
    await postgres.close();
  }, 60_000);

  it('tells a tombstone from nothing', async () => {
    const drafted = await world.draftGrant();
    await world.revokeAt('destination', drafted);
    expect((await voucher.facts.gather(queryOf(drafted, 'S'))).destination!.head.status).toBe('void');
  });

  it('counts a pause at a glance', async () => {
    const drafted = await world.draftGrant();
    const registry = world.contracts.chainRegistry as `0x${string}`;
    await world.hub.deployer.send(registry, ChainRegistry.calldata.pauseByOwners(world.north.uid, 0));
    expect((await voucher.facts.gather(queryOf(drafted, 'B'))).hub!.paused).toBe(true);
    await world.hub.deployer.send(registry, ChainRegistry.calldata.resumeByOwners(world.north.uid, 1));
  });

  it('believes nothing of a contract that the hub did not register, nor of a chain it cannot reach', async () => {
    const drafted = await world.draftGrant();
    const { deployer, uid } = world.north;
    const keyId = `0x${'08'.repeat(32)}`;
    const impostor = await deployer.deploy(
      LockedAccount.deployData(uid, world.atNorth.deedRegistry, keyId, G.toAffine(), 5),
    );
    await until('the impostor to be final', 20, async () => {
      const north = voucher.chains.requireReader(uid);
      return (await north.codeAt(await north.final(), impostor)) !== '0x';
    });
    const query = queryOf(drafted, 'S');
    expect((await voucher.facts.gather(query)).home).toBeDefined();
    expect((await voucher.facts.gather({ ...query, lockedAccount: impostor })).home).toBeUndefined();
    expect((await voucher.facts.gather({ ...query, homeUid: `0x${'99'.repeat(32)}` })).home).toBeUndefined();
  });

  it('reads a cohort and an anchor once they are final', async () => {
    expect(await voucher.evidence.finalCohort(world.north.uid, 0)).toEqual({
      xs: world.cohort.xs.map((x) => `0x${x.toString(16).padStart(64, '0')}`),
      commitments: world.cohort.commitments,
    });
    expect(await voucher.evidence.finalCohort(world.north.uid, 1)).toBeNull();
  });

  it("finds an anchor of the account that is asked about, and nobody else's", async () => {
    const { deployer } = world.hub;
    const root = `0x${'01'.repeat(32)}` as const;
    const anchored = (account: string, size = 5) => voucher.evidence.anchoredAt(account, 'log.test', size, root);
    expect(await anchored(deployer.address)).toBeNull();
    const data = CheckpointAnchor.calldata.anchor('log.test', 5, root);
    const { blockNumber } = await deployer.send(world.contracts.checkpointAnchor as Hex, data);
    const at = await until('the anchor to be final', 20, () => anchored(deployer.address));
    expect(at).toBe((await deployer.provider.getBlock(blockNumber))!.timestamp);
    expect(await anchored(voucher.account)).toBeNull();
    expect(await anchored(deployer.address, 6)).toBeNull();
  });

  it("anchors each home chain's final head on the hub", async () => {
    const ledger = new TransferLedger(world.contracts.transferLedger, world.hub.deployer.provider);
    const head = await until('the anchored head', 20, async () => {
      const anchored = await ledger.headOf(world.north.uid, voucher.account);
      return anchored.number > 0n && anchored;
    });
    const block = await world.north.deployer.provider.getBlock(Number(head.number));
    expect(head.blockHash).toBe(block!.hash);
  });

  it('halts the open transfers of a chain whose final blocks vanish, and resumes them on the operator’s word', async () => {
    const drafted = await world.draftGrant({ notAfter: 2 ** 33 });
    await world.lock(drafted);
    // its own row of a storeman stays open where a voucher's would be done
    await until('the row', 20, () => voucher.transfers.findByGrant(drafted.grantId, 'V'));
    await voucher.unitOfWork.reader.query(
      `UPDATE transfer SET role = 'S', state = 'locked', check_at = NULL WHERE grant_id = $1`,
      [drafted.grantId],
    );
    await new Rpc(world.north.anvil.url).request('anvil_reorg', [6, []]);
    const halted = await until('the halt', 30, async () => {
      const row = await voucher.transfers.findByGrant(drafted.grantId, 'S');
      return row?.state === 'halted' && row;
    });
    expect(halted.haltedFrom).toBe('locked');
    await voucher.watch.acceptNewHistory(world.north.uid);
    await voucher.halts.resume(world.north.uid);
    expect((await voucher.transfers.findByGrant(drafted.grantId, 'S'))!.state).not.toBe('halted');
  }, 60_000);

  it('tells of a final block of the hub that vanishes, and of its new history only when that is accepted', async () => {
    expect([...voucher.watch.haltedChains()]).toEqual([]);
    await new Rpc(world.hub.anvil.url).request('anvil_reorg', [6, []]);
    await until('the halt', 30, async () => voucher.watch.haltedChains().has(world.hub.uid));
    const ledger = world.contracts.transferLedger;
    const told = (await voucher.unitOfWork.reader.query(
      `SELECT envelope FROM outbox WHERE envelope->>'type' = 'bridge.chain-halted.v1' AND envelope->>'correlation' = $1`,
      [world.hub.uid],
    )) as { envelope: unknown }[];
    expect(told).toHaveLength(1);
    const { follower, expectedHash, foundHash } = openEnvelope(ring, told[0]!.envelope).details;
    expect(follower).toBe(`grants/${ledger}`);
    expect(foundHash).not.toBe(expectedHash);
    await voucher.watch.acceptNewHistory(world.hub.uid);
    expect([...voucher.watch.haltedChains()]).toEqual([]);
  }, 60_000);
});
