/** A chain, a database and a contract for the tests of this folder; blocks come only when `mine` makes them. */

import { Leases, openStore, UnitOfWork } from '@cpds/store';
import { testAnvil, testPostgres } from '@cpds/local';
import { chainEntities, chainMigrations, ChainReader, Rpc } from '../index.js';
import { deployTestContract } from './contract.js';

export const testRules = { finality: { kind: 'depth', depth: 2 }, blockSeconds: 1, maxHeadAgeSeconds: 3600 } as const;

export async function openWorld() {
  const [anvil, postgres] = await Promise.all([testAnvil(), testPostgres()]);
  const rpc = new Rpc(anvil.url);
  const address = await deployTestContract(anvil.url, anvil.keys[1]!);
  await rpc.request('evm_setIntervalMining', [0]);
  const store = await openStore({ url: postgres.url, entities: chainEntities, migrations: chainMigrations });
  return {
    anvil,
    rpc,
    address,
    store,
    unitOfWork: new UnitOfWork(store),
    leases: new Leases(store, 50),
    /** Mines blocks one second apart. */
    mine: (blocks = 1) => rpc.request('anvil_mine', [`0x${blocks.toString(16)}`, '0x1']),
    /** A reader as a process of its own would have. */
    reader: async (pollMs = 20) =>
      (await ChainReader.connect({ name: 'test', urls: [anvil.url], pollMs })).adopt(testRules),
    close: async () => {
      await store.destroy();
      await Promise.all([anvil.close(), postgres.close()]);
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** Waits until `probe` gives a value, looking every 20 ms; fails after 20 s saying what it waited for. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (let i = 0; i < 1000; i++) {
    const value = await probe();
    if (value !== null && value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${what}`);
}
