/** A wallet's consent on a real chain: the contract locks it, refuses wrong ones, and ends it when the wallet revokes. */

import { randomBytes } from 'node:crypto';
import { DeedRegistry, LockedAccount, toGrantData, type Hex } from '@cpds/contracts';
import { fromHex, toBigInt } from '@cpds/crypto/bytes';
import { G } from '@cpds/crypto/curve';
import { evenRoot, expandRing, tagDomain } from '@cpds/crypto/ring';
import { testAnvil } from '@cpds/local';
import { consent, type MadeConsent } from './consent.js';
import { checkDeed } from './deed-check.js';
import { checkRequest } from './request.js';
import { readMinWindow } from './home-reader.js';
import { runnerAt } from './hub-reader.js';
import { hex, hub, mint, north, own, parameters, request, south } from './testing/facts.js';
import { openChain, rules } from './testing/chain.js';
import { Wallet } from './wallet.js';

const wallet = new Wallet(new Uint8Array(32).fill(5));
const minted = mint(wallet);
const xs = minted.cohort.xs.map((x) => toBigInt(fromHex(x, 'x')));

describe('a consent on the home chain', () => {
  let chain: Awaited<ReturnType<typeof openChain>>;
  let lockedAccount: Hex;
  let made: MadeConsent;

  /** Calldata as the hospital's relayer makes it from the compact signature. */
  function lockData({ grantId, consent: { grant, ringSignature } }: MadeConsent, signed = made): Hex {
    const domain = tagDomain(fromHex(chain.reader.chainUid, 'uid'), fromHex(lockedAccount, 'account'));
    const statement = {
      message: fromHex(signed.grantId, 'grantId'),
      tagDomain: domain,
      slot: grant.slot,
      xs,
      tag: fromHex(grant.tag, 'tag'),
    };
    const { c0, words } = expandRing(statement, fromHex(ringSignature, 'ringSignature'));
    expect(grantId).toHaveLength(66);
    return LockedAccount.calldata.lock(toGrantData(grant), 0, minted.deed.commitmentsHash, xs, c0, words);
  }

  async function statusOf(grantId: Hex): Promise<string[]> {
    const runner = runnerAt(chain.reader, await chain.reader.head());
    const { status, reason } = await new LockedAccount(lockedAccount, runner).lockOf(grantId);
    return [status, reason];
  }

  async function consentNow(usedSlots = new Set<number>()): Promise<MadeConsent> {
    const { timestamp } = await chain.reader.head();
    const home = { ...north, chainUid: chain.reader.chainUid, lockedAccount, rules };
    const facts = { ...hub, hospitals: [home, south] };
    const period = { start: timestamp, end: timestamp + 3600 };
    const input = {
      request: checkRequest(request({ period, requestExpires: period.end }), own, facts, timestamp),
      deed: checkDeed(wallet, minted.deed, minted.cohort),
      minWindowSeconds: await readMinWindow(chain.head, home),
      parameters: { ...parameters, homeUid: home.chainUid, lockedAccount, homeTime: timestamp },
      hub: facts,
      homeUid: home.chainUid,
      usedSlots,
      now: timestamp,
    };
    return consent(wallet, input, randomBytes);
  }

  beforeAll(async () => {
    chain = await openChain(await testAnvil());
    const uid = chain.reader.chainUid;
    const registry = await chain.deploy(DeedRegistry.deployData(uid, chain.account));
    const ys = xs.map((x) => evenRoot(x, 'x'));
    await chain.send(registry, DeedRegistry.calldata.mint(xs, ys, minted.cohort.commitments));
    const groupKey = G.multiply(7n).toAffine();
    lockedAccount = await chain.deploy(LockedAccount.deployData(uid, registry, hex(8), groupKey, 30));
    await chain.settled((await chain.reader.head()).number);
    made = await consentNow();
  });
  afterAll(() => chain.close());

  it('is locked by its ring signature, once', async () => {
    const locked = await chain.send(lockedAccount, lockData(made));
    expect(locked.succeeded).toBe(true);
    expect(await statusOf(made.grantId)).toEqual(['Locked', 'None']);
    expect((await chain.send(lockedAccount, lockData(made))).succeeded).toBe(false);
  });

  it('is not locked when the grant differs from the signed one', async () => {
    const other = await consentNow(new Set([made.consent.grant.slot]));
    const changed = { ...other, consent: { ...other.consent, grant: { ...other.consent.grant, notAfter: 2 ** 33 } } };
    expect((await chain.send(lockedAccount, lockData(changed, other))).succeeded).toBe(false);
    expect((await chain.send(lockedAccount, lockData(other, other))).succeeded).toBe(true);
  });

  it('ends by the wallet’s revocation and by no other signature', async () => {
    const grant = toGrantData(made.consent.grant);
    const stranger = `0x${'11'.repeat(64)}1b`;
    expect((await chain.send(lockedAccount, LockedAccount.calldata.revoke(grant, stranger))).succeeded).toBe(false);
    const { signature } = wallet.revocation(chain.reader.chainUid, made.consent.grant);
    expect((await chain.send(lockedAccount, LockedAccount.calldata.revoke(grant, signature))).succeeded).toBe(true);
    expect(await statusOf(made.grantId)).toEqual(['Closed', 'Revoked']);
  });

  it('never stands when it was revoked before the lock', async () => {
    const early = await consentNow(new Set([made.consent.grant.slot]));
    const { signature } = wallet.revocation(chain.reader.chainUid, early.consent.grant);
    const revoke = LockedAccount.calldata.revoke(toGrantData(early.consent.grant), signature);
    expect((await chain.send(lockedAccount, revoke)).succeeded).toBe(true);
    expect(await statusOf(early.grantId)).toEqual(['Void', 'None']);
    expect((await chain.send(lockedAccount, lockData(early, early))).succeeded).toBe(false);
  });
});
