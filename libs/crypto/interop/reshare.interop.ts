/**
 * New shares of an old key: the protocol's reshare (section 3) computed in Rust once more, and ZcashFoundation's refresh
 * and repair run on groups of ours.
 */

import { readFileSync } from 'node:fs';
import { fromHex, toBigInt, u8 } from '../src/bytes.js';
import { N, scalarBytes } from '../src/curve.js';
import * as frost from '../src/frost.js';
import { checkKeyShare, type GroupKey, type KeyShare, type MemberIndex, verificationShare } from '../src/group.js';
import { sha256 } from '../src/hash.js';
import * as reshare from '../src/reshare.js';
import { attempt, generate, subsets } from '../src/threshold/test-group.js';
import { publicOf } from '../src/threshold/group.js';
import { Peer, type Redealing, type Reshared } from './peer.js';
import { signedByBoth, signTogether } from './signers.js';

const rust = new Peer();
afterAll(() => rust.close());

const old = generate(attempt('reshare interop', 5, 3));
const group = old[0]!.group;
const digest = sha256(group.publicKey);
const numbers = (n: number): MemberIndex[] => Array.from({ length: n }, (_, i) => i + 1);

const parametersOf = (from: GroupKey, threshold: number, n: number): reshare.Parameters => ({
  attemptId: sha256(from.publicKey, u8(threshold), u8(n)),
  old: from,
  n,
  nMin: threshold + 1,
  threshold,
});

/** What one dealer sends to members 1..n of the new epoch. */
function dealtBy(share: KeyShare, threshold: number, n: number): Redealing {
  const dealing = reshare.redeal(parametersOf(share.group, threshold, n), share, sha256(u8(share.index)));
  const shares = new Map(numbers(n).map((j) => [j, reshare.redealtShare(dealing, j).share]));
  return { ...dealing.commitments, shares };
}

/** What they add up: the new group, and everybody's share of it. */
function addedUp(from: GroupKey, threshold: number, n: number, dealings: readonly Redealing[]): Reshared {
  const made = numbers(n).map((j) => {
    const received = dealings.map(({ dealer, shares }) => ({ dealer, receiver: j, share: shares.get(j)! }));
    return reshare.finish(parametersOf(from, threshold, n), dealings, numbers(n), j, received);
  });
  return { group: made[0]!.group, secrets: new Map(made.map(({ index, secret }) => [index, secret])) };
}

function redealing(dealer: MemberIndex, polynomial: bigint[], receivers: readonly MemberIndex[]): Redealing {
  const valueAt = (j: number) => polynomial.reduceRight((sum, a) => (sum * BigInt(j) + a) % N, 0n);
  return {
    dealer,
    points: polynomial.map((a) => publicOf(scalarBytes(a))),
    shares: new Map(receivers.map((j) => [j, scalarBytes(valueAt(j))])),
  };
}

function keysOf({ group, secrets }: Reshared): KeyShare[] {
  return [...secrets].map(([index, secret]) => ({ index, secret, group }));
}

describe('a reshare', () => {
  const dealFrom = (dealers: number[], threshold: number, n: number, keys = old) =>
    dealers.map((i) => dealtBy(keys[i - 1]!, threshold, n));

  it.each([
    ['a refresh', [1, 2, 3], 3, 5],
    ['a refresh by others', [2, 4, 5], 3, 5],
    ['more members and a higher threshold', [1, 3, 5], 4, 7],
    ['fewer members and a lower threshold', [3, 4, 5], 2, 3],
  ])('gives the same epoch on both sides: %s', async (_, dealers, threshold, n) => {
    const dealings = dealFrom(dealers, threshold, n);
    const ours = addedUp(group, threshold, n, dealings);
    const theirs = await rust.ask('reshare', { old: group, threshold, receivers: numbers(n), dealings });
    expect(theirs).toEqual(ours);
    expect(theirs.group.publicKey).toEqual(group.publicKey);
    const keys = keysOf(theirs).map(checkKeyShare);
    await signedByBoth(rust, keys.slice(0, threshold), new Set([1, 3]), digest);
    await signedByBoth(rust, keys.slice(-threshold), new Set([n]), digest);
  });

  it('goes on from the epoch that it made, with an even number of dealers', async () => {
    const middle = addedUp(group, 4, 7, dealFrom([1, 3, 5], 4, 7));
    const dealings = dealFrom([2, 3, 6, 7], 3, 5, keysOf(middle));
    const ours = addedUp(middle.group, 3, 5, dealings);
    const theirs = await rust.ask('reshare', { old: middle.group, threshold: 3, receivers: numbers(5), dealings });
    expect(theirs).toEqual(ours);
    expect(theirs.group.publicKey).toEqual(group.publicKey);
    await signedByBoth(rust, keysOf(theirs).map(checkKeyShare).slice(0, 3), new Set([2]), digest);
  });

  it('is refused in Rust where a dealer cheats, and names it', async () => {
    const [first, second, third] = dealFrom([1, 2, 3], 3, 5) as [Redealing, Redealing, Redealing];
    const others = dealFrom([2, 3], 4, 5) as [Redealing, Redealing];
    const moved = new Map(second.shares).set(4, second.shares.get(5)!);
    const stranger = redealing(2, [7n, 8n, 9n], numbers(5));
    const refused = (dealings: Redealing[]) =>
      expect(rust.ask('reshare', { old: group, threshold: 3, receivers: numbers(5), dealings })).rejects;
    await refused([first, { ...second, shares: moved }, third]).toThrow('off the commitments (by member 2)');
    await refused([first, stranger, third]).toThrow('not the old verification share (by member 2)');
    await refused([first, others[0], third]).toThrow('must be 3, are 4 (by member 2)');
    await refused([first, second]).toThrow('dealers: must be 3, are 2');
    await refused([first, second, { ...second }]).toThrow('dealers: one deals twice (by member 2)');
  });
});

