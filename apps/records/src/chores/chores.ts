import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Leases, Loop } from '@cpds/store';
import { ExchangeService } from '../exchange/exchange.service.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { OpeningsService } from '../openings/openings.service.js';
import { WithdrawalNotices } from '../openings/withdrawal-notices.js';
import { ReEncryptions } from '../records/re-encryptions.js';
import { RetiredObjects } from '../records/retired-objects.js';
import { Withdrawals } from '../records/withdrawals.service.js';
import { KeyRotations } from '../rotations/key-rotations.service.js';
import { Scrubs } from '../scrubs/scrubs.service.js';

export abstract class ChoresOptions {
  /** between two looks for what is wished, milliseconds */
  abstract readonly pollMs: number;
  /** objects without a row are removed after this, milliseconds */
  abstract readonly orphanAfterMs: number;
  abstract readonly onError: (error: unknown) => void;
}

/** Between two runs of what only tidies up, milliseconds. */
const tidyEveryMs = 60_000;

/**
 * Work that nobody waits for, done by one process at a time. A round is one run of one chore; no chore waits for another,
 * and each may run again at any time.
 */
@Injectable()
export class Chores implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly holding: Loop;

  constructor(
    leases: Leases,
    reEncryptions: ReEncryptions,
    retired: RetiredObjects,
    pending: PendingObjects,
    exchange: ExchangeService,
    openings: OpeningsService,
    scrubs: Scrubs,
    withdrawals: Withdrawals,
    rotations: KeyRotations,
    notices: WithdrawalNotices,
    { pollMs, orphanAfterMs, onError }: ChoresOptions,
  ) {
    const chore = (everyMs: number, run: (stop: AbortSignal) => Promise<unknown>): Loop =>
      new Loop({ round: async (stop) => void (await run(stop)), everyMs, onError });
    const chores = [
      chore(pollMs, (stop) => reEncryptions.workOff(stop)),
      chore(10 * pollMs, (stop) => retired.workOff(stop)),
      chore(pollMs, (stop) => scrubs.workOff(stop)),
      chore(pollMs, (stop) => withdrawals.workOff(stop)),
      chore(pollMs, (stop) => rotations.workOff(stop)),
      chore(pollMs, (stop) => notices.workOff(stop)),
      chore(tidyEveryMs, () => pending.sweep(orphanAfterMs)),
      chore(tidyEveryMs, () => exchange.pruneNonces()),
      chore(tidyEveryMs, () => openings.pruneEnds(orphanAfterMs)),
      chore(tidyEveryMs, () => reEncryptions.prune()),
    ];
    const work = async (held: AbortSignal): Promise<void> =>
      void (await Promise.all(chores.map((loop) => loop.run(held))));
    this.holding = leases.hold('records/chores', work, onError);
  }

  onApplicationBootstrap(): void {
    this.holding.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.holding.stop();
  }
}
