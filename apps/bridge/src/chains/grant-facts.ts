import type { BlockRef, ChainReader } from '@cpds/chain';
import { ChainRegistry, LockedAccount, MappedDeeds, TransferLedger, type CallRunner } from '@cpds/contracts';
import { fromHex, to0x } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import { Injectable } from '@nestjs/common';
import {
  FactsReader,
  nowSeconds,
  sentNothing,
  type ChainFacts,
  type Facts,
  type FactsQuery,
  type HomeFacts,
  type HubFacts,
  type MappingStatus,
} from '../transfers/facts.js';
import { ChainSet } from './chain-set.js';
import { ConsortiumReader, HubContracts } from './consortium-reader.js';
import { GrantEvents, type Written } from './grant-events.js';
import { lockStatus, mappingStatus, mostForbidding } from './grant-words.js';
import { vouchDigest, type LockSeen } from './vouch.js';

export abstract class GrantFactsOptions {
  abstract readonly onError: (error: unknown) => void;
  /** This process's account, whose own vouch a voucher asks for; null if it sends no transactions. */
  abstract readonly ownAccount: string | null;
}

/**
 * Reads a grant's facts from the chains its role reads. A chain that is away, stale, in disagreement with itself, or
 * whose contract is not the registered one, is absent from the answer, and `onError` is called. The outcomes of this
 * process's own transactions are not among these facts: their sender knows them.
 */
@Injectable()
export class GrantFacts extends FactsReader {
  private readonly events = new GrantEvents();

  constructor(
    private readonly chains: ChainSet,
    private readonly consortium: ConsortiumReader,
    private readonly contracts: HubContracts,
    private readonly options: GrantFactsOptions,
  ) {
    super();
  }

  async gather(query: FactsQuery): Promise<Facts> {
    const readsDestination = query.role === 'B' || query.role === 'S';
    const [home, destination, hubAfter] = await Promise.all([
      this.reliable(() => this.home(query)),
      readsDestination ? this.reliable(() => this.destination(query)) : undefined,
      this.reliable(() => this.hub(query)),
    ]);
    const hub = hubAfter?.(home?.lock);
    return {
      now: nowSeconds(),
      ...(home && { home: home.facts }),
      ...(destination && { destination }),
      ...(hub && { hub }),
      ...sentNothing,
    };
  }

  /** The lock as a voucher describes it, or null while it is not final. */
  async lockSeen(query: FactsQuery): Promise<LockSeen | null> {
    return (await this.home(query)).lock ?? null;
  }

  private async reliable<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      this.options.onError(error); // the chain stays absent, so that its facts can allow nothing
      return undefined;
    }
  }

  private async home(query: FactsQuery): Promise<{ facts: HomeFacts; lock?: LockSeen }> {
    const { reader, head, final } = await this.relied(query.homeUid, query.lockedAccount);
    const at = new LockedAccount(query.lockedAccount, pinned(reader, final));
    const tagHash = to0x(keccak256(fromHex(query.tag, 'tag', 33)));
    const [word, heads, tagOwner] = await Promise.all([
      at.lockOf(query.grantId),
      atHeads(reader, (runner) => new LockedAccount(query.lockedAccount, runner).lockOf(query.grantId)),
      at.grantOfTag(tagHash),
    ]);
    const written =
      word.lockBlock > 0n
        ? await this.events.lock(reader, query.lockedAccount, query.grantId, Number(word.lockBlock))
        : null;
    const facts: HomeFacts = {
      head: { block: head, status: mostForbidding(heads.map(lockStatus)) },
      final: { block: final, status: lockStatus(word) },
      tagUsed: BigInt(tagOwner) !== 0n,
      ...(written && { written: { block: written.block, tx: written.tx } }),
    };
    return { facts, ...(written?.ringHash && { lock: lockOf(query, written, written.ringHash) }) };
  }

  private async destination(query: FactsQuery): Promise<ChainFacts<MappingStatus>> {
    const { reader, head, final } = await this.relied(query.destinationUid, query.mappedDeeds);
    const [word, heads] = await Promise.all([
      new MappedDeeds(query.mappedDeeds, pinned(reader, final)).mappingOf(query.grantId),
      atHeads(reader, (runner) => new MappedDeeds(query.mappedDeeds, runner).mappingOf(query.grantId)),
    ]);
    const status = mappingStatus(word);
    const written =
      status === 'none' || status === 'void'
        ? null
        : await this.events.mapping(reader, query.mappedDeeds, query.grantId, final);
    return {
      head: { block: head, status: mostForbidding(heads.map(mappingStatus)) },
      final: { block: final, status },
      ...(written && { written: { block: written.block, tx: written.tx } }),
    };
  }

  /**
   * What the hub says of a lock that is read meanwhile. Its last final state counts however old; `fresh` says whether
   * vouch and mint may rest on it.
   */
  private async hub(query: FactsQuery): Promise<(lock: LockSeen | undefined) => HubFacts> {
    const reader = this.chains.requireReader(this.consortium.current().hub.chainUid);
    const { final, freshness } = await reader.snapshot();
    const ledger = new TransferLedger(this.contracts.transferLedger, pinned(reader, final));
    const [transfer, vouch, paused] = await Promise.all([
      ledger.transferOf(query.grantId),
      this.options.ownAccount && query.role === 'V' ? ledger.vouchOf(query.grantId, this.options.ownAccount) : null,
      this.paused(reader, [query.homeUid, query.destinationUid]),
    ]);
    return (lock) => {
      const digest = lock && vouchDigest(lock);
      return {
        finalTime: final.timestamp,
        vouched: digest !== undefined && transfer.digest === digest && transfer.destinationUid === query.destinationUid,
        ownVouch: digest !== undefined && vouch === digest,
        paused,
        fresh: freshness.fresh,
      };
    };
  }

  private async paused(reader: ChainReader, uids: readonly string[]): Promise<boolean> {
    const seen = await Promise.all(
      uids.map((uid) =>
        atHeads(reader, (runner) => new ChainRegistry(this.contracts.chainRegistry, runner).isPaused(uid)),
      ),
    );
    return seen.flat().some((isPaused) => isPaused);
  }

  /** A chain that may be relied on now. @throws StaleHead, EndpointsDisagree, RpcUnreachable, `chain-away`, `foreign-code` */
  private async relied(
    chainUid: string,
    address: string,
  ): Promise<{ reader: ChainReader; head: BlockRef; final: BlockRef }> {
    const reader = this.chains.requireReader(chainUid);
    const snapshot = await reader.snapshot();
    reader.assertFresh(snapshot);
    await this.consortium.assertCode(reader, snapshot.final, address);
    return { reader, head: snapshot.head, final: snapshot.final };
  }
}

function lockOf(query: FactsQuery, written: Written, ringHash: string): LockSeen {
  const { homeUid, lockedAccount, destinationUid, grantId } = query;
  return { homeUid, lockedAccount, destinationUid, grantId, ringHash, block: written.block };
}

function pinned(reader: ChainReader, block: BlockRef): CallRunner {
  return { call: ({ to, data }) => reader.callAt(block, to, data) };
}

/** One contract call at every own node's head. */
async function atHeads<T>(reader: ChainReader, ask: (runner: CallRunner) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  const first = ask({
    call: async (transaction) => {
      const glances = await reader.glance(transaction.to, transaction.data);
      const [own, ...others] = glances.map(({ data }) => data);
      for (const data of others) answers.push(await ask({ call: () => Promise.resolve(data) }));
      return own!;
    },
  });
  answers.push(await first);
  return answers;
}
