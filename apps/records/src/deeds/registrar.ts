import { randomBytes, randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type Call, connectOwnChain, type OwnChain, type SendOutcome, type SentTransaction } from '@cpds/chain';
import { DeedRegistry, type Hex } from '@cpds/contracts';
import { to0x, toBigInt } from '@cpds/crypto/bytes';
import { assert, bug } from '@cpds/errors';
import { events } from '@cpds/messages';
import { Changes, type Outcome, told, unchanged, untold } from '@cpds/outbox';
import { OwnChainAccess } from '@cpds/service';
import { Leases, Loop, pause, UnitOfWork } from '@cpds/store';
import { Interface } from 'ethers';
import { assemble, choose, type CohortMember } from './cohort.js';
import { CohortRow, DeedRow } from './deed.row.js';
import { oldestPending } from './pending-deeds.js';

/** This hospital's chain, ready to mint on. */
export type DeedChain = OwnChain<'deedRegistry'>;

export abstract class RegistrarOptions {
  /** The oldest pending deed waits this long, milliseconds; never shortened because somebody asks. */
  abstract readonly flushAfterMs: number;
}

/** Between two tries to reach chains or to repeat a refused mint, milliseconds. */
const retryMs = 1_000;

/**
 * Mints pending deeds in whole cohorts (protocol section 5). A round opens the chain, or puts due cohorts together and looks
 * where each mint stands.
 *
 * Crash story: a cohort's deeds, its row and its enqueued mint commit together, and the sender sends each mint once; so
 * a kill at any line neither loses a deed nor mints one twice. Deeds are current when their mint is final.
 */
