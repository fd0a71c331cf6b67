import { Registry } from 'prom-client';
import type { ChainSet } from './chain-set.js';
import type { GrantWatch } from './grant-watch.js';
import { HaltGauge } from './halt-gauge.js';

describe('the figure of halted chains', () => {
  it('is 1 for a chain whose final block vanished, until its new history is accepted, and 0 for the others', async () => {
    const metrics = new Registry();
    const halted = new Set(['0x01']);
    const uids = Object.entries({ north: '0x01', hub: '0x02' });
    const [chains, watch] = [{ uids: () => uids }, { haltedChains: () => halted }];
    new HaltGauge(chains as unknown as ChainSet, watch as unknown as GrantWatch, { metrics });
    const lines = async () => (await metrics.metrics()).split('\n').filter((line) => line.startsWith('cpds_'));
    expect(await lines()).toEqual([
      'cpds_bridge_chain_halted{chain="north"} 1',
      'cpds_bridge_chain_halted{chain="hub"} 0',
    ]);
    halted.clear();
    expect(await lines()).toEqual([
      'cpds_bridge_chain_halted{chain="north"} 0',
      'cpds_bridge_chain_halted{chain="hub"} 0',
    ]);
  });
});
