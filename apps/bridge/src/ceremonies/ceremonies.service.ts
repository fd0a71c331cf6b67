import { fromHex } from '@cpds/crypto/bytes';
import type { KeyRing } from '@cpds/crypto/custody';
import * as generation from '@cpds/crypto/generation';
import { keyIdOf, StoremanRegistry, type StoremanRegistryEvent } from '@cpds/contracts';
import { ChainFollower, type ChainLog, type ChainReader, type FinalBatch, type Sender } from '@cpds/chain';
import { events, type Hex } from '@cpds/messages';
import { told, untold, type Changes, type Outcome } from '@cpds/outbox';
import type { Tx, UnitOfWork } from '@cpds/store';
import { randomBytes } from 'node:crypto';
import { CeremonyLogRow, CeremonyRow } from './ceremony.row.js';
import { KeyShareRow } from './key-share.row.js';
import type { KeyShares } from './key-shares.js';
import { calldataOf, ceremonyEventOf, membersOf } from './registry-log.js';
import { rosterFault, type ConfiguredRoster } from './roster.js';

export abstract class CeremoniesOptions {
  /** StoremanRegistry on the hub */
  abstract readonly registry: string;
  abstract readonly roster: ConfiguredRoster;
  /** seals seeds */
  abstract readonly ring: KeyRing;
  abstract readonly onError: (error: unknown) => void;
}

/** What ceremonies need once the hub answers. */
export interface HubCeremoniesOptions extends CeremoniesOptions {
  hub: ChainReader;
  sender: Sender;
}

/** How often a post that the chain refused is made anew; after that the deadline decides. */
const maxTries = 8;
/** Members record a missed deadline one after another, seconds apart: one transaction is enough. */
const expireTurnSeconds = 4;

const phaseNames = {
  Keys: 'keys',
  Commitments: 'commitments',
  Shares: 'shares',
  Complaints: 'complaints',
  Verdict: 'verdict',
  Finish: 'finish',
};

type PhaseBegan = Extract<StoremanRegistryEvent, { name: 'PhaseBegan' }>;

/** The events of one attempt, decoded, in the order of the chain. */
type AttemptLog = StoremanRegistryEvent[];

/**
 * This storeman's part in key ceremonies (protocol section 3): follows StoremanRegistry at finality, folds each attempt's
 * log, and posts what is due. Both purposes run side by side.
 *
 * Crash story: the log of an attempt is stored as the follower delivers it, and the attempt's seed before anything that
 * follows from it is sent; a post is a row of the sender in the transaction that decides it. So after a kill at any line
 * the same fold finds the same next post, and one that was queued is not made twice. The share is stored in the transaction
 * that queues `finish`: the hub never records a key whose share this node has lost.
 */
