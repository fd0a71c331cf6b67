/**
 * Points of another curve. The group law does not use secp256k1's 7, so a point on y² = x³ + 1 of order 6 is multiplied
 * there, and the product tells the secret modulo 6; enough such points tell all of it. TLS servers with Bouncy Castle and
 * Oracle's JSSE gave their keys away so (Jager, Schwenk and Somorovsky, ESORICS 2015; CVE-2015-7940), Bluetooth pairing
 * (CVE-2018-5383), and in JavaScript `elliptic` (CVE-2020-28498) and `secp256k1` (CVE-2024-48930), on this very curve.
 */

import { concat, toHex, u256 } from '../src/bytes.js';
import { parseCapsule } from '../src/capsule.js';
import { G, liftX, N, P, parsePoint, Point, pointFromHex } from '../src/curve.js';
import { parseRingSignature } from '../src/ring.js';
import { parseMetaAddress } from '../src/stealth.js';

type Affine = { x: bigint; y: bigint } | null;
const { Fp } = Point;

/** Chord and tangent of y² = x³ + b: the formulas do not contain b, which makes the attack possible. */
function add(one: Affine, two: Affine): Affine {
  if (!one || !two) return one ?? two;
  if (one.x === two.x && Fp.add(one.y, two.y) === 0n) return null;
  const slope =
    one.x === two.x
      ? Fp.mul(Fp.mul(3n, Fp.mul(one.x, one.x)), Fp.inv(Fp.mul(2n, one.y)))
      : Fp.mul(Fp.sub(two.y, one.y), Fp.inv(Fp.sub(two.x, one.x)));
  const x = Fp.sub(Fp.sub(Fp.mul(slope, slope), one.x), two.x);
  return { x, y: Fp.sub(Fp.mul(slope, Fp.sub(one.x, x)), one.y) };
}
function multiply(point: Affine, scalar: bigint): Affine {
  let sum: Affine = null;
  for (const bit of scalar.toString(2)) {
    sum = add(sum, sum);
    if (bit === '1') sum = add(sum, point);
  }
  return sum;
}

const six = { x: 2n, y: 3n }; // 9 = 8 + 1
const compress = ({ x, y }: { x: bigint; y: bigint }) => concat(Uint8Array.of(2 + Number(y & 1n)), u256(x));

describe('a point of order six', () => {
  it('gives the secret modulo six where nobody looks at the curve', () => {
    expect(multiply(six, 6n)).toBeNull();
    expect(multiply(G.toAffine(), 5n)).toEqual(G.multiply(5n).toAffine()); // the formulas are ours
    for (const secret of [0x1234567890abcdefn ** 4n, N - 1n, N / 3n]) {
      const answer = multiply(six, secret);
      const table = [0n, 1n, 2n, 3n, 4n, 5n].filter((k) => toHex16(multiply(six, k)) === toHex16(answer));
      expect(table).toEqual([secret % 6n]);
    }
  });

  it('has no way in: compressed, it is another point or none', () => {
    // x = 2 lies on secp256k1 as well (15 is a square), with another y: the one that is read.
    expect(parsePoint(compress(six), 'key').toAffine()).not.toEqual(six);
    expect(() => Point.fromAffine(six).assertValidity()).toThrow();
    expect(() => parsePoint(concat(Uint8Array.of(4), u256(six.x), u256(six.y)), 'key')).toThrow('must be 33 bytes');
  });
});

describe('an x whose points lie on the twist', () => {
  const twist = [5n, 7n, 10n, 11n].filter((x) => !Fp.isValid(x) || !isSquare(Fp.add(Fp.pow(x, 3n), 7n)));

  it('is no point wherever one is taken', () => {
    expect(twist).toContain(5n);
    for (const x of twist) {
      const bytes = compress({ x, y: 0n });
      expect(() => parsePoint(bytes, 'key')).toThrow('key: is not a canonical curve point');
      expect(() => pointFromHex(toHex(bytes), 'key')).toThrow('key: is not a canonical curve point');
      expect(() => liftX(x, 'x')).toThrow('x: is not a canonical curve point');
      expect(() => parseMetaAddress(`st:eth:0x${toHex(bytes)}${toHex(bytes)}`)).toThrow('metaAddress.spendingKey');
      expect(() => parseCapsule(concat(bytes, new Uint8Array(129)))).toThrow('capsule.C: is not a canonical');
      expect(() => parseRingSignature(concat(bytes, new Uint8Array(96)), 2)).toThrow('ringSignature.tag');
    }
  });
});

describe('small subgroups', () => {
  it('are none: n is prime and all the points there are (Hasse), so every point but the identity has order n', () => {
    // Points of small order gave CryptoNote's tags second forms (Monero, May 2017), and keys away (Lim and Lee, CRYPTO
    // 1997).
    expect(Point.Fn.pow(3n, N - 1n)).toBe(1n); // Fermat; that n is prime is SEC 2's
    expect(G.multiplyUnsafe(N - 1n).equals(G.negate())).toBe(true);
    const width = 2n * 2n ** 128n; // ≥ 2·√p
    expect(2n * N).toBeGreaterThan(P + 1n + width); // no room for a second coset
    expect(P + 1n - width).toBeLessThan(N);
  });
});

function toHex16(point: Affine): string {
  return point ? `${point.x.toString(16)},${point.y.toString(16)}` : 'identity';
}
function isSquare(value: bigint): boolean {
  return Fp.pow(value, (P - 1n) / 2n) === 1n;
}
