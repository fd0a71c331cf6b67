/**
 * The rogue key: whoever commits last subtracts the others' constant terms and owns the sum. It breaks key aggregation
 * without proofs of possession (Ristenpart and Yilek, EUROCRYPT 2007) and Pedersen's generation with them left out.
 */

import { fromHex } from '../src/bytes.js';
import { compressed, G, parsePoint, Point } from '../src/curve.js';
import * as generation from '../src/generation.js';
import { sha256 } from '../src/hash.js';
import { attempt, dealAll } from '../src/threshold/test-group.js';

const parameters = attempt('rogue key', 3, 2);
const { all } = dealAll(parameters);
const constantOf = (dealer: number) => parsePoint(all[dealer - 1]!.points[0]!, 'points[0]');
const a = 4711n;
const rogue = G.multiply(a).subtract(constantOf(1)).subtract(constantOf(2));
const published = { ...all[2]!, points: [compressed(rogue), all[2]!.points[1]!] };

describe('a constant term that cancels the others', () => {
  it('makes a key whose secret one member knows, where commitments are only summed', () => {
    const sum = [1, 2].reduce((total, dealer) => total.add(constantOf(dealer)), Point.ZERO).add(rogue);
    expect(sum.equals(G.multiply(a))).toBe(true);
  });

  it('is refused: its owner does not know its logarithm, so no proof of possession fits', () => {
    const others = [all[0]!, all[1]!];
    const fresh = generation.deal(attempt('rogue key', 3, 2), 3, sha256(new Uint8Array(3))).commitments.proof;
    for (const proof of [
      published.proof,
      others[0]!.proof,
      fresh,
      new Uint8Array(65),
      fromHex('02'.repeat(65), 'proof'),
    ])
      expect(() => generation.checkCommitmentSet(parameters, [...others, { ...published, proof }])).toThrow(
        'proof: is no proof of possession for this attempt (by member 3)',
      );
    expect(() => generation.groupOf(parameters, [...others, published])).toThrow('(by member 3)');
  });

  it('is refused as a copy of another constant term, whose proof is bound to its dealer', () => {
    const copy = { ...all[0]!, dealer: 3 };
    expect(() => generation.checkCommitmentSet(parameters, [all[0]!, all[1]!, copy])).toThrow('(by member 3)');
  });
});