export class CeremoniesService {
  private readonly follower: ChainFollower;
  private unwatch: () => void = () => undefined;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly shares: KeyShares,
    private readonly options: HubCeremoniesOptions,
  ) {
    this.follower = new ChainFollower({
      reader: options.hub,
      unitOfWork,
      name: 'ceremonies',
      filter: { addresses: [options.registry] },
      onFinal: async (tx, batch) => {
        for (const outcome of await this.record(tx, batch)) await this.changes.within(tx, outcome);
      },
    });
  }

  /** Delivers final logs, takes up open attempts, and goes on with each new head. */
  async start(): Promise<void> {
    await this.follower.start();
    this.unwatch = this.options.hub.watch((snapshot) => this.look(snapshot.final.timestamp));
  }

  async stop(): Promise<void> {
    this.unwatch();
    await this.follower.stop();
    await this.turn;
  }

  /** Looks at every open attempt, one look at a time: sends the posts that are due, records a deadline that passed. */
  look(finalTime: number): Promise<void> {
    this.turn = this.turn.then(async () => {
      try {
        const open = await this.unitOfWork.reader.findBy(CeremonyRow, { state: 'open' });
        for (const row of open) await this.step(row, finalTime).catch(this.options.onError);
      } catch (error) {
        this.options.onError(error); // the next head tries again; a turn that failed must not end all turns
      }
    });
    return this.turn;
  }

  /** Stores a batch of final logs, in the transaction that moves the follower's cursor. */
  private async record(tx: Tx, batch: FinalBatch): Promise<Outcome<void>[]> {
    const outcomes = [untold('the hub tells of its log itself; this is a copy to fold')];
    for (const log of batch.logs) {
      const event = StoremanRegistry.decodeLog(log);
      if (!event || !('attemptId' in event.args)) continue;
      const attemptId = event.args.attemptId.toLowerCase() as Hex;
      if (event.name === 'AttemptProposed') await this.take(tx, attemptId, event);
      const row = await tx.manager.findOneBy(CeremonyRow, { attemptId });
      if (!row || row.state === 'refused') continue;
      await store(tx, attemptId, log);
      if (event.name === 'AttemptFailed') outcomes.push(await this.fail(tx, row, event));
      if (event.name === 'GroupActivated') outcomes.push(await this.finish(tx, row));
    }
    const { timestamp } = batch.through;
    tx.afterCommit(() => void this.look(timestamp));
    return outcomes;
  }

  /** Decides whether to take part in an attempt that names this node. */
  private async take(
    tx: Tx,
    attemptId: Hex,
    event: Extract<StoremanRegistryEvent, { name: 'AttemptProposed' }>,
  ): Promise<void> {
    const { counter, purpose: named, roster, t, nMin, phaseSeconds } = event.args;
    const place = roster.findIndex((account) => account.toLowerCase() === this.options.sender.account);
    if (place < 0 || named === 'None') return;
    const purpose = named === 'Sign' ? 'sign' : 'seal';
    const parameters = { t: Number(t), nMin: Number(nMin), phaseSeconds: Number(phaseSeconds) };
    const proposed = { attemptId, counter, purpose, roster, ...parameters } as const;
    const hub = { uid: this.options.hub.chainUid, registry: this.options.registry };
    const holdsKey = await tx.manager.existsBy(CeremonyRow, { purpose, state: 'done' });
    const reason = holdsKey ? `a ${purpose} key exists` : rosterFault(proposed, this.options.roster, hub);
    const seed = new Uint8Array(randomBytes(32));
    const row: CeremonyRow = {
      attemptId,
      keyId: keyIdOf(attemptId) as Hex,
      purpose,
      state: reason === null ? 'open' : 'refused',
      memberIndex: place + 1,
      n: roster.length,
      threshold: Number(t),
      sealedSeed: reason === null ? Buffer.from(this.options.ring.seal(seedPlaceOf(attemptId), seed)) : null,
      reason,
    };
    await tx.manager.createQueryBuilder().insert().into(CeremonyRow).values(row).orIgnore().execute();
    if (reason !== null) this.options.onError(new RosterRefused(attemptId, reason));
  }

  /** Erases the secrets of a failed attempt: another attempt never uses its polynomial. */
  private async fail(
    tx: Tx,
    row: CeremonyRow,
    event: Extract<StoremanRegistryEvent, { name: 'AttemptFailed' }>,
  ): Promise<Outcome<void>> {
    const { phase } = event.args;
    const culprits = membersOf(event.args.culprits);
    const wasJudged = phase === 'Verdict';
    const blame = wasJudged ? 'at fault' : 'silent';
    const reason = [`failed in ${phase}`, ...(culprits.length > 0 ? [`${blame}: ${culprits.join(', ')}`] : [])].join(
      ', ',
    );
    await tx.manager.update(CeremonyRow, { attemptId: row.attemptId }, { state: 'failed', sealedSeed: null, reason });
    await tx.manager.delete(KeyShareRow, { keyId: row.keyId });
    if (!wasJudged) return untold('the hub names whoever was silent');
    const { attemptId, purpose } = row;
    const details = { attemptId, purpose, reason: 'complaints', culprits };
    return told({ type: events.memberBlamed, correlation: attemptId, details });
  }

  private async finish(tx: Tx, row: CeremonyRow): Promise<Outcome<void>> {
    await tx.manager.update(CeremonyRow, { attemptId: row.attemptId }, { state: 'done', sealedSeed: null });
    return told({
      type: events.keyGenerated,
      correlation: row.attemptId,
      details: { keyId: row.keyId, purpose: row.purpose, epoch: 1, index: row.memberIndex },
    });
  }

  private async step(row: CeremonyRow, finalTime: number): Promise<void> {
    const began = await this.phaseOf(row.attemptId);
    if (!began) return;
    if (finalTime >= Number(began.endsAt) + expireTurnSeconds * (row.memberIndex - 1)) {
      await this.post(row, 'expire', () => Promise.resolve({ data: StoremanRegistry.calldata.expire(row.attemptId) }));
      return;
    }
    if (began.phase === 'Signing') {
      await this.post(row, 'sign', () => Promise.resolve({ data: StoremanRegistry.calldata.sign(row.attemptId) }));
      return;
    }
    const phase = phaseNames[began.phase as keyof typeof phaseNames];
    if (phase === undefined) return;
    await this.post(row, phase, async () => {
      const state = fold(row, await logOf(this.unitOfWork.reader, row.attemptId));
      if (state.end) await this.noteEnd(row, state);
      if (state.phase !== phase) return null;
      const seed = this.options.ring.open(seedPlaceOf(row.attemptId), new Uint8Array(row.sealedSeed!));
      const post = await generation.due(state, row.memberIndex, seed);
      return post && { data: calldataOf(row.attemptId, post, row.n), share: shareOf(post) };
    });
  }

  /** The hub's latest phase of an attempt; null before the first. */
  private async phaseOf(attemptId: Hex): Promise<PhaseBegan['args'] | null> {
    const row = await this.unitOfWork.reader
      .createQueryBuilder(CeremonyLogRow, 'log')
      .where('log.attempt_id = :attemptId AND log.topics ->> 0 = :topic', {
        attemptId,
        topic: StoremanRegistry.topics.PhaseBegan,
      })
      .orderBy('log.block_number', 'DESC')
      .addOrderBy('log.log_index', 'DESC')
      .getOne();
    return row && (StoremanRegistry.decodeLog(row) as PhaseBegan).args;
  }

  /** Queues the transaction of a phase unless one is on its way; `make` runs only when it is needed. */
  private async post(
    row: CeremonyRow,
    phase: string,
    make: () => Promise<{ data: Hex; share?: { index: number; secret: Uint8Array } } | null>,
  ): Promise<void> {
    const key = await this.freeKey(row.attemptId, phase);
    if (key === null) return;
    const made = await make();
    if (made === null) return;
    await this.changes.commit(async (tx) => {
      const { purpose, keyId, attemptId } = row;
      if (made.share) await this.shares.store(tx, { purpose, keyId, epoch: 1, ...made.share }, new Date());
      await this.options.sender.enqueue(tx, key, { to: this.options.registry, data: made.data });
      return told({
        type: events.ceremonyPosted,
        correlation: attemptId,
        details: { attemptId, purpose, phase },
      });
    });
  }

  /** The key under which a phase's transaction may be queued; null when one is queued, on its way or done. */
  private async freeKey(attemptId: Hex, phase: string): Promise<string | null> {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const key = `ceremony:${attemptId}:${phase}:${attempt}`;
      const outcome = await this.options.sender.outcome(key);
      if (outcome === null) return key;
      if (!['refused', 'reverted', 'cancelled'].includes(outcome.state)) return null;
    }
    return null;
  }

  /** A bad post by somebody ends the attempt for everyone who reads the log; the deadline then records it on the hub. */
  private async noteEnd(row: CeremonyRow, { end }: generation.State): Promise<void> {
    const reason = `${end!.reason} by ${end!.culprits.map((member) => `member ${member}`).join(', ')}`;
    if (row.reason === reason) return;
    await this.changes.commit(async (tx) => {
      await tx.manager.update(CeremonyRow, { attemptId: row.attemptId }, { reason });
      const details = { attemptId: row.attemptId, purpose: row.purpose, ...end! };
      return told({ type: events.memberBlamed, correlation: row.attemptId, details });
    });
  }
}

