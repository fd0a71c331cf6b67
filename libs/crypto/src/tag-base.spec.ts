import fc from 'fast-check';
import { G, N, P, Point } from './curve.js';
import { evenRoot, paddingDeed, tagBase, tagBaseRoots, tagDomain, tagOf } from './tag-base.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const domain = tagDomain(new Uint8Array(32).fill(1), new Uint8Array(20).fill(2));

describe('tag base', () => {
  it('gives roots with which a contract can check every counter', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, N - 1n), fc.integer({ min: 0, max: 255 }), (x, slot) => {
        const base = tagBase(domain, x, slot);
        const roots = tagBaseRoots(base);
        expect(roots).toHaveLength(base.counter + 1);
        base.tried.forEach((tried, counter) => {
          const rhs = Point.Fp.create(tried ** 3n + 7n);
          const square = Point.Fp.sqr(roots[counter]!);
          expect(square).toBe(counter === base.counter ? rhs : Point.Fp.neg(rhs));
        });
        expect(roots.at(-1)! % 2n).toBe(0n);
      }),
      { numRuns: 60 },
    );
  });

  it('gives none for a base that was not tried last', () => {
    const slot = Array.from({ length: 256 }, (_, i) => i).find((one) => tagBase(domain, 5n, one).counter > 0)!;
    const base = tagBase(domain, 5n, slot);
    const tried = [...base.tried.slice(0, -1), base.tried[0]!];
    expect(() => tagBaseRoots({ ...base, tried })).toThrow('tried: does not end in the x of the base');
  });

  it('differs for every deed, slot, chain and contract', () => {
    const other = tagDomain(new Uint8Array(32).fill(1), new Uint8Array(20).fill(3));
    const points = [tagBase(domain, 5n, 0), tagBase(domain, 5n, 1), tagBase(domain, 6n, 0), tagBase(other, 5n, 0)].map(
      ({ point }) => point.toHex(),
    );
    expect(new Set(points).size).toBe(points.length);
  });

  it('refuses a slot that is not one byte', () => {
    for (const slot of [-1, 256, 1.5, Number.NaN])
      expect(() => tagBase(domain, 5n, slot)).toThrow('slot: must be a whole number from 0 to 255');
  });

  it('refuses a domain, chainUid or address of another width', () => {
    expect(() => tagBase(new Uint8Array(31), 5n, 0)).toThrow('tagDomain: must be 32 bytes');
    expect(() => tagDomain(new Uint8Array(31), new Uint8Array(20))).toThrow('chainUid: must be 32 bytes');
    expect(() => tagDomain(new Uint8Array(32), new Uint8Array(21))).toThrow('lockedAccount: must be 20 bytes');
  });

  it('refuses secret scalars outside [1, n-1]', () => {
    expect(() => tagOf(tagBase(domain, 5n, 0), 0n)).toThrow('deedSecret: must lie in [1, n-1]');
    expect(() => tagOf(tagBase(domain, 5n, 0), N)).toThrow('deedSecret: must lie in [1, n-1]');
  });
});

describe('padding deeds', () => {
  it('are keys of the same shape as patients’ deeds, each with its root', () => {
    fc.assert(
      fc.property(bytes(32), (random) => {
        const { x, y } = paddingDeed(random).toAffine();
        expect(x < N && y % 2n === 0n).toBe(true);
        expect(evenRoot(x, 'x')).toBe(y);
      }),
      { numRuns: 30 },
    );
  });
});

describe('evenRoot', () => {
  it('refuses an x that is on no curve point', () => {
    let x = 1n;
    while (Point.Fp.pow(x ** 3n + 7n, (P - 1n) / 2n) === 1n) x++;
    expect(() => evenRoot(x, 'x')).toThrow('x: x is on no curve point');
    expect(() => evenRoot(P, 'x')).toThrow('x: x is out of range');
  });

  it('is even for the base point too, whatever its y', () => {
    expect(evenRoot(G.toAffine().x, 'x') % 2n).toBe(0n);
  });
});
