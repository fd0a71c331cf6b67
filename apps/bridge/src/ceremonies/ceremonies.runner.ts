import { toAppError, unavailable } from '@cpds/errors';
import { Changes } from '@cpds/outbox';
import { Loop, UnitOfWork } from '@cpds/store';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ChainSet } from '../chains/chain-set.js';
import { CeremoniesOptions, CeremoniesService } from './ceremonies.service.js';
import { KeyShares } from './key-shares.js';

/** Between two tries, milliseconds: a ceremony's phases are short. */
const retryMs = 250;

/** Starts the ceremonies when the hub answers, however late that is, and stops them with the process. A round is one try. */
@Injectable()
export class CeremoniesRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly beginning: Loop;
  private ceremonies: CeremoniesService | undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly shares: KeyShares,
    private readonly chains: ChainSet,
    private readonly options: CeremoniesOptions,
  ) {
    this.beginning = new Loop({
      round: () => this.begin(),
      everyMs: retryMs,
      onError: (error) => {
        // while the hub is away the chain set reports why; here the loop only waits
        if (toAppError(error).code !== 'chain-away') options.onError(error);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.beginning.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.beginning.stop();
    await this.ceremonies?.stop();
  }

  private async begin(): Promise<'done'> {
    const hub = this.chains.hub;
    if (!hub) throw unavailable('chain-away', 'the hub does not answer yet');
    const sender = this.chains.senderOf(hub.chainUid);
    const ceremonies = new CeremoniesService(this.unitOfWork, this.changes, this.shares, {
      ...this.options,
      hub,
      sender,
    });
    await ceremonies.start();
    this.ceremonies = ceremonies;
    return 'done';
  }
}
