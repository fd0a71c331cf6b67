import type { TransferDriver } from '../transfers/transfer-driver.js';
import type { ChainSet } from './chain-set.js';
import { ChainsModule } from './chains.module.js';
import type { ConsortiumReader } from './consortium-reader.js';
import type { GrantListener, GrantWatch } from './grant-watch.js';

describe('what a bridge knows from chains', () => {
  it('wakes the driver of transfers at each log of a grant, from its first start on', () => {
    const done: string[] = [];
    const named = (name: string) => ({ start: () => void done.push(`${name} starts`) });
    const listeners: GrantListener[] = [];
    const watch = {
      onGrant: (listener: GrantListener) => void listeners.push(listener),
      start: () => void done.push(`watch starts with ${listeners.length} listener`),
    };
    new ChainsModule(
      named('chains') as unknown as ChainSet,
      named('consortium') as unknown as ConsortiumReader,
      watch as unknown as GrantWatch,
      { wake: () => void done.push('driver wakes') } as unknown as TransferDriver,
    ).onApplicationBootstrap();
    expect(done).toEqual(['consortium starts', 'watch starts with 1 listener', 'chains starts']);
    for (const listener of listeners) listener('0x01', 'locked');
    expect(done.at(-1)).toBe('driver wakes');
  });
});
