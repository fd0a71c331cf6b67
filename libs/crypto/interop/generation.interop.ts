/** Key generation (protocol section 3) by members of both implementations, and the attempt in the proof of possession. */

import { checkDealtShare, type DealtShare } from '../src/ceremony.js';
import * as generation from '../src/generation.js';
import { checkKeyShare, type KeyShare } from '../src/group.js';
import { sha256 } from '../src/hash.js';
import { attempt } from '../src/threshold/test-group.js';
import { Peer } from './peer.js';
import { signedByBoth } from './signers.js';

const rust = new Peer();
afterAll(() => rust.close());

const parameters = attempt('generation interop', 5, 3);
const digest = sha256(parameters.attemptId);

/** A dealer of either implementation, between the rounds. */
interface Dealer {
  commitments: generation.DealerCommitments;
  /** Round 2: the shares that it sends, and how it finishes. */
  send(all: readonly generation.DealerCommitments[]): Promise<{
    shares: DealtShare[];
    finish(received: readonly DealtShare[]): Promise<KeyShare>;
  }>;
}

function ours(given: generation.Parameters, index: number): Dealer {
  const dealing: generation.Dealing = generation.deal(given, index, sha256(given.attemptId, Uint8Array.of(index)));
  return {
    commitments: dealing.commitments,
    send: async (all) => ({
      shares: generation.dealtShares(given, dealing, all),
      finish: async (received) => generation.finish(given, dealing, all, received),
    }),
  };
}

/** @param given without an id it deals as the plain library does */
async function theirs(
  given: Omit<generation.Parameters, 'attemptId'>,
  index: number,
  id?: Uint8Array,
): Promise<Dealer> {
  const { n, threshold } = given;
  const dealt = await rust.ask('deal', { attempt: id, dealer: index, n, threshold });
  return {
    commitments: dealt.commitments,
    send: async (all) => {
      const { secret, shares } = await rust.ask('dealt-shares', { attempt: id, secret: dealt.secret, all });
      return { shares, finish: (received) => rust.ask('finish', { attempt: id, secret, all, received }) };
    },
  };
}

async function generateWith(inRust: number[]): Promise<{ all: generation.DealerCommitments[]; keys: KeyShare[] }> {
  const dealers = await Promise.all(
    [1, 2, 3, 4, 5].map((index) =>
      inRust.includes(index) ? theirs(parameters, index, parameters.attemptId) : ours(parameters, index),
    ),
  );
  const all = dealers.map((one) => one.commitments);
  const sent = await Promise.all(dealers.map((one) => one.send(all)));
  const shares = sent.flatMap((one) => one.shares);
  const keys = sent.map((one, place) => one.finish(shares.filter(({ receiver }) => receiver === place + 1)));
  return { all, keys: await Promise.all(keys) };
}

describe('a generation of 3 of 5', () => {
  it.each([[[1]], [[5]], [[2, 4]], [[1, 3, 5]], [[2, 3, 4, 5]], [[1, 2, 3, 4, 5]]])(
    'ends in one key when members %j are in Rust',
    async (inRust) => {
      const { all, keys } = await generateWith(inRust);
      const group = generation.groupOf(parameters, all);
      for (const key of keys) {
        expect(key.group).toEqual(group);
        expect(checkKeyShare(key)).toBe(key);
      }
      await signedByBoth(rust, keys.slice(0, 3), new Set(inRust), digest);
      await signedByBoth(rust, keys.slice(2), new Set(inRust), digest);
    },
  );

  it('takes every share of the other side on its commitments, and names the dealer of a changed one', async () => {
    const dealers = [ours(parameters, 1), ours(parameters, 2), ours(parameters, 3)];
    for (const index of [4, 5]) dealers.push(await theirs(parameters, index, parameters.attemptId));
    const all = dealers.map((one) => one.commitments);
    const sent = await Promise.all(dealers.map((one) => one.send(all)));
    for (const share of sent[3]!.shares) {
      expect(() => checkDealtShare(all[3]!, share)).not.toThrow();
      const changed = { ...share, share: share.share.with(31, share.share[31]! ^ 1) };
      expect(() => checkDealtShare(all[3]!, changed)).toThrow('(by member 4)');
    }
    const toFifth = sent.flatMap((one) => one.shares).filter(({ receiver }) => receiver === 5);
    const spoiled = { ...toFifth[0]!, share: toFifth[1]!.share };
    await expect(sent[4]!.finish([spoiled, ...toFifth.slice(1)])).rejects.toThrow('Invalid secret share');
    expect((await sent[4]!.finish(toFifth)).index).toBe(5);
  });
});

describe('the proof of possession', () => {
  const refused = 'proof: is no proof of possession for this attempt (by member 2)';
  const elsewhere = attempt('another attempt', 5, 3);
  /** The fifth dealer in Rust reads what the second published. */
  const readInRust = async (second: generation.DealerCommitments) => {
    const fifth = await theirs(parameters, 5, parameters.attemptId);
    const others = [1, 3, 4].map((index) => ours(parameters, index).commitments);
    return fifth.send([...others, second, fifth.commitments]);
  };

  it('of a Rust member holds here for its attempt, and not for another', async () => {
    const { commitments } = await theirs(parameters, 2, parameters.attemptId);
    expect(() => generation.checkCommitments(parameters, commitments)).not.toThrow();
    expect(() => generation.checkCommitments(elsewhere, commitments)).toThrow(refused);
    expect(() => generation.checkCommitments(parameters, { ...commitments, dealer: 3 })).toThrow('(by member 3)');
  });

  it('of the plain library, which knows no attempt, is refused here', async () => {
    const { commitments } = await theirs(parameters, 2);
    expect(() => generation.checkCommitments(parameters, commitments)).toThrow(refused);
  });

  it('of ours holds in Rust for its attempt, and for no other', async () => {
    expect((await readInRust(ours(parameters, 2).commitments)).shares).toHaveLength(4);
    await expect(readInRust(ours(elsewhere, 2).commitments)).rejects.toThrow('proof of knowledge');
    await expect(readInRust((await theirs(parameters, 2)).commitments)).rejects.toThrow('proof of knowledge');
  });

  it('of ours is not one that the plain library takes', async () => {
    const plain = await theirs(parameters, 1);
    const others = [2, 3, 4, 5].map((index) => ours(parameters, index).commitments);
    await expect(plain.send([plain.commitments, ...others])).rejects.toThrow('proof of knowledge');
  });

  it('does not save commitments of another length', async () => {
    const { commitments } = await theirs({ n: 5, threshold: 4 }, 2, parameters.attemptId);
    expect(() => generation.checkCommitments(parameters, commitments)).toThrow(
      'points: must be exactly 3, are 4 (by member 2)',
    );
    await expect(readInRust(commitments)).rejects.toThrow('commitment');
  });
});
