import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { ascii, concat } from './bytes.js';
import { addressOf, challenge, compressed, G, N, Point, xy } from './curve.js';
import { keccak256 } from './hash.js';
import {
  closeRing,
  compactSignature,
  parseRingSignature,
  ringHash,
  signRing,
  verifyRing,
  type RingStatement,
} from './lsag.js';
import { metaAddressOf, newDeedKey, oneTimeSecret } from './stealth.js';
import { paddingDeed, tagBase, tagDomain, tagOf } from './tag-base.js';

const domain = tagDomain(new Uint8Array(32).fill(1), new Uint8Array(20).fill(2));
const spending = 77n;
const meta = metaAddressOf({ spending, viewing: 78n });

/** A ring of `size` with one real deed at `index`, the rest padding that nobody has a key to. */
function ring(size: number, index: number, slot: number): { statement: RingStatement; secret: bigint } {
  const deed = newDeedKey(meta, randomBytes);
  const secret = oneTimeSecret(spending, deed.sharedScalar);
  const xs = Array.from({ length: size }, (_, i) =>
    i === index ? deed.key.toAffine().x : paddingDeed(randomBytes(32)).toAffine().x,
  );
  const tag = compressed(tagOf(tagBase(domain, xs[index]!, slot), secret));
  return { statement: { message: randomBytes(32), tagDomain: domain, slot, xs, tag }, secret };
}

