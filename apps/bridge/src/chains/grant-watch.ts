import { ChainFollower, type ChainLog, type ChainReader, type DeepReorg } from '@cpds/chain';
import { LockedAccount, MappedDeeds, TransferLedger } from '@cpds/contracts';
import { events } from '@cpds/messages';
import { told, Changes, type Outcome } from '@cpds/outbox';
import { type AfterRound, Loop, type Tx, UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { GrantLog } from '../transfers/look-times.js';
import { ChainSet } from './chain-set.js';
import { ConsortiumReader, HubContracts } from './consortium-reader.js';
import type { ConsortiumView } from './consortium-view.js';

export abstract class GrantWatchOptions {
  /** Follow MappedDeeds. Set by roles that read destination chains. */
  abstract readonly watchesMappings: boolean;
  /** Follow each vouch instead of their sum: for vouchers, whose row ends with their own. */
  abstract readonly watchesVouches: boolean;
  /** Writes in the transaction that delivers a final `Locked`; for roles whose rows begin there. */
  abstract readonly onLocked?: (tx: Tx, homeUid: string, log: ChainLog) => Promise<Outcome<unknown>>;
  /** Makes the rows of a grant due that a log concerns: for a final one in the transaction that moves the cursor. */
  abstract readonly lookFor: (manager: EntityManager, grantId: string, log: GrantLog) => Promise<void>;
  /** Called when a final block of this chain vanished; may be called again after a restart. */
  abstract readonly onDeepReorg: (chainUid: string) => Promise<void>;
  abstract readonly onError: (error: unknown) => void;
}

/** Hears of logs whose grants' rows are due, for wake-ups only. */
export type GrantListener = (grantId: string, log: GrantLog) => void;

/** After a contract's follower could not begin, milliseconds. */
const retryMs = 1_000;

const lockEndTopics = [LockedAccount.topics.LockClosed, LockedAccount.topics.LockVoided];
const lockTopics = [LockedAccount.topics.Locked, ...lockEndTopics];
const mappingEndTopics = [MappedDeeds.topics.MappingClosed, MappedDeeds.topics.MappingVoided];
const mappingTopics = [MappedDeeds.topics.Mapped, ...mappingEndTopics];
const vouchTopics = [TransferLedger.topics.VouchGiven];
const vouchedTopics = [TransferLedger.topics.TransferVouched];
/** The meaning of each log for a grant. */
const saidBy: ReadonlyMap<string, GrantLog> = new Map([
  [LockedAccount.topics.Locked, 'locked'],
  [TransferLedger.topics.VouchGiven, 'vouched'],
  [TransferLedger.topics.TransferVouched, 'vouched'],
  [MappedDeeds.topics.Mapped, 'mapped'],
  ...[...lockEndTopics, ...mappingEndTopics].map((topic) => [topic, 'ended'] as const),
]);

/**
 * Makes the rows of grants due that moved on any chain: by final logs in the transaction that moves the cursor, and by
 * the logs that forbid as soon as a node shows them. It decides nothing: whoever looks at the row reads the facts
 * itself. Each contract's follower has a loop that ends when it has begun; a
 * round is one try.
 */
@Injectable()
export class GrantWatch {
  private readonly followers = new Map<string, { follower: ChainFollower; beginning: Loop }>();
  private readonly listeners: GrantListener[] = [];
  private isStopped = false;

  constructor(
    private readonly chains: ChainSet,
    private readonly consortium: ConsortiumReader,
    private readonly contracts: HubContracts,
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly options: GrantWatchOptions,
  ) {}

  /** Calls `listener` for each log that concerns a grant. */
  onGrant(listener: GrantListener): void {
    this.listeners.push(listener);
  }

  start(): void {
    this.consortium.onRead((view) => this.follow(view));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(
      [...this.followers.values()].map(async ({ follower, beginning }) => {
        // A follower that starts after its own stop would follow for ever.
        await beginning.stop();
        await follower.stop();
      }),
    );
  }

  /** Delivers everything on a chain again, once the operator accepted its new history. */
  async acceptNewHistory(chainUid: string): Promise<void> {
    for (const [place, { follower }] of this.followers)
      if (place.startsWith(chainUid) && follower.isHalted) await follower.acceptNewHistory();
  }

  /** The uids of the chains that contradicted themselves, and whose new history nobody has accepted yet. */
  haltedChains(): ReadonlySet<string> {
    const halted = [...this.followers].filter(([, { follower }]) => follower.isHalted);
    return new Set(halted.map(([place]) => place.slice(0, place.indexOf('/'))));
  }

  private follow(view: ConsortiumView): void {
    const hub = this.chains.hub;
    if (hub) this.open(hub, this.contracts.transferLedger, this.options.watchesVouches ? vouchTopics : vouchedTopics);
    for (const hospital of view.hospitals) {
      const reader = this.chains.readerOf(hospital.chainUid);
      if (!reader) continue;
      for (const address of hospital.lockedAccounts) this.open(reader, address, lockTopics, lockEndTopics);
      if (!this.options.watchesMappings) continue;
      for (const address of hospital.allMappedDeeds) this.open(reader, address, mappingTopics, mappingEndTopics);
    }
  }

  /** @param ends the topics that forbid; none on the hub */
  private open(reader: ChainReader, address: string, topics: string[], ends: string[] = []): void {
    const place = `${reader.chainUid}/${address}`;
    if (this.followers.has(place) || this.isStopped) return;
    const follower = new ChainFollower({
      reader,
      unitOfWork: this.unitOfWork,
      name: `grants/${address}`,
      filter: { addresses: [address], topics: [topics] },
      ...(ends.length > 0 && {
        glance: {
          filter: { addresses: [address], topics: [ends] },
          // If this fails, the same logs appear again at the next look at the chain.
          onLogs: async ({ appeared, vanished }) => {
            const logs = [...appeared, ...vanished];
            for (const log of logs) await this.lookFor(this.unitOfWork.reader, log);
            logs.forEach((log) => this.wake(log));
          },
        },
      }),
      onFinal: async (tx, { logs }) => {
        for (const log of logs) {
          const taken =
            log.topics[0] === LockedAccount.topics.Locked && (await this.options.onLocked?.(tx, reader.chainUid, log));
          if (taken) await this.changes.within(tx, taken);
          await this.lookFor(tx.manager, log);
        }
        tx.afterCommit(() => logs.forEach((log) => this.wake(log)));
      },
      onDeepReorg: async (tx, reorg) => {
        // Of the hub too, whose halt stops no row.
        await this.changes.within(tx, haltOf(reorg));
        tx.afterCommit(() => this.reportReorg(reader.chainUid));
      },
    });
    const beginning = new Loop({
      round: async (stop) => {
        if (ends.length > 0) await this.consortium.assertCode(reader, await reader.lastFinal(), address);
        return this.begin(follower, reader, stop);
      },
      everyMs: retryMs,
      onError: this.options.onError,
    });
    this.followers.set(place, { follower, beginning });
    beginning.start();
  }

  private async begin(follower: ChainFollower, reader: ChainReader, stop: AbortSignal): Promise<AfterRound> {
    if (stop.aborted) return; // while the code was read
    await follower.start();
    // The chain was halted before this start, and the process may have been killed before the rows were halted.
    if (follower.isHalted) this.reportReorg(reader.chainUid);
    return 'done';
  }

  private reportReorg(chainUid: string): void {
    this.options.onDeepReorg(chainUid).catch(this.options.onError);
  }

  private async lookFor(manager: EntityManager, log: ChainLog): Promise<void> {
    const about = aboutGrant(log);
    if (about) await this.options.lookFor(manager, about.grantId, about.said);
  }

  private wake(log: ChainLog): void {
    const about = aboutGrant(log);
    if (about) for (const listener of this.listeners) listener(about.grantId, about.said);
  }
}

/** The grant that a log concerns and what it says of it; null for one that says nothing of a grant. */
function aboutGrant(log: ChainLog): { grantId: string; said: GrantLog } | null {
  const grantId = log.topics[1];
  const said = saidBy.get(log.topics[0] ?? '');
  return grantId && said ? { grantId, said } : null;
}

/** What a halted follower is told by. */
function haltOf({ chainUid, follower, number, expectedHash, foundHash }: DeepReorg): Outcome<void> {
  const details = { chainUid, follower, number, expectedHash, foundHash };
  return told({ type: events.chainHalted, correlation: chainUid, details });
}
