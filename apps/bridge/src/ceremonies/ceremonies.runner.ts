import { toAppError, unavailable } from '@cpds/errors';
import type { Outbox } from '@cpds/outbox';
import { pause, type UnitOfWork } from '@cpds/store';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { ChainSet } from '../chains/chain-set.js';
import { CeremoniesService, type CeremoniesOptions } from './ceremonies.service.js';
import type { KeyShares } from './key-shares.js';

const retryMs = 250;

/** Starts the ceremonies when the hub answers, however late that is, and stops them with the process. */
export class CeremoniesRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<CeremoniesService | undefined> = Promise.resolve(undefined);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly shares: KeyShares,
    private readonly chains: ChainSet,
    private readonly options: Omit<CeremoniesOptions, 'hub' | 'sender'>,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.begin();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await (await this.running)?.stop();
  }

  private async begin(): Promise<CeremoniesService | undefined> {
    while (!this.stopping.signal.aborted) {
      try {
        const hub = this.chains.hub;
        if (!hub) throw unavailable('chain-away', 'the hub does not answer yet');
        const sender = this.chains.senderOf(hub.chainUid);
        const ceremonies = new CeremoniesService(this.unitOfWork, this.outbox, this.shares, {
          ...this.options,
          hub,
          sender,
        });
        await ceremonies.start();
        return ceremonies;
      } catch (error) {
        // while the hub is away the chain set tells why; here it is only waited for
        if (toAppError(error).code !== 'chain-away') this.options.onError(error);
        await pause(retryMs, this.stopping.signal);
      }
    }
    return undefined;
  }
}
