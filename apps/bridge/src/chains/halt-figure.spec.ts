import { Metrics } from '@cpds/service';
import type { ChainSet } from './chain-set.js';
import type { GrantWatch } from './grant-watch.js';
import { HaltFigure } from './halt-figure.js';

describe('the figure of halted chains', () => {
  it('is 1 for a chain whose final block vanished, until its new history is accepted, and 0 for the others', async () => {
    const metrics = new Metrics('bridge', 'north', (error) => {
      throw error;
    });
    const halted = new Set(['0x01']);
    const uids = Object.entries({ north: '0x01', hub: '0x02' });
    const [chains, watch] = [{ uids: () => uids }, { haltedChains: () => halted }];
    new HaltFigure(chains as unknown as ChainSet, watch as unknown as GrantWatch, metrics);
    const lines = async () =>
      (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('cpds_bridge_chain_halted'));
    expect(await lines()).toEqual([
      'cpds_bridge_chain_halted{chain="north",service="bridge",party="north"} 1',
      'cpds_bridge_chain_halted{chain="hub",service="bridge",party="north"} 0',
    ]);
    halted.clear();
    expect(await lines()).toEqual([
      'cpds_bridge_chain_halted{chain="north",service="bridge",party="north"} 0',
      'cpds_bridge_chain_halted{chain="hub",service="bridge",party="north"} 0',
    ]);
  });
});
