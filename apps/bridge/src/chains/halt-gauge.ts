import { Injectable } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { ChainSet } from './chain-set.js';
import { GrantWatch } from './grant-watch.js';

export abstract class HaltGaugeOptions {
  /** where the figure is kept */
  abstract readonly metrics: Registry;
}

/** 1 for a chain of which a final block vanished, until its new history is accepted. */
@Injectable()
export class HaltGauge {
  constructor(chains: ChainSet, watch: GrantWatch, { metrics }: HaltGaugeOptions) {
    new Gauge({
      name: 'cpds_bridge_chain_halted',
      help: '1 while a final block of the chain has vanished and nobody has accepted its new history',
      labelNames: ['chain'],
      registers: [metrics],
      collect() {
        const halted = watch.haltedChains();
        for (const [chain, uid] of chains.uids()) this.set({ chain }, halted.has(uid) ? 1 : 0);
      },
    });
  }
}
