import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { G, N, Point } from './curve.js';
import { dleqBytes, parseDleq, proveDleq, verifyDleq, type DleqStatement } from './dleq.js';
import { gBar } from './tag-base.js';

const scalars = fc.bigInt(1n, N - 1n);
const statementOf = (witness: bigint, message: Uint8Array): DleqStatement => ({
  use: 'open',
  A: G,
  X: G.multiply(witness),
  B: gBar(),
  Z: gBar().multiply(witness),
  message,
});

describe('DLEQ', () => {
  it('verifies for its statement and for no other', () => {
    fc.assert(
      fc.property(scalars, scalars, (witness, other) => {
        fc.pre(witness !== other);
        const statement = statementOf(witness, randomBytes(32));
        const proof = proveDleq(statement, witness, randomBytes);
        expect(verifyDleq(statement, parseDleq(dleqBytes(proof), 'proof'))).toBe(true);
        const changes: Partial<DleqStatement>[] = [
          { use: 'own' },
          { message: randomBytes(32) },
          { A: gBar() },
          { B: G },
          { X: G.multiply(other) },
          { Z: gBar().multiply(other) },
        ];
        for (const change of changes) expect(verifyDleq({ ...statement, ...change }, proof)).toBe(false);
      }),
      { numRuns: 12 },
    );
  });

  it('does not prove a false statement', () => {
    const statement = { ...statementOf(5n, new Uint8Array(32)), Z: gBar().multiply(6n) };
    expect(() => proveDleq(statement, 5n, randomBytes)).toThrow('witness: does not satisfy the open statement');
  });

  it('refuses scalars out of range and the identity', () => {
    const statement = statementOf(5n, new Uint8Array(32));
    const { c, s } = proveDleq(statement, 5n, randomBytes);
    expect(verifyDleq(statement, { c: c + N, s })).toBe(false);
    expect(verifyDleq(statement, { c, s: 0n })).toBe(false);
    expect(verifyDleq({ ...statement, X: Point.ZERO, Z: Point.ZERO }, { c, s })).toBe(false);
    expect(() => parseDleq(new Uint8Array(64), 'proof')).toThrow('proof.c: must lie in [1, n-1]');
    expect(() => parseDleq(new Uint8Array(63), 'proof')).toThrow('proof: must be 64 bytes, has 63');
  });

  it('draws another nonce per message even when randomness is stuck', () => {
    const stuck = (length: number) => new Uint8Array(length);
    const one = proveDleq(statementOf(5n, new Uint8Array(32)), 5n, stuck);
    const two = proveDleq(statementOf(5n, new Uint8Array(32).fill(1)), 5n, stuck);
    // One nonce for both would give w = (s1 - s2) / (c2 - c1).
    const difference = Point.Fn.create(one.s - two.s);
    expect(Point.Fn.mul(difference, Point.Fn.inv(Point.Fn.create(two.c - one.c)))).not.toBe(5n);
  });
});
