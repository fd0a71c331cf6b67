import { randomBytes } from 'node:crypto';
import { ascii, concat, toBigInt, u256 } from './bytes.js';
import { addressOf, compressed, G, liftX, N, P, Point, xy } from './curve.js';
import { keccak256 } from './hash.js';
import { ringHash, signRing, type RingStatement } from './lsag.js';
import { paddingDeed, tagBase, tagDomain, tagOf } from './tag-base.js';
import { expandRing } from './witness.js';

const domain = tagDomain(new Uint8Array(32).fill(1), new Uint8Array(20).fill(2));
const mod = (value: bigint) => ((value % P) + P) % P;

/** The check of WITNESS.md, written from its text with field arithmetic only, as a contract does it. */
function accepts(statement: RingStatement, c0: bigint, words: readonly bigint[]): boolean {
  let at = 0;
  let c = c0;
  const tag = Point.fromBytes(statement.tag);
  for (const deedX of statement.xs) {
    const [s, ax, ay, bx, by, slope] = words.slice(at, at + 6) as [bigint, bigint, bigint, bigint, bigint, bigint];
    at += 6;
    let H: { x: bigint; y: bigint } | undefined;
    for (let counter = 0; H === undefined; counter++) {
      const x = toBigInt(keccak256(concat(domain, u256(deedX), Uint8Array.of(statement.slot, counter))));
      const root = words[at++];
      if (root === undefined) return false;
      const rhs = mod(x ** 3n + 7n);
      if (x >= N) continue;
      if (mod(root * root) === rhs) {
        if (root % 2n !== 0n) return false;
        H = { x, y: root };
      } else if (mod(root * root) !== mod(-rhs)) return false;
    }
    // The two calls of ecrecover with a zero message: A = s·H, B = c·I.
    if (
      !Point.fromAffine(H)
        .multiplyUnsafe(s)
        .equals(Point.fromAffine({ x: ax, y: ay }))
    )
      return false;
    if (!tag.multiplyUnsafe(c).equals(Point.fromAffine({ x: bx, y: by }))) return false;
    if (ax === bx || mod(slope * (bx - ax)) !== mod(by - ay)) return false;
    const rx = mod(slope * slope - ax - bx);
    const ry = mod(slope * (ax - rx) - ay);
    const L = G.multiplyUnsafe(s).add(liftX(deedX, 'x').multiplyUnsafe(c));
    const head = concat(ascii('cpds/v1/lsag'), statement.message, ringHash(statement.slot, statement.xs), xy(tag));
    c = toBigInt(keccak256(head, addressOf(L), u256(rx), u256(ry))) % N;
  }
  return at === words.length && c === c0;
}

describe('witness of a ring signature', () => {
  const secret = [3n, 4n, 5n, 6n, 7n, 8n].find((d) => G.multiply(d).toAffine().y % 2n === 0n)!;
  const x = G.multiply(secret).toAffine().x;
  const xs = [x, ...Array.from({ length: 15 }, () => paddingDeed(randomBytes(32)).toAffine().x)];
  const tag = compressed(tagOf(tagBase(domain, x, 17), secret));
  const statement: RingStatement = { message: randomBytes(32), tagDomain: domain, slot: 17, xs, tag };
  const compact = signRing(statement, secret, randomBytes);

  it('is accepted by the text of WITNESS.md', () => {
    const { c0, words } = expandRing(statement, compact);
    expect(accepts(statement, c0, words)).toBe(true);
  });

  it('has about eight words a member', () => {
    const { words } = expandRing(statement, compact);
    // Six and a root for each x that was tried, of which every second is on the curve.
    const tried = xs.map((one) => tagBase(domain, one, statement.slot).tried.length);
    expect(words).toHaveLength(tried.reduce((sum, roots) => sum + 6 + roots, 0));
  });

  it('is not made of a signature that does not verify', () => {
    expect(() => expandRing({ ...statement, message: randomBytes(32) }, compact)).toThrow(
      'ringSignature: does not verify',
    );
    expect(() => expandRing({ ...statement, tag: compressed(G) }, compact)).toThrow('ringSignature: does not verify');
  });
});
