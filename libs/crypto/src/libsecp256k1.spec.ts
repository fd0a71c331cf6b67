import { randomBytes } from '@noble/hashes/utils.js';
import { G, N, Point } from './curve.js';
import { libsecp256k1 } from './libsecp256k1.js';
import { signRing, verifyRing } from './lsag.js';
import { nobleArithmetic, usePublicArithmetic, type PublicArithmetic } from './public-arithmetic.js';
import { tagBase, tagDomain, tagOf } from './tag-base.js';
import { expandRing } from './witness.js';

const scalar = (): bigint => (BigInt(`0x${Buffer.from(randomBytes(40)).toString('hex')}`) % (N - 1n)) + 1n;
const edges = [1n, 2n, 3n, N >> 1n, (N >> 1n) + 1n, N - 2n, N - 1n];

describe('the two arithmetics of public scalars', () => {
  afterEach(() => usePublicArithmetic(nobleArithmetic));

  const both = (ask: (arithmetic: PublicArithmetic) => Point) => {
    const [ours, theirs] = [ask(libsecp256k1), ask(nobleArithmetic)];
    expect(ours.equals(theirs)).toBe(true);
    return ours;
  };

  it('give the same for random scalars and at the edges', () => {
    const P = G.multiply(scalar());
    const Q = G.multiply(scalar());
    for (const a of [...edges, scalar(), scalar(), scalar()]) {
      both((one) => one.multiply(P, a));
      both((one) => one.multiply(G, a));
      for (const b of [1n, N - 1n, scalar()]) {
        both((one) => one.combine(P, a, Q, b));
        both((one) => one.combine(G, a, Q, b));
        both((one) => one.combine(P, a, G, b));
      }
    }
  });

  it('give the identity where it is the answer, and take it where it is asked about', () => {
    const P = G.multiply(scalar());
    const a = scalar();
    for (const X of [P, G]) {
      expect(both((one) => one.combine(X, a, X, N - a)).is0()).toBe(true);
      expect(both((one) => one.combine(X, a, X.negate(), a)).is0()).toBe(true);
      expect(both((one) => one.combine(X, a, X, a)).is0()).toBe(false);
    }
    expect(both((one) => one.multiply(Point.ZERO, a)).is0()).toBe(true);
    both((one) => one.combine(Point.ZERO, a, P, 2n));
    both((one) => one.combine(P, 2n, Point.ZERO, a));
    both((one) => one.combine(G, 2n, Point.ZERO, a));
    both((one) => one.combine(Point.ZERO, 2n, Point.ZERO, a));
  });

  it('sign, verify and expand the same ring signature', () => {
    const domain = tagDomain(new Uint8Array(32).fill(1), new Uint8Array(20).fill(2));
    const secrets = Array.from({ length: 4 }, () => {
      const secret = scalar();
      return G.multiply(secret).toAffine().y % 2n === 0n ? secret : N - secret;
    });
    const xs = secrets.map((secret) => G.multiply(secret).toAffine().x);
    const tag = tagOf(tagBase(domain, xs[2]!, 5), secrets[2]!).toBytes(true);
    const statement = { message: new Uint8Array(32).fill(3), tagDomain: domain, slot: 5, xs, tag };
    const fixed = (length: number) => new Uint8Array(length).fill(4);
    const results = [libsecp256k1, nobleArithmetic].map((arithmetic) => {
      usePublicArithmetic(arithmetic);
      const signature = signRing(statement, secrets[2]!, fixed);
      return { signature, isValid: verifyRing(statement, signature), witness: expandRing(statement, signature) };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0]!.isValid).toBe(true);
  });
});
