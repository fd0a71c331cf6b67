import type { INestApplicationContext } from '@nestjs/common';
import { ChainSet } from './chains/chain-set.js';
import { ConsortiumReader } from './chains/consortium-reader.js';
import { GrantWatch } from './chains/grant-watch.js';
import type { BridgeConfig } from './config.js';
import { bridgeService } from './service.js';

const [hub, north] = ['0x01', '0x02'];

/** What `/readyz` says of each probe while these chains are halted. */
async function readiness(halted: string[], isHubRead = true): Promise<Record<string, boolean>> {
  const parts = new Map<unknown, unknown>([
    [ChainSet, { hub: isHubRead ? { chainUid: hub } : undefined }],
    [GrantWatch, { haltedChains: () => new Set(halted) }],
    [ConsortiumReader, { current: () => (isHubRead ? {} : assertRead()) }],
  ]);
  const app = { get: (part: unknown) => parts.get(part) } as unknown as INestApplicationContext;
  const states = bridgeService.probes!(app, {} as BridgeConfig).map(async ({ name, probe }) => {
    const isUp = await probe().then(
      () => true,
      () => false,
    );
    return [name, isUp] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}

function assertRead(): never {
  throw new Error('not read yet');
}

describe('the readiness of a bridge', () => {
  it('needs the hub, and a hub that has not contradicted itself', async () => {
    expect(await readiness([])).toEqual({ hub: true, 'hub-history': true });
    expect(await readiness([hub!])).toEqual({ hub: true, 'hub-history': false });
    expect(await readiness([], false)).toEqual({ hub: false, 'hub-history': true });
  });

  it('does not need the chain of every hospital: a revoke must find this node all the same', async () => {
    expect(await readiness([north!])).toEqual({ hub: true, 'hub-history': true });
  });
});
