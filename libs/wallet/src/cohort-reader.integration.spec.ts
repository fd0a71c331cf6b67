/** A cohort on a real chain, minted by the real registry and read by the wallet. */

import { ChainReader, Rpc } from '@cpds/chain/read';
import { DeedRegistry, type Hex } from '@cpds/contracts';
import { evenRoot, fromHex, toBigInt } from '@cpds/crypto';
import { testAnvil } from '@cpds/local';
import { Wallet as Account } from 'ethers';
import { readCohort } from './cohort-reader.js';
import { checkDeed } from './deed-check.js';
import { mint, north } from './testing.js';
import { Wallet } from './wallet.js';

const rules = { finality: { kind: 'depth', depth: 2 }, blockSeconds: 1, maxHeadAgeSeconds: 3600 } as const;

describe('reading a cohort', () => {
  let chain: Awaited<ReturnType<typeof testAnvil>>;
  beforeAll(async () => (chain = await testAnvil()));
  afterAll(() => chain.close());

  it('waits for finality, then gives what a deed is checked with', async () => {
    const reader = await ChainReader.connect({ name: 'north', urls: [chain.url], rules });
    const rpc = new Rpc(chain.url);
    const account = new Account(chain.keys[1]!);
    const send = async (to: string | null, data: Hex) => {
      const raw = await account.signTransaction({
        to,
        data,
        chainId: reader.chainId,
        nonce: await reader.transactionCount(account.address),
        gasLimit: 5_000_000n,
        maxFeePerGas: 20_000_000_000n,
        maxPriorityFeePerGas: 1_000_000_000n,
        type: 2,
      });
      const hash = await rpc.request<Hex>('eth_sendRawTransaction', [raw]);
      return until(() => reader.receipt(hash));
    };
    const wallet = new Wallet(new Uint8Array(32).fill(5));
    const { deed, cohort } = mint(wallet);
    const xs = cohort.xs.map((x) => toBigInt(fromHex(x, 'x')));
    const deployed = await send(null, DeedRegistry.deployData(reader.chainUid, account.address));
    const home = { ...north, chainUid: reader.chainUid, deedRegistry: deployed.contractAddress!, rules };
    await expect(readCohort(reader, home, 0)).rejects.toMatchObject({ kind: 'unavailable' });

    const ys = xs.map((x) => evenRoot(x, 'x'));
    const minted = await send(home.deedRegistry, DeedRegistry.calldata.mint(xs, ys, cohort.commitments));
    expect(minted.succeeded).toBe(true);
    await until(async () => ((await reader.final()).number >= minted.blockNumber ? true : null));
    const read = await readCohort(reader, home, 0);
    expect(read).toEqual(cohort);
    expect(checkDeed(wallet, deed, read).fileKey).toHaveLength(16);
    await expect(readCohort(reader, { ...home, chainUid: north.chainUid }, 0)).rejects.toThrow("north's");
  });
});

/** The first answer that is not null; the chain makes a block a second. */
async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
