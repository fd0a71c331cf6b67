/** Five storemen and two hospitals over one real NATS server, each storeman with a database of its own; chains by script. */

import { BusRequests, connectBus } from '@cpds/bus';
import { KeyRing } from '@cpds/crypto/custody';
import { testNats, testPostgres } from '@cpds/local';
import { Agreement, Changes, Numbered, Outbox, outboxMigrations } from '@cpds/outbox';
import { outboxAgreed } from '@cpds/messages';
import { openStore, UnitOfWork } from '@cpds/store';
import { randomBytes, randomUUID } from 'node:crypto';
import { KeyShareRow } from '../ceremonies/key-share.row.js';
import { KeyShares } from '../ceremonies/key-shares.js';
import { storemanMigrations } from '../ceremonies/migrations.js';
import { Consortium } from '../chains/consortium-view.js';
import { AnsweredDatagramRow, OutgoingDatagramRow } from '../datagrams/datagram.row.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import { MessageKey } from '../datagrams/datagram.js';
import { Datagrams1763900000001 } from '../datagrams/migrations.js';
import { ReleaseCollector } from '../release/release-collector.service.js';
import { ReleaseRow } from '../release/release.row.js';
import { ReleaseService } from '../release/release.service.js';
import { SignerService } from '../signing/signer.service.js';
import { SigningCoordinator } from '../signing/signing-coordinator.service.js';
import { SpentNonceRow, StoremanActRow } from '../signing/storeman-act.row.js';
import { StoremanView } from '../signing/storeman-view.js';
import type { Facts } from '../transfers/facts.js';
import { RestingStatements1764500000000, Transfers1763900000000 } from '../transfers/migrations.js';
import { RestingStatementRow } from '../transfers/resting-statement.row.js';
import { TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { generateKey, operator, viewOf, type MadeGrant } from './group.js';
import { ScriptedFacts } from './scripted-facts.js';

const parties = ['storeman-1', 'storeman-2', 'storeman-3', 'storeman-4', 'storeman-5'];

export async function openSigningWorld(now: number) {
  const nats = await testNats();
  const made = parties.map(operator);
  const north = operator('north');
  const south = operator('south');
  const storemen = made.map((one) => one.operator);
  const sign = generateKey('sign', storemen);
  const seal = generateKey('seal', storemen);
  const groups = { sign: sign.group, seal: seal.group };
  const view = viewOf(storemen, { north: north.operator, south: south.operator }, groups);
  const errors: unknown[] = [];

  const openNode = async (party: string, messageSecret: Uint8Array, database: { url: string }) => {
    const store = await openStore({
      url: database.url,
      entities: [
        TransferRow,
        RestingStatementRow,
        OutgoingDatagramRow,
        AnsweredDatagramRow,
        KeyShareRow,
        StoremanActRow,
        SpentNonceRow,
        ReleaseRow,
      ],
      migrations: [
        ...outboxMigrations,
        ...storemanMigrations,
        Transfers1763900000000,
        RestingStatements1764500000000,
        Datagrams1763900000001,
      ],
      poolSize: 4,
    });
    const unitOfWork = new UnitOfWork(store);
    const bus = await connectBus({ url: nats.url, name: party });
    const consortium = new Consortium(party, view);
    const messageKey = new MessageKey(messageSecret);
    const outbox = new Outbox(party, new KeyRing(new Uint8Array(32)));
    const changes = new Changes(unitOfWork, outbox);
    const onError = (error: unknown): void => void errors.push(error);
    const numbered = new Numbered(unitOfWork, outbox);
    const agreement = new Agreement(unitOfWork, new BusRequests(bus), outbox, numbered, {
      agreed: outboxAgreed('bridge'),
      onError,
    });
    const datagrams = new DatagramsService(unitOfWork, changes, bus, consortium, messageKey, { onError });
    const close = async () => {
      await datagrams.beforeApplicationShutdown();
      await bus.close();
      await store.destroy();
    };
    return { party, unitOfWork, changes, agreement, consortium, messageKey, datagrams, close };
  };

  const openStoreman = async (i: number, kek: Uint8Array, database: { url: string; close(): Promise<void> }) => {
    const node = await openNode(parties[i]!, made[i]!.messageSecret, database);
    const { unitOfWork, changes, agreement, consortium, messageKey, datagrams } = node;
    const shares = new KeyShares(unitOfWork, new KeyRing(kek));
    for (const { group, shares: all } of [sign, seal]) {
      const { purpose, keyId, epoch } = group;
      const { index, secret } = all[i]!;
      await unitOfWork.run((tx) => shares.store(tx, { purpose, keyId, epoch, index, secret }, new Date()));
    }
    const facts = new ScriptedFacts(now);
    const transfers = new TransfersService(unitOfWork, changes);
    const storemanView = new StoremanView(consortium, facts, transfers, { patienceMs: 400 });
    const signer = new SignerService(
      unitOfWork,
      changes,
      consortium,
      storemanView,
      transfers,
      shares,
      messageKey,
      agreement,
      {
        quotaPerHour: 1_000,
      },
    );
    const release = new ReleaseService(
      unitOfWork,
      changes,
      consortium,
      storemanView,
      transfers,
      shares,
      messageKey,
      agreement,
    );
    const storeman = {
      ...node,
      kek,
      database,
      facts,
      transfers,
      signer,
      release,
      /** changes a lying node's answers; null is silence */
      tamper: (said: Record<string, unknown>): Record<string, unknown> | null => said,
      rowsOf: (table: 'storeman_act' | 'release' | 'spent_nonce' | 'outbox') =>
        unitOfWork.reader.query(`SELECT * FROM ${table}`) as Promise<Record<string, unknown>[]>,
    };
    datagrams.start({
      sign: { take: async (received) => storeman.tamper(await signer.answer(received)) },
      release: { take: async (received) => storeman.tamper(await release.answer(received)) },
    });
    return storeman;
  };

  const nodes = await Promise.all(
    parties.map(async (_, i) => openStoreman(i, new Uint8Array(randomBytes(32)), await testPostgres())),
  );
  const hospitalDatabases = await Promise.all([testPostgres(), testPostgres()]);
  const a = await openNode('north', north.messageSecret, hospitalDatabases[0]);
  const b = await openNode('south', south.messageSecret, hospitalDatabases[1]);
  for (const hospital of [a, b]) hospital.datagrams.start({});
  // The patient coordinator waits so long that silence is never due to a busy machine; the impatient one is for tests
  // of silence. Both ask all at once, so that no liar is left out by chance; the sparing one asks as a hospital does.
  const round = { roundTimeoutMs: 20_000, othersAfterMs: 0 };

  return {
    view,
    groups,
    nodes,
    errors,
    coordinatorA: new SigningCoordinator(a.consortium, a.datagrams, round),
    coordinatorB: new SigningCoordinator(b.consortium, b.datagrams, round),
    impatientB: new SigningCoordinator(b.consortium, b.datagrams, { ...round, roundTimeoutMs: 1_500 }),
    sparingB: new SigningCoordinator(b.consortium, b.datagrams, { ...round, othersAfterMs: 20_000 }),
    collector: new ReleaseCollector(b.consortium, b.datagrams, { timeoutMs: 20_000, othersAfterMs: 0 }),
    sparingCollector: new ReleaseCollector(b.consortium, b.datagrams, { timeoutMs: 20_000, othersAfterMs: 20_000 }),
    askFromB: b.datagrams,
    askFromA: a.datagrams,
    /** All storemen see the same from now on. */
    say: (facts: Facts) => nodes.forEach((node) => (node.facts.facts = facts)),
    /** Kills a storeman and starts it again on its database. */
    restart: async (i: number) => {
      const { kek, database, facts, close } = nodes[i]!;
      await close();
      nodes[i] = await openStoreman(i, kek, database);
      nodes[i].facts.facts = facts.facts;
    },
    /**
     * A latch between a guard and the commit of what it allows: the next transaction of storeman `i` begins only after
     * `meanwhile` is done.
     */
    beforeNextCommit: (i: number, meanwhile: () => Promise<unknown>) => {
      const { changes } = nodes[i]!;
      const commit = changes.commit.bind(changes);
      changes.commit = async (work) => {
        changes.commit = commit;
        await meanwhile();
        return commit(work);
      };
    },
    /** Gives storeman `i` its own row of a grant. */
    insertRow: async (i: number, { grant, grantId }: MadeGrant, state: TransferRow['state']) =>
      nodes[i]!.changes.commit((tx) =>
        nodes[i]!.transfers.insert(tx, {
          id: randomUUID(),
          role: 'S',
          state,
          grantId,
          grant,
          home: 'north',
          destination: 'south',
          homeUid: view.hospitals[0]!.chainUid,
          destinationUid: view.hospitals[1]!.chainUid,
          requestExpires: String(grant.notAfter),
        }),
      ),
    close: async () => {
      await Promise.all([...nodes, a, b].map((node) => node.close()));
      await Promise.all(
        [...nodes.map((node) => node.database), ...hospitalDatabases].map((database) => database.close()),
      );
      await nats.close();
    },
  };
}

export type SigningWorld = Awaited<ReturnType<typeof openSigningWorld>>;
