/**
 * Different messages for different members in round 1. Without a broadcast channel each member's checks hold and no two
 * have the same key. "Forget-and-forgive" (Aumasson and Shlomovits, "Attacking Threshold Wallets", ePrint 2020/1052) told
 * some members that a reshare had failed and others that it had not: a wallet library in use at an exchange lost keys so.
 * Here the hub is the channel: what it recorded first is what everybody reads (protocol section 3).
 */

import {
  advance,
  combineSignature,
  deal,
  dealtShares,
  drawNonces,
  due,
  finishGeneration,
  generatedGroup,
  sha256,
  signShare,
  startCeremony,
  type CeremonyMessage,
  type DealerCommitments,
  type Dealing,
  type KeyShare,
} from '../src/index.js';
import { attempt } from '../src/threshold/test-group.js';

const parameters = attempt('equivocation', 3, 2);
const seed = (fill: number) => sha256(Uint8Array.of(fill));
// Dealt anew at each use: the library marks a polynomial that has finished.
const one = () => deal(parameters, 1, seed(1));
const two = () => deal(parameters, 2, seed(2));
/** The third dealer's polynomials: one for each of the others. */
const toOne = () => deal(parameters, 3, seed(3));
const toTwo = () => deal(parameters, 3, seed(4));

/** What `own` ends with when it saw these commitments and got these shares. */
function finish(own: Dealing, ...others: Dealing[]): KeyShare {
  const all: DealerCommitments[] = [own, ...others].map((dealing) => dealing.commitments);
  const received = others
    .flatMap((dealing) => dealtShares(parameters, dealing, all))
    .filter(({ receiver }) => receiver === own.commitments.dealer);
  return finishGeneration(parameters, own, all, received);
}

describe('a dealer that commits to one polynomial here and to another there', () => {
  it('leaves every check satisfied and two keys, where members take commitments from one another', () => {
    const shares = [finish(one(), two(), toOne()), finish(two(), one(), toTwo())];
    expect(shares[0]!.group.publicKey).not.toEqual(shares[1]!.group.publicKey);
    // Neither key signs: for each view the other's share is bad.
    const digest = seed(9);
    const nonces = shares.map((share) => drawNonces(share));
    const commitments = nonces.map((drawn) => drawn.commitment);
    const signed = shares.map((share, i) => signShare(share, nonces[i]!, commitments, digest));
    for (const [view, blamed] of [
      [0, 2],
      [1, 1],
    ] as const)
      expect(combineSignature(shares[view]!.group, commitments, digest, signed)).toEqual({ culprits: [blamed] });
  });

  it('has committed once, by what the hub recorded first, whoever reads', async () => {
    const seeds = [1, 2, 3].map(seed);
    let state = startCeremony(parameters);
    for (const member of [1, 2, 3])
      state = advance(state, (await due(state, member, seeds[member - 1]!)) as CeremonyMessage);
    const committed = (dealing: Dealing): CeremonyMessage => {
      const { dealer, points, proof } = dealing.commitments;
      return { kind: 'commitments', member: dealer, points, proof };
    };
    const log = [toOne, one, toTwo, two].map((dealing) => committed(dealing()));
    const read = log.reduce(advance, state);
    const honest = log.filter((_, i) => i !== 2).reduce(advance, state);
    expect(read).toEqual(honest);
    expect(read.phase).toBe('shares');
    expect(generatedGroup(read)).toEqual(generatedGroup(honest));
    // And the liar deals from what is on the hub or not at all.
    await expect(due(read, 3, seed(4))).rejects.toThrow("is not that of this member's keys on the hub");
    const all = [one, two, toOne].map((dealing) => dealing().commitments);
    expect(() => dealtShares(parameters, toTwo(), all)).toThrow('are not of the polynomial this node deals from');
  });
});

describe('a coordinator that shows signers different commitments', () => {
  it('gets shares that make no signature under either list', () => {
    const keys = [finish(one(), two(), toOne()), finish(two(), one(), toOne())];
    const digest = seed(9);
    const [first, second, another] = [drawNonces(keys[0]!), drawNonces(keys[1]!), drawNonces(keys[1]!)];
    const lists = [
      [first.commitment, another.commitment],
      [first.commitment, second.commitment],
    ] as const;
    const shares = [signShare(keys[0]!, first, lists[0], digest), signShare(keys[1]!, second, lists[1], digest)];
    for (const list of lists) expect(combineSignature(keys[0]!.group, list, digest, shares)).toHaveProperty('culprits');
    // A signer whose own commitment was exchanged says so at once.
    expect(() => signShare(keys[1]!, another, lists[1], digest)).toThrow('does not hold the own commitment');
  });
});
