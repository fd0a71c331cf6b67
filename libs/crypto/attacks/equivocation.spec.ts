/**
 * Different messages for different members in round 1. Without a broadcast channel each member's checks hold and no two
 * have the same key. "Forget-and-forgive" (Aumasson and Shlomovits, "Attacking Threshold Wallets", ePrint 2020/1052)
 * told some members that a reshare had failed and others that it had not: a wallet library in use at an exchange lost
 * keys so. Here the hub is the channel: everybody reads the message that it recorded first (protocol section 3).
 */

import type { CeremonyMessage } from '../src/ceremony.js';
import * as frost from '../src/frost.js';
import * as generation from '../src/generation.js';
import type { KeyShare } from '../src/group.js';
import { sha256 } from '../src/hash.js';
import { attempt } from '../src/threshold/test-group.js';

const parameters = attempt('equivocation', 3, 2);
const seed = (fill: number) => sha256(Uint8Array.of(fill));
// Dealt anew at each use: the library marks a polynomial that has finished.
const one = () => generation.deal(parameters, 1, seed(1));
const two = () => generation.deal(parameters, 2, seed(2));
/** The third dealer's polynomials: one for each of the others. */
const toOne = () => generation.deal(parameters, 3, seed(3));
const toTwo = () => generation.deal(parameters, 3, seed(4));

/** The result of `own` after it saw these commitments and got these shares. */
function finish(own: generation.Dealing, ...others: generation.Dealing[]): KeyShare {
  const all: generation.DealerCommitments[] = [own, ...others].map((dealing) => dealing.commitments);
  const received = others
    .flatMap((dealing) => generation.dealtShares(parameters, dealing, all))
    .filter(({ receiver }) => receiver === own.commitments.dealer);
  return generation.finish(parameters, own, all, received);
}

describe('a dealer that commits to one polynomial here and to another there', () => {
  it('leaves every check satisfied and two keys, where members take commitments from one another', () => {
    const shares = [finish(one(), two(), toOne()), finish(two(), one(), toTwo())];
    expect(shares[0]!.group.publicKey).not.toEqual(shares[1]!.group.publicKey);
    // Neither key signs: for each view the other's share is bad.
    const digest = seed(9);
    const nonces = shares.map((share) => frost.drawNonces(share));
    const commitments = nonces.map((drawn) => drawn.commitment);
    const signed = shares.map((share, i) => frost.signShare(share, nonces[i]!, commitments, digest));
    for (const [view, blamed] of [
      [0, 2],
      [1, 1],
    ] as const)
      expect(frost.combineSignature(shares[view]!.group, commitments, digest, signed)).toEqual({ culprits: [blamed] });
  });

  it('has committed once, by what the hub recorded first, whoever reads', async () => {
    const seeds = [1, 2, 3].map(seed);
    let state = generation.start(parameters);
    for (const member of [1, 2, 3])
      state = generation.advance(state, (await generation.due(state, member, seeds[member - 1]!)) as CeremonyMessage);
    const committed = (dealing: generation.Dealing): CeremonyMessage => {
      const { dealer, points, proof } = dealing.commitments;
      return { kind: 'commitments', member: dealer, points, proof };
    };
    const log = [toOne, one, toTwo, two].map((dealing) => committed(dealing()));
    const read = log.reduce(generation.advance, state);
    const honest = log.filter((_, i) => i !== 2).reduce(generation.advance, state);
    expect(read).toEqual(honest);
    expect(read.phase).toBe('shares');
    expect(generation.generatedGroup(read)).toEqual(generation.generatedGroup(honest));
    // And the liar deals from what is on the hub or not at all.
    await expect(generation.due(read, 3, seed(4))).rejects.toThrow("is not that of this member's keys on the hub");
    const all = [one, two, toOne].map((dealing) => dealing().commitments);
    expect(() => generation.dealtShares(parameters, toTwo(), all)).toThrow(
      'are not of the polynomial this node deals from',
    );
  });
});

describe('a coordinator that shows signers different commitments', () => {
  it('gets shares that make no signature under either list', () => {
    const keys = [finish(one(), two(), toOne()), finish(two(), one(), toOne())];
    const digest = seed(9);
    const [first, second, another] = [
      frost.drawNonces(keys[0]!),
      frost.drawNonces(keys[1]!),
      frost.drawNonces(keys[1]!),
    ];
    const lists = [
      [first.commitment, another.commitment],
      [first.commitment, second.commitment],
    ] as const;
    const shares = [
      frost.signShare(keys[0]!, first, lists[0], digest),
      frost.signShare(keys[1]!, second, lists[1], digest),
    ];
    for (const list of lists)
      expect(frost.combineSignature(keys[0]!.group, list, digest, shares)).toHaveProperty('culprits');
    // A signer whose own commitment was exchanged says so at once.
    expect(() => frost.signShare(keys[1]!, another, lists[1], digest)).toThrow('does not hold the own commitment');
  });
});