it('the reshare vector gives its shares in Rust', async () => {
  const { grant, reshare } = JSON.parse(readFileSync(new URL('../vectors/cpds-v1.json', import.meta.url), 'utf8')) as {
    grant: { Y: string; verificationShares: Record<string, string> };
    reshare: {
      dealers: number[];
      threshold: number;
      polynomials: Record<string, string[]>;
      newShares: Record<string, string>;
    };
  };
  const bytes = (text: string) => fromHex(text, 'vector');
  const shares = Object.entries(grant.verificationShares).map(([i, text]) => [Number(i), bytes(text)] as const);
  const receivers = Object.keys(reshare.newShares).map(Number);
  const made = await rust.ask('reshare', {
    old: { threshold: 3, publicKey: bytes(grant.Y), verificationShares: new Map(shares) },
    threshold: reshare.threshold,
    receivers,
    dealings: reshare.dealers.map((dealer) =>
      redealing(
        dealer,
        reshare.polynomials[dealer]!.map((text) => toBigInt(bytes(text))),
        receivers,
      ),
    ),
  });
  expect(receivers).toHaveLength(7);
  for (const [j, text] of Object.entries(reshare.newShares)) expect(made.secrets.get(Number(j))).toEqual(bytes(text));
});

describe("ZcashFoundation's refresh of a group of ours", () => {
  it('gives shares of the same key that are accepted here and sign with ours', async () => {
    const fresh = await rust.ask('refresh', old);
    expect(fresh.map((key) => checkKeyShare(key).index)).toEqual([1, 2, 3, 4, 5]);
    for (const [place, key] of fresh.entries()) {
      expect(key.group).toEqual(fresh[0]!.group);
      expect(key.group.publicKey).toEqual(group.publicKey);
      expect(key.secret).not.toEqual(old[place]!.secret);
    }
    for (const signers of subsets(fresh, 3)) await signedByBoth(rust, signers, new Set([signers[1]!.index]), digest);
  });

  it('leaves a member out who takes no part', async () => {
    const fresh = await rust.ask('refresh', old.slice(0, 4));
    expect([...fresh[0]!.group.verificationShares.keys()]).toEqual([1, 2, 3, 4]);
    await signedByBoth(rust, fresh.slice(1), new Set([2]), digest);
  });

  it('lets no old share sign among new ones: both sides name its owner', async () => {
    const fresh = await rust.ask('refresh', old);
    const stale = { ...fresh[0]!, secret: old[0]!.secret };
    expect(() => checkKeyShare(stale)).toThrow('does not belong to the published verification share');
    const made = await signTogether(rust, [stale, fresh[1]!, fresh[2]!], new Set([2]), digest);
    const ours = frost.combineSignature(stale.group, made.package.commitments, digest, made.shares);
    expect(ours).toEqual({ culprits: [1] });
    await expect(rust.ask('aggregate', { group: stale.group, ...made })).rejects.toThrow('(by member 1)');
  });
});

describe("ZcashFoundation's repair in a group of ours", () => {
  it.each([[1], [3], [5]])('gives member %d the share it lost, from any 3 others', async (lost) => {
    const others = old.filter(({ index }) => index !== lost);
    for (const helpers of subsets(others, 3))
      expect(await rust.ask('repair', { helpers, lost })).toEqual(old[lost - 1]!.secret);
  });

  it.each([[6], [258], [65_535]])('makes the share of a new member %d, who signs with ours', async (index) => {
    const secret = await rust.ask('repair', { helpers: old.slice(0, 3), lost: index });
    const shares = new Map(group.verificationShares).set(index, publicOf(secret));
    const grown = { ...group, verificationShares: shares };
    const keys = [...old.slice(3), { index, secret }].map((key) => ({ ...key, group: grown }));
    await signedByBoth(rust, keys, new Set([index]), digest);
    await signedByBoth(rust, keys, new Set([4]), digest);
  });

  it('gives another number from fewer than 3 helpers, which is refused here', async () => {
    const secret = await rust.ask('repair', { helpers: old.slice(0, 2), lost: 5 });
    expect(publicOf(secret)).not.toEqual(verificationShare(group, 5));
    expect(() => checkKeyShare({ index: 5, secret, group })).toThrow('share.secret');
  });
});
