import { Metrics } from '@cpds/service';
import { Injectable } from '@nestjs/common';
import { ChainSet } from './chain-set.js';
import { GrantWatch } from './grant-watch.js';

/** 1 for a chain of which a final block vanished, until its new history is accepted. */
@Injectable()
export class HaltFigure {
  constructor(chains: ChainSet, watch: GrantWatch, metrics: Metrics) {
    metrics.gauge(
      'cpds_bridge_chain_halted',
      '1 while a final block has vanished and nobody accepted the new history',
      ['chain'],
      async () => {
        const halted = watch.haltedChains();
        return chains.uids().map(([chain, uid]) => ({ labels: { chain }, value: halted.has(uid) ? 1 : 0 }));
      },
    );
  }
}
