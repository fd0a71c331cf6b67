/** The README's code, which stands here word for word, compiled and run. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ChainReader } from '@cpds/chain/read';
import { readCohort } from './cohort-reader.js';
import { checkDeed } from './deed-check.js';
import { hospitalOn } from './hub-facts.js';
import { MemoryStorage } from './memory-storage.js';
import { checkRequest } from './request.js';
import { own } from './testing/facts.js';
import { World } from './testing/world.js';
import { consentLines } from './view.js';
import { WalletHolder } from './wallet-holder.js';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const requestId = '0b5f1f9e-6d0b-4a53-9d4b-2f1f3f1d7a11';

describe('the README', () => {
  const shownLines: string[][] = [];
  const show = (lines: readonly string[]): void => void shownLines.push([...lines]);
  const storage = new MemoryStorage();
  let world: World;

  beforeAll(async () => {
    world = await World.open();
    await (await WalletHolder.create(storage, world.pins)).enrol('a'.repeat(16));
  });
  afterAll(() => world.close());

  it('shows no code but this file’s', () => {
    const here = read('readme.integration.spec.ts').replace(/^ +/gm, '');
    const blocks = [...read('../README.md').matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code as string);
    expect(blocks.filter((code) => !here.includes(code))).toEqual([]);
    expect(blocks).toHaveLength(2);
  });

  it('takes a patient from a request to its revocation', async () => {
    const { recordId } = (await (await WalletHolder.open(storage)).deeds())[0]!;

    const holder = await WalletHolder.open(storage);
    const request = await holder.request(requestId);
    const review = await holder.review(request, await holder.deedOf(recordId));
    show(review.lines);
    const { grantId } = await holder.consent(review);
    await holder.revoke(grantId);

    expect(world.revocations).toMatchObject([{ kind: 'revoke', grantId }]);
  });

  it('makes the checks behind a review one by one', async () => {
    const holder = await WalletHolder.open(storage);
    const { wallet } = holder;
    const [received, shown] = [await holder.request(requestId), (await holder.deeds())[0]!];
    const hub = await holder.facts();
    const { chainUid: homeUid, rpcUrls: urls } = world.pins.home;
    const home = await ChainReader.connect({ name: 'north', urls });
    const now = Math.floor(Date.now() / 1000);

    const request = checkRequest(received, own, hub, now);
    const deed = checkDeed(wallet, shown, await readCohort(home, hospitalOn(hub, homeUid), shown.cohort));
    show(consentLines(request, deed, request.request.period.end));

    expect(shownLines).toHaveLength(2);
    expect(shownLines[1]).toEqual(shownLines[0]);
  });
});
