/** Signing (RFC 9591, protocol section 3) crossed with ZcashFoundation's frost-secp256k1: every mix of 3 of 5. */

import { toBigInt, utf8 } from '../src/bytes.js';
import { scalarBytes } from '../src/curve.js';
import * as frost from '../src/frost.js';
import { checkKeyShare, type KeyShare } from '../src/group.js';
import { sha256 } from '../src/hash.js';
import { attempt, generate, subsets } from '../src/threshold/test-group.js';
import { Peer, Refused } from './peer.js';
import { signedByBoth, signTogether } from './signers.js';

const rust = new Peer();
afterAll(() => rust.close());

const digest = sha256(utf8('signed by both'));
const everySubset = [0, 1, 2, 3].flatMap((size) => subsets([0, 1, 2], size));

describe.each([
  ['ours', async () => generate(attempt('signing interop', 5, 3))],
  ['theirs', () => rust.ask('split', { n: 5, threshold: 3 })],
])('a group that was %s', (_, make) => {
  let keys: KeyShare[];
  beforeAll(async () => {
    keys = await make();
  });

  it('has shares that fit what it publishes', () => {
    expect(keys.map((key) => checkKeyShare(key).index)).toEqual([1, 2, 3, 4, 5]);
    for (const { group } of keys) expect(group).toEqual(keys[0]!.group);
  });

  it('signs with any 3 members, whoever of them is in Rust: the aggregates are the same bytes, and both verify', async () => {
    let mixes = 0;
    for (const signers of subsets(keys, 3))
      for (const places of everySubset) {
        await signedByBoth(rust, signers, new Set(places.map((place) => signers[place]!.index)), digest);
        mixes++;
      }
    expect(mixes).toBe(80);
  });

  it.each([[[1, 3]], [[2]], [[1, 2, 3]]])(
    'finds the same liar on both sides, whoever it is, when members %j are in Rust',
    async (inRust) => {
      const [group, signers] = [keys[0]!.group, keys.slice(0, 3)];
      const made = await signTogether(rust, signers, new Set(inRust), digest);
      const { commitments } = made.package;
      for (const [place, share] of made.shares.entries()) {
        const changed = { ...share, share: share.share.with(31, share.share[31]! ^ 1) };
        for (const [one, fits] of [
          [share, true],
          [changed, false],
        ] as const) {
          expect(frost.isSignatureShare(group, commitments, digest, one)).toBe(fits);
          expect(await rust.ask('check-share', { group, package: made.package, share: one })).toBe(fits);
        }
        const shares = made.shares.with(place, changed);
        expect(frost.combineSignature(group, commitments, digest, shares)).toEqual({ culprits: [share.index] });
        const named = `(by member ${share.index})`;
        await expect(rust.ask('aggregate', { group, package: made.package, shares })).rejects.toThrow(named);
      }
    },
  );

  it('has signatures that neither side takes for another digest, key, R or z', async () => {
    const signature = await signedByBoth(rust, keys.slice(1, 4), new Set([3]), digest);
    const { publicKey } = keys[0]!.group;
    const good = { publicKey, digest, signature };
    const next = scalarBytes(toBigInt(signature.slice(33)) + 1n);
    const bad = [
      { ...good, digest: sha256(utf8('another')) },
      { ...good, publicKey: keys[0]!.group.verificationShares.get(1)! },
      { ...good, signature: signature.with(0, signature[0]! ^ 1) },
      { ...good, signature: Uint8Array.of(...signature.slice(0, 33), ...next) },
    ];
    for (const one of bad) {
      expect(frost.isGroupSignature(one.publicKey, one.digest, one.signature)).toBe(false);
      expect(await rust.ask('verify', one)).toBe(false);
    }
  });

  it('gives neither side a signature of fewer than 3', async () => {
    const two = keys.slice(0, 2);
    await expect(signTogether(rust, two, new Set([1, 2]), digest)).rejects.toThrow(Refused);
    await expect(signTogether(rust, two, new Set(), digest)).rejects.toThrow('must be exactly 3, are 2');
  });
});
