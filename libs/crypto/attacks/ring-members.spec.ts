/**
 * Rings that hide less than they seem to. One deed sixteen times is a crowd of one; a "padding" key that somebody knows
 * is a signer; a ring without its order in the hash gives one signature many spellings. Monero learned the first lesson
 * for crowds of known spends (Möser and others, PETS 2018; Kumar and others, ESORICS 2017).
 */

import { randomBytes } from 'node:crypto';
import { ascii, concat, toBigInt } from '../src/bytes.js';
import { checkCohort } from '../src/cohort.js';
import { addressOf, challenge, compressed, G, N, type Point, xy } from '../src/curve.js';
import { keccak256 } from '../src/hash.js';
import {
  compactSignature,
  paddingDeed,
  parseRingSignature,
  signRing,
  tagBase,
  tagDomain,
  tagOf,
  verifyRing,
} from '../src/ring.js';
import { isDeedKey } from '../src/stealth.js';
import { closeAt, closes, deeds, scalar, type Transcript } from './ring.js';

const domain = tagDomain(randomBytes(32), randomBytes(20));
const { ring, xs, secrets } = deeds(3, domain, 0);
const message = randomBytes(32);
const I = ring.bases[0]!.multiply(secrets[0]!);
const statement = { message, tagDomain: domain, slot: 0, xs, tag: compressed(I) };
/** Our challenge with everything but the ring in it. */
const ringless: Transcript = (L, R) =>
  challenge(keccak256(concat(ascii('cpds/v1/lsag'), message, xy(I)), addressOf(L), xy(R)));

describe('one deed as a whole crowd', () => {
  it('closes where nobody counts the members, and is refused by ring and by cohort', () => {
    const crowd = { keys: Array<Point>(3).fill(ring.keys[0]!), bases: Array<Point>(3).fill(ring.bases[0]!) };
    const alpha = scalar();
    const start = [G.multiply(alpha), ring.bases[0]!.multiply(alpha)] as const;
    const signed = closeAt({ ring: crowd, I, next: ringless }, 1, start, (c) => (alpha + (N - c) * secrets[0]!) % N);
    expect(closes({ ring: crowd, I, next: ringless }, signed)).toBe(true);
    const repeated = { ...statement, xs: [xs[0]!, xs[0]!, xs[0]!] };
    expect(() => verifyRing(repeated, compactSignature({ tag: I, ...signed }))).toThrow('xs: names a deed twice');
    expect(() => signRing(repeated, secrets[0]!, randomBytes)).toThrow('xs: names a deed twice');
    expect(() => checkCohort(Array<bigint>(16).fill(xs[0]!))).toThrow('xs[1]: is not above the deed before it');
  });
});

describe('a padding deed', () => {
  it('signs for who made it where it is a multiple of G, and for nobody as a hash to the curve', () => {
    const random = randomBytes(32);
    const hash = (...more: Uint8Array[]) => toBigInt(keccak256(ascii('cpds/v1/padding'), random, ...more)) % N;
    const multiple = G.multiply(hash());
    const known = isDeedKey(multiple) ? hash() : N - hash();
    const x = multiple.toAffine().x;
    const itsTag = compressed(tagOf(tagBase(domain, x, 0), known));
    const forged = { ...statement, xs: [...xs, x], tag: itsTag };
    expect(verifyRing(forged, signRing(forged, known, randomBytes))).toBe(true); // it has a key, so it signs

    const withPadding = { ...statement, xs: [...xs, paddingDeed(random).toAffine().x] };
    for (const guess of [hash(), ...[0, 1, 2, 3].map((counter) => hash(Uint8Array.of(counter)))])
      for (const secret of [guess, N - guess])
        expect(() => signRing(withPadding, secret, randomBytes)).toThrow('deedSecret: is the key of no deed');
  });
});

describe('a ring turned round', () => {
  it('closes from every place where the hash holds no ring: one signature, many spellings', () => {
    const alpha = scalar();
    const start = [G.multiply(alpha), ring.bases[0]!.multiply(alpha)] as const;
    const signed = closeAt({ ring, I, next: ringless }, 0, start, (c) => (alpha + (N - c) * secrets[0]!) % N);
    const turn = <T>([first, ...rest]: readonly T[]) => [...rest, first!];
    const turned = { keys: turn(ring.keys), bases: turn(ring.bases) };
    const c1 = ringless(
      G.mulAddUnsafe(signed.s[0]!, ring.keys[0]!, signed.c0),
      ring.bases[0]!.mulAddUnsafe(signed.s[0]!, I, signed.c0),
    );
    expect(closes({ ring: turned, I, next: ringless }, { c0: c1, s: turn(signed.s) })).toBe(true);
    const otherSpelling = compactSignature({ tag: I, c0: c1, s: turn(signed.s) });
    expect(verifyRing({ ...statement, xs: turn(xs) }, otherSpelling)).toBe(false);

    const ours = signRing(statement, secrets[0]!, randomBytes);
    expect(verifyRing(statement, ours)).toBe(true);
    const { c0, s } = parseRingSignature(ours, 3);
    for (const order of [turn(xs), turn(turn(xs)), [...xs].reverse()])
      for (const answers of [s, turn(s), turn(turn(s)), [...s].reverse()])
        expect(verifyRing({ ...statement, xs: order }, compactSignature({ tag: I, c0, s: answers }))).toBe(false);
  });
});