async function logOf(manager: Pick<Tx['manager'], 'find'>, attemptId: Hex): Promise<AttemptLog> {
  const rows = await manager.find(CeremonyLogRow, {
    where: { attemptId },
    order: { blockNumber: 'ASC', logIndex: 'ASC' },
  });
  return rows.map((row) => StoremanRegistry.decodeLog(row)!);
}

/** The attempt as its log tells it. */
function fold({ attemptId, n, threshold }: CeremonyRow, log: AttemptLog): generation.State {
  const start = generation.start({ attemptId: fromHex(attemptId, 'attemptId', 32), n, threshold });
  return log.map(ceremonyEventOf).reduce((state, event) => (event ? generation.advance(state, event) : state), start);
}

function shareOf(post: generation.DuePost): { index: number; secret: Uint8Array } | undefined {
  return post.kind === 'finish' ? { index: post.share.index, secret: post.share.secret } : undefined;
}

async function store(tx: Tx, attemptId: Hex, { blockNumber, logIndex, topics, data }: ChainLog): Promise<void> {
  const row = { blockNumber, logIndex, attemptId, topics: [...topics], data };
  await tx.manager.createQueryBuilder().insert().into(CeremonyLogRow).values(row).orIgnore().execute();
}

/** Name of an attempt's seed, for sealing. */
export function seedPlaceOf(attemptId: string): string {
  return `ceremony/${attemptId}`;
}

/** Reported to the operator: an attempt names this node, and its configuration does not allow it. */
export class RosterRefused extends Error {
  constructor(
    readonly attemptId: string,
    reason: string,
  ) {
    super(`attempt ${attemptId} was not signed: ${reason}`);
  }
}
