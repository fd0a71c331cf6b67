/**
 * One deed locked under two contracts. Where the tag's base names no contract, both show one tag, and the rings they stand
 * in intersect: so Monero's key images gave real spends away on MoneroV, a fork with the same keys and bases (Wijaya and
 * others, "On the Unforkability of Monero", AsiaCCS 2019). And a signature that names no chain is good on the next: every
 * transaction on Ethereum was one on Ethereum Classic until EIP-155 (July to November 2016).
 */

import { randomBytes } from 'node:crypto';
import { u256 } from '../src/bytes.js';
import { compressed, toCurve, xy } from '../src/curve.js';
import { signRing, tagBase, tagDomain, tagOf, verifyRing } from '../src/ring.js';
import { deeds } from './ring.js';

const chain = randomBytes(32);
const account = randomBytes(20);
const domain = tagDomain(chain, account);
const others = [tagDomain(randomBytes(32), account), tagDomain(chain, randomBytes(20))];
const { xs, secrets } = deeds(2, domain, 0);
const tagUnder = (of: Uint8Array, slot = 0) => tagOf(tagBase(of, xs[0]!, slot), secrets[0]!);

describe('a deed under two contracts, or two chains', () => {
  it('shows one tag where the base is of the key alone', () => {
    const bases = [domain, ...others].map(() => toCurve(u256(xs[0]!))); // the weak rule has no place for a contract
    const [here, ...there] = bases.map((base) => xy(tagOf(base, secrets[0]!)));
    for (const tag of there) expect(tag).toEqual(here);
  });

  it('shows tags that do not meet, nor between slots', () => {
    const tags = [domain, ...others].flatMap((of) => [0, 1, 255].map((slot) => tagUnder(of, slot).toHex()));
    expect(new Set(tags).size).toBe(tags.length);
  });

  it('has a signature for one of them only', () => {
    const statement = { message: randomBytes(32), tagDomain: domain, slot: 0, xs, tag: compressed(tagUnder(domain)) };
    const signature = signRing(statement, secrets[0]!, randomBytes);
    expect(verifyRing(statement, signature)).toBe(true);
    for (const other of others) {
      expect(verifyRing({ ...statement, tagDomain: other }, signature)).toBe(false);
      expect(verifyRing({ ...statement, tagDomain: other, tag: compressed(tagUnder(other)) }, signature)).toBe(false);
      expect(() => signRing({ ...statement, tagDomain: other }, secrets[0]!, randomBytes)).toThrow(
        'tag: is not the tag of this deed and slot',
      );
    }
    expect(verifyRing({ ...statement, slot: 1 }, signature)).toBe(false);
  });
});
