/**
 * The share at 0 is the secret, and so is the share at n; shares at i and n + i are one. Binance's tss-lib and
 * libraries of its kind let members choose such identifiers: whoever asks for 0 gets the secret, and two that collide
 * make a division by zero (Trail of Bits, "Disclosing Shamir's Secret Sharing vulnerabilities", 21 December 2021). Here
 * an identifier is a place in a roster, from 1, in 16 bits.
 */

import { G, N, Point } from '../src/curve.js';
import * as frost from '../src/frost.js';
import * as generation from '../src/generation.js';
import { commitmentAt, frostId } from '../src/group.js';
import { sha256 } from '../src/hash.js';
import { lagrangeAtZero, releasePartial, verifyPartial } from '../src/partial.js';
import { attempt, generate } from '../src/threshold/test-group.js';

const coefficients = [4711n, 22n];
const shareAt = (index: bigint) => (coefficients[0]! + coefficients[1]! * (index % N)) % N;
/** λ_i by the formula alone, over unchecked identifiers. */
const lambda = (i: bigint, all: readonly bigint[]) =>
  all.filter((j) => j !== i).reduce((product, j) => (product * j * Point.Fn.inv((((j - i) % N) + N) % N)) % N, 1n);

describe('an identifier that is zero modulo n', () => {
  it('is dealt the secret itself', () => {
    for (const index of [0n, N, 2n * N]) expect(shareAt(index)).toBe(coefficients[0]);
    const points = coefficients.map((a) => G.multiply(a));
    expect(() => commitmentAt(points, 0)).toThrow('index: must be an integer from 1 to 65535');
  });

  it('takes all weight from the others when shares are combined, and all of it when it signs', () => {
    expect(lambda(1n, [0n, 1n])).toBe(0n);
    expect(lambda(0n, [0n, 1n])).toBe(1n);
  });
});

describe('two identifiers that are one modulo n', () => {
  it('have one share, and stop the combination with a division by zero', () => {
    expect(shareAt(N + 1n)).toBe(shareAt(1n));
    expect(() => lambda(1n, [1n, N + 1n])).toThrow('expected non-zero');
  });
});

describe('an identifier outside 1..65535', () => {
  const parameters = attempt('index zero', 3, 2);
  const outside = [0, -1, 1.5, 65536, Number(N), Number.NaN, Infinity];

  it('is no dealer, no receiver, no signer, no storeman and no place of a polynomial', () => {
    const [share] = generate(parameters);
    const context = {
      grantId: new Uint8Array(32),
      epoch: 1,
      sealedKeyHash: new Uint8Array(32),
      C: G,
      recipientKey: G.multiply(2n),
    };
    const random = (length: number) => new Uint8Array(length).fill(1);
    const good = releasePartial(context, 1, 5n, random);
    for (const index of outside) {
      expect(() => generation.deal(parameters, index, sha256())).toThrow('dealer: must be an integer from 1 to 65535');
      expect(() => frostId(index)).toThrow('index: must be an integer from 1 to 65535');
      expect(() => lagrangeAtZero(index, [index, 2])).toThrow('index: must be a whole number from 1 to 65535');
      expect(() => releasePartial(context, index, 5n, random)).toThrow('index: must be a whole number');
      expect(() => verifyPartial(context, G.multiply(5n), { ...good, index })).toThrow('index: must be a whole number');
      const [own, foreign] = [frost.drawNonces(share!), frost.drawNonces(share!)];
      const list = [own.commitment, { ...foreign.commitment, index }];
      expect(() => frost.signShare(share!, own, list, sha256())).toThrow('index: is not in the current epoch');
    }
    expect(() => generation.deal(parameters, 4, sha256())).toThrow('dealer: is above n=3');
    expect(() => lagrangeAtZero(1, [1, 1])).toThrow('indices: names a member twice');
  });
});
