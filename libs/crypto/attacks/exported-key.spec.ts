/**
 * An exported one-time key. p = b + s, and whoever made the account knows s: one such key gives the spending secret,
 * and with it every account. Unhardened BIP 32 wallets have this break (Buterin, "Deterministic wallets, their
 * advantages and their understated flaws", November 2013; Gutoski and Stebila, FC 2015). No rule of arithmetic can stop
 * it: the rule is that nothing gives p out, and that what stands in its place, a proof, gives nothing about b.
 */

import { randomBytes } from 'node:crypto';
import { G, N, Point } from '../src/curve.js';
import { proveOwnership, verifyOwnership } from '../src/ownership.js';
import { tagBase, tagDomain, tagOf } from '../src/ring.js';
import { isOneTimeKeyOf, metaAddressOf, newDeedKey, oneTimeSecret, scan } from '../src/stealth.js';
import { scalar } from './ring.js';

const [spending, viewing] = [scalar(), scalar()];
const meta = metaAddressOf({ spending, viewing });
const [one, two] = [newDeedKey(meta, randomBytes), newDeedKey(meta, randomBytes)];
const exported = oneTimeSecret(spending, one.sharedScalar);

describe('p of one account', () => {
  it('gives b to its sender, and with the viewing key to whoever has that: all other accounts follow', () => {
    const found = scan(viewing, meta.spendingKey, one)!; // s, from the announcement
    for (const s of [one.sharedScalar, found]) {
      const b = (exported + N - s) % N;
      expect(G.multiply(b).equals(meta.spendingKey)).toBe(true);
      expect(G.multiply(oneTimeSecret(b, two.sharedScalar)).equals(two.key)).toBe(true);
    }
  });

  it('gives related keys to anybody who has s of two: their difference is public to the sender', () => {
    const difference = (N + two.sharedScalar - one.sharedScalar) % N;
    expect(one.key.add(G.multiply(difference)).equals(two.key)).toBe(true);
  });
});

describe('a proof of ownership', () => {
  const domain = tagDomain(randomBytes(32), randomBytes(20));
  const deedX = one.key.toAffine().x;
  const tag = tagOf(tagBase(domain, deedX, 0), exported);
  const statement = { deedX, tagDomain: domain, slot: 0, tag, grantId: randomBytes(32) };

  it('shows (B, s) and a response that is uniform: no linear relation of its parts gives p or b', () => {
    const proofs = [0, 1].map(() => proveOwnership(statement, spending, one.sharedScalar, randomBytes));
    const [first, again] = proofs as [(typeof proofs)[0], (typeof proofs)[0]];
    expect(verifyOwnership(statement, first, meta.spendingKey)).toBe(true);
    // Were one nonce used twice: (s1 − s2)/(c2 − c1). Here it gives some other number.
    const guess = (((first.s + N - again.s) % N) * Point.Fn.inv((again.c + N - first.c) % N)) % N;
    expect([exported, spending]).not.toContain(guess);
    expect(first.c).not.toBe(again.c);
  });

  it('is of the enrolled key: another (B, s) with the same sum is another claim', () => {
    const proof = proveOwnership(statement, spending, one.sharedScalar, randomBytes);
    const shift = scalar();
    const moved = {
      ...proof,
      spendingKey: meta.spendingKey.subtract(G.multiply(shift)),
      sharedScalar: (proof.sharedScalar + shift) % N,
    };
    expect(isOneTimeKeyOf(moved.spendingKey, moved.sharedScalar, one.key)).toBe(true);
    expect(verifyOwnership(statement, moved, meta.spendingKey)).toBe(false);
    expect(verifyOwnership(statement, { ...proof, sharedScalar: moved.sharedScalar }, meta.spendingKey)).toBe(false);
  });

  it('with a B that cancels s is false, and no error of the curve library', () => {
    const cancelled = {
      ...proveOwnership(statement, spending, one.sharedScalar, randomBytes),
      spendingKey: G.negate(),
    };
    expect(isOneTimeKeyOf(G.negate(), 1n, one.key)).toBe(false);
    expect(verifyOwnership(statement, { ...cancelled, sharedScalar: 1n }, G.negate())).toBe(false);
  });
});
