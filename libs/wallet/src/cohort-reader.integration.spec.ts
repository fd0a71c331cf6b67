/** A cohort on a real chain, minted by the real registry and read by the wallet. */

import { DeedRegistry } from '@cpds/contracts';
import { fromHex, toBigInt } from '@cpds/crypto/bytes';
import { evenRoot } from '@cpds/crypto/ring';
import { testAnvil } from '@cpds/local';
import { readCohort } from './cohort-reader.js';
import { checkDeed } from './deed-check.js';
import { mint, north } from './testing/facts.js';
import { openChain, rules } from './testing/chain.js';
import { Wallet } from './wallet.js';

describe('reading a cohort', () => {
  let chain: Awaited<ReturnType<typeof openChain>>;
  beforeAll(async () => (chain = await openChain(await testAnvil())));
  afterAll(() => chain.close());

  it('waits for finality, then gives what a deed is checked with', async () => {
    const { head } = chain;
    const wallet = new Wallet(new Uint8Array(32).fill(5));
    const { deed, cohort } = mint(wallet);
    const xs = cohort.xs.map((x) => toBigInt(fromHex(x, 'x')));
    const deedRegistry = await chain.deploy(DeedRegistry.deployData(head.chainUid, chain.account));
    const home = { ...north, chainUid: head.chainUid, deedRegistry, rules };
    await expect(readCohort(head, home, 0)).rejects.toMatchObject({ kind: 'unavailable' });

    const ys = xs.map((x) => evenRoot(x, 'x'));
    const minted = await chain.send(deedRegistry, DeedRegistry.calldata.mint(xs, ys, cohort.commitments));
    expect(minted.succeeded).toBe(true);
    await chain.settled(minted.blockNumber);
    const read = await readCohort(head, home, 0);
    expect(read).toEqual(cohort);
    expect(checkDeed(wallet, deed, read).fileKey).toHaveLength(16);
    await expect(readCohort(head, { ...home, chainUid: north.chainUid }, 0)).rejects.toThrow("north's");
  });
});