@Injectable()
export class Registrar implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: Loop;
  private chain: DeedChain | undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly leases: Leases,
    private readonly access: OwnChainAccess,
    private readonly options: RegistrarOptions,
  ) {
    const { pollMs, onError } = access;
    this.loop = new Loop({ round: (stop) => this.round(stop), everyMs: pollMs, retryMs, onError });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    await this.chain?.sender.stop();
  }

  private async round(stop: AbortSignal): Promise<void> {
    if (!this.chain) await this.connect();
    else await this.step(this.chain, stop);
  }

  private async connect(): Promise<void> {
    const { unitOfWork, leases, access } = this;
    const chain = await connectOwnChain({
      ...access,
      contracts: ['deedRegistry'],
      interfaces: [new Interface(DeedRegistry.abi)],
      unitOfWork,
      leases,
      onSigned: (tx, sent) => this.changes.within(tx, leafOf(sent)),
    });
    await chain.sender.start();
    this.chain = chain;
  }

  private async step(chain: DeedChain, stop: AbortSignal): Promise<void> {
    // Another process of this service mints, so this one has nothing to do.
    if (!chain.sender.isWriter) return;
    while (await this.assembleOne(chain));
    const assembled = { where: { state: 'assembled' as const }, order: { assembledAt: 'ASC' as const } };
    for (const cohort of await this.unitOfWork.reader.find(CohortRow, assembled)) {
      try {
        await this.follow(chain, cohort, stop);
      } catch (error) {
        this.access.onError(error); // one that cannot be followed holds up no other
      }
    }
  }

  /** Puts the next cohort together when its oldest deed has waited; false when none is due. */
  private async assembleOne(chain: DeedChain): Promise<boolean> {
    return this.changes.commit(async (tx) => {
      // One at a time: two at once could put one deed into two cohorts.
      await tx.manager.query(`SELECT pg_advisory_xact_lock(hashtext('cpds/registrar'))`);
      const pending = await oldestPending(tx, this.options.flushAfterMs);
      if (!pending.some(({ isDue }) => isDue)) return unchanged(false);
      const chosen = choose(pending);
      const cohort = assemble(chosen, (length) => new Uint8Array(randomBytes(length)));
      const id = randomUUID();
      await tx.manager.insert(CohortRow, {
        id,
        state: 'assembled',
        attempt: 1,
        commitmentsHash: Buffer.from(cohort.commitmentsHash),
      });
      for (const { x, y, commitment } of cohort.padding)
        await tx.manager.insert(DeedRow, {
          x: Buffer.from(x),
          y: Buffer.from(y),
          commitment: Buffer.from(commitment),
          objectId: null,
          ephemeralKey: null,
          viewTag: null,
          cohortId: id,
        });
      for (const { x } of chosen) await tx.manager.update(DeedRow, { x: Buffer.from(x) }, { cohortId: id });
      await chain.sender.enqueue(tx, mintKey(id, 1), mintCall(chain.contracts.deedRegistry, cohort.members));
      return untold('a cohort is told of when its mint is signed', true);
    });
  }

  /** Looks at the state of a cohort's mint and takes the next step. */
  private async follow(chain: DeedChain, cohort: CohortRow, stop: AbortSignal): Promise<void> {
    const outcome = await chain.sender.outcome(mintKey(cohort.id, cohort.attempt));
    assert(outcome, 'a cohort and its wish commit together');
    switch (outcome.state) {
      case 'queued':
      case 'sent':
      case 'mined':
        return;
      case 'final':
        return this.finish(chain, cohort, outcome);
      case 'refused':
        // The registry names another account, or is not deployed at its address: only an operator can mend that, so
        // keep trying.
        this.access.onError(
          bug('mint-refused', `the registry refuses the cohort: ${outcome.revert?.name ?? 'unknown'}`),
        );
        await pause(retryMs, stop);
        await chain.sender.submit(mintKey(cohort.id, cohort.attempt), await this.callOf(chain, cohort));
        return;
      case 'reverted':
      case 'cancelled':
        this.access.onError(bug('mint-failed', `the mint of a cohort ended ${outcome.state}`));
        return this.mintAgain(chain, cohort, stop);
    }
  }

  private async finish(
    chain: DeedChain,
    cohort: CohortRow,
    outcome: Extract<SendOutcome, { state: 'final' }>,
  ): Promise<void> {
    const number = await this.mintedNumber(chain, outcome.hash);
    await this.changes.commit(async (tx) => {
      const { affected } = await tx.manager.update(
        CohortRow,
        { id: cohort.id, state: 'assembled' },
        { state: 'final', number, finalAt: new Date() },
      );
      if (affected !== 1) return unchanged();
      return told({
        type: events.cohortFinal,
        correlation: cohort.id,
        details: { cohort: number, transaction: outcome.hash, blockHash: outcome.blockHash, gasUsed: outcome.gasUsed },
      });
    });
  }

  private async mintAgain(chain: DeedChain, cohort: CohortRow, stop: AbortSignal): Promise<void> {
    const call = await this.callOf(chain, cohort);
    await this.changes.commit(async (tx) => {
      await tx.manager.update(CohortRow, { id: cohort.id }, { attempt: cohort.attempt + 1 });
      await chain.sender.enqueue(tx, mintKey(cohort.id, cohort.attempt + 1), call);
      return untold('a mint is told of when it is signed');
    });
    await pause(retryMs, stop);
  }

  /** The cohort's index, as its own transaction's event tells it. */
  private async mintedNumber(chain: DeedChain, hash: Hex): Promise<number> {
    const receipt = await chain.reader.receipt(hash);
    for (const log of receipt?.logs ?? []) {
      const event = log.address === chain.contracts.deedRegistry ? DeedRegistry.decodeLog(log) : undefined;
      if (event?.name === 'CohortMinted') return Number(event.args.cohort);
    }
    throw bug('mint-without-event', 'a final mint carries no CohortMinted');
  }

  private async callOf(chain: DeedChain, cohort: CohortRow): Promise<Call> {
    const deeds = await this.unitOfWork.reader.find(DeedRow, { where: { cohortId: cohort.id }, order: { x: 'ASC' } });
    return mintCall(chain.contracts.deedRegistry, deeds);
  }
}

/** The audit leaf of a mint (protocol I9), in the transaction that stores the signed bytes. */
function leafOf({ key, hash, chainUid, to }: SentTransaction): Outcome<void> {
  return told({
    type: events.cohortMinted,
    correlation: key.split('/')[1] ?? key,
    details: { transaction: hash, chainUid, to },
  });
}

/** The sender's name for one mint: what is sent once. */
export function mintKey(cohortId: string, attempt: number): string {
  return `cohort/${cohortId}/${attempt}`;
}

function mintCall(registry: Hex, members: readonly CohortMember[]): Call {
  const xs = members.map(({ x }) => toBigInt(x));
  const ys = members.map(({ y }) => toBigInt(y));
  return {
    to: registry,
    data: DeedRegistry.calldata.mint(
      xs,
      ys,
      members.map(({ commitment }) => to0x(commitment)),
    ),
  };
}