describe('ring signature', () => {
  it('verifies wherever the signer stands, and never for anything else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8 }).chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1))),
        fc.nat(255),
        ([size, index], slot) => {
          const { statement, secret } = ring(size, index, slot);
          const compact = signRing(statement, secret, randomBytes);
          expect(compact).toHaveLength(65 + 32 * size);
          expect(verifyRing(statement, compact)).toBe(true);
          expect(verifyRing({ ...statement, message: randomBytes(32) }, compact)).toBe(false);
          expect(verifyRing({ ...statement, slot: (slot + 1) % 256 }, compact)).toBe(false);
          expect(verifyRing({ ...statement, tagDomain: randomBytes(32) }, compact)).toBe(false);
          expect(verifyRing({ ...statement, xs: [...statement.xs].reverse() }, compact)).toBe(false);
          expect(verifyRing({ ...statement, tag: compressed(G) }, compact)).toBe(false);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('fails when any scalar of it is changed', () => {
    const { statement, secret } = ring(4, 2, 9);
    const compact = signRing(statement, secret, randomBytes);
    for (let at = 64; at < compact.length; at += 32) {
      const changed = Uint8Array.from(compact);
      changed[at]! ^= 1;
      expect(verifyRing(statement, changed)).toBe(false);
    }
  });

  it('does not repeat itself, and does not lose its nonce when randomness fails', () => {
    const { statement, secret } = ring(3, 1, 0);
    const stuck = (length: number) => new Uint8Array(length);
    const first = parseRingSignature(signRing(statement, secret, stuck), 3);
    const second = parseRingSignature(signRing({ ...statement, message: randomBytes(32) }, secret, stuck), 3);
    // Were the nonce the same for both messages, s and c of the two would give the secret.
    expect(second.s[1]).not.toBe(first.s[1]);
    expect(second.s[0]).not.toBe(first.s[0]);
    expect(signRing(statement, secret, randomBytes)).not.toEqual(signRing(statement, secret, randomBytes));
  });

  it('gives one tag per deed and slot', () => {
    const { statement, secret } = ring(3, 0, 5);
    const again = { ...statement, message: randomBytes(32) };
    const tag = (compact: Uint8Array) => compact.slice(0, 33);
    expect(tag(signRing(statement, secret, randomBytes))).toEqual(tag(signRing(again, secret, randomBytes)));
  });

  it('refuses to sign for a deed outside the ring, a foreign tag, a ring with a repeated deed', () => {
    const { statement, secret } = ring(3, 0, 5);
    expect(() => signRing(statement, secret + 1n, randomBytes)).toThrow(
      'deedSecret: is the key of no deed of the ring',
    );
    expect(() => signRing({ ...statement, tag: compressed(G) }, secret, randomBytes)).toThrow(
      'tag: is not the tag of this deed and slot',
    );
    const xs = [statement.xs[0]!, statement.xs[0]!];
    expect(() => signRing({ ...statement, xs }, secret, randomBytes)).toThrow('xs: names a deed twice');
    expect(() => signRing({ ...statement, xs: [statement.xs[0]!] }, secret, randomBytes)).toThrow(
      'xs: must name 2 to 256 deeds',
    );
  });

  it('refuses an L that is the identity, though the chain closes over it', () => {
    // Two deeds of one owner: s_1 = -c_1·x_1 makes L_1 the identity, whose address a contract would see as zero.
    const deeds = [newDeedKey(meta, randomBytes), newDeedKey(meta, randomBytes)];
    const secrets = deeds.map((deed) => oneTimeSecret(spending, deed.sharedScalar)) as [bigint, bigint];
    const xs = deeds.map((deed) => deed.key.toAffine().x);
    const bases = xs.map((x) => tagBase(domain, x, 1).point) as [Point, Point];
    const tag = bases[0].multiply(secrets[0]);
    const message = randomBytes(32);
    const statement = { message, tagDomain: domain, slot: 1, xs, tag: compressed(tag) };
    const head = concat(ascii('cpds/v1/lsag'), message, ringHash(1, xs), xy(tag));
    const next = (L: Point, R: Point) => challenge(keccak256(head, L.is0() ? new Uint8Array(20) : addressOf(L), xy(R)));
    const nonce = 12345n;
    const c1 = next(G.multiply(nonce), bases[0].multiply(nonce));
    const s1 = Point.Fn.create(-c1 * secrets[1]);
    const L1 = G.multiply(s1).add(G.multiply(secrets[1]).multiply(c1));
    expect(L1.is0()).toBe(true);
    const c0 = next(L1, bases[1].multiply(s1).add(tag.multiply(c1)));
    const s0 = Point.Fn.create(nonce - c0 * secrets[0]);
    expect(verifyRing(statement, compactSignature({ tag, c0, s: [s0, s1] }))).toBe(false);
  });

  it('names what is malformed', () => {
    const { statement, secret } = ring(2, 0, 5);
    const compact = signRing(statement, secret, randomBytes);
    const withScalar = (at: number, value: bigint) => {
      const changed = Uint8Array.from(compact);
      changed.set(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'), at);
      return () => verifyRing(statement, changed);
    };
    expect(() => verifyRing(statement, compact.slice(1))).toThrow('ringSignature: must be 129 bytes, has 128');
    const one = parseRingSignature(compact, 2);
    expect(() => closeRing(statement, { ...one, s: one.s.slice(1) })).toThrow('s: must be one for each of 2 deeds');
    for (const size of [1, 2.5, 257])
      expect(() => parseRingSignature(new Uint8Array(65 + 32 * size), size)).toThrow('xs: must name 2 to 256 deeds');
    expect(() => parseRingSignature(compact, 256)).toThrow('ringSignature: must be 8257 bytes, has 129');
    const short = { ...statement, message: statement.message.slice(1) };
    expect(() => verifyRing(short, compact)).toThrow('message: must be 32 bytes');
    const crowd = { ...statement, xs: Array.from({ length: 257 }, (_, i) => BigInt(i + 1)) };
    expect(() => verifyRing(crowd, compact)).toThrow('xs: must name 2 to 256 deeds');
    expect(withScalar(33, 0n)).toThrow('ringSignature.c0: must lie in [1, n-1]');
    expect(withScalar(65, N)).toThrow('ringSignature.s[0]: must lie in [1, n-1]');
    expect(withScalar(97, 0n)).toThrow('ringSignature.s[1]: must lie in [1, n-1]');
    expect(withScalar(1, 5n)).toThrow('ringSignature.tag: is not a canonical curve point');
  });
});
