/**
 * A public input left out of a Fiat-Shamir challenge: whoever proves chooses it after the challenge, and proves a false
 * statement. "Frozen Heart" (Trail of Bits, 13 April 2022, CVE-2022-29566 for Bulletproofs) was this in ten libraries;
 * before it, Helios (Bernhard, Pereira and Warinschi, ASIACRYPT 2012) and the Swiss e-voting system (Lewis, Pereira and
 * Teague, 2019), where a tally could be proven that nobody had counted. Each weak challenge here is ours with one part
 * left out.
 */

import { secp256k1_hasher } from '@noble/curves/secp256k1.js';
import { randomBytes } from 'node:crypto';
import { ascii, concat, toHex, u256 } from '../src/bytes.js';
import { addressOf, challenge, compressed, G, N, Point, scalarBytes, toCurve, xy } from '../src/curve.js';
import { verifyDleq } from '../src/dleq.js';
import * as generation from '../src/generation.js';
import { keccak256 } from '../src/hash.js';
import { compactSignature, gBar, ringHash, tagDomain, verifyRing } from '../src/ring.js';
import { attempt, dealAll } from '../src/threshold/test-group.js';
import { closeAt, closes, deeds, scalar, type Transcript } from './ring.js';

const message = randomBytes(32);
const inv = (a: bigint) => Point.Fn.inv(a);

describe('a DLEQ that leaves one of its points out of the challenge', () => {
  const names = ['A', 'X', 'B', 'Z'] as const;

  it.each(names)('%s proves a false statement; ours does not', (missing) => {
    const [w, nonce] = [5n, scalar()];
    const points = { A: G, X: G.multiply(w), B: gBar(), Z: gBar().multiply(w) };
    const [base, image] = missing === 'A' || missing === 'X' ? (['A', 'X'] as const) : (['B', 'Z'] as const);
    // One equation is answered honestly, the commitment of the other is any point at all.
    const wild = G.multiply(scalar());
    const commitments = { A: G.multiply(nonce), B: gBar().multiply(nonce), [base]: wild };
    const weak = (of: typeof points, L: Point, R: Point) => {
      const hashed = names.filter((name) => name !== missing).map((name) => xy(of[name]));
      return challenge(keccak256(ascii('cpds/v1/dleq/own'), message, ...hashed, addressOf(L), xy(R)));
    };
    const c = weak(points, commitments.A, commitments.B);
    const s = (nonce + (N - c) * w) % N;
    const chosen =
      missing === image
        ? wild.subtract(points[base].multiply(s)).multiply(inv(c))
        : wild.subtract(points[image].multiply(c)).multiply(inv(s));
    const forged = { ...points, [missing]: chosen };

    expect(weak(forged, forged.A.mulAddUnsafe(s, forged.X, c), forged.B.mulAddUnsafe(s, forged.Z, c))).toBe(c);
    expect(forged[base].multiply(w).equals(forged[image])).toBe(false);
    expect(verifyDleq({ use: 'own', ...forged, message }, { c, s })).toBe(false);
    expect(verifyDleq({ use: 'own', ...points, message }, { c, s })).toBe(false);
  });
});

describe('a ring signature that leaves out', () => {
  const domain = tagDomain(randomBytes(32), randomBytes(20));
  const { ring, xs, secrets } = deeds(3, domain, 7);
  const head = (I: Point, m: Uint8Array = message) => concat(ascii('cpds/v1/lsag'), m, ringHash(7, xs), xy(I));
  const statement = (I: Point) => ({ message, tagDomain: domain, slot: 7, xs, tag: compressed(I) });
  const alpha = scalar();

  it('R lets a member sign under any tag, so as often as it likes', () => {
    const I = G.multiply(scalar()); // nobody's tag
    const next: Transcript = (L) => challenge(keccak256(head(I), addressOf(L)));
    const answer = (c: bigint) => (alpha + (N - c) * secrets[1]!) % N;
    const forged = closeAt({ ring, I, next }, 1, [G.multiply(alpha), G], answer);
    expect(closes({ ring, I, next }, forged)).toBe(true);
    expect(verifyRing(statement(I), compactSignature({ tag: I, ...forged }))).toBe(false);
  });

  it('L lets somebody sign who is no member', () => {
    const y = scalar(); // the key of no deed
    const I = ring.bases[0]!.multiply(y);
    const next: Transcript = (_, R) => challenge(keccak256(head(I), xy(R)));
    const answer = (c: bigint) => (alpha + (N - c) * y) % N;
    const forged = closeAt({ ring, I, next }, 0, [G, ring.bases[0]!.multiply(alpha)], answer);
    expect(closes({ ring, I, next }, forged)).toBe(true);
    expect(verifyRing(statement(I), compactSignature({ tag: I, ...forged }))).toBe(false);
  });

  it('the message signs every grant, with both links in place', () => {
    const I = ring.bases[2]!.multiply(secrets[2]!);
    const start = [G.multiply(alpha), ring.bases[2]!.multiply(alpha)] as const;
    const answer = (c: bigint) => (alpha + (N - c) * secrets[2]!) % N;
    const weak: Transcript = (L, R) => challenge(keccak256(head(I, new Uint8Array(0)), addressOf(L), xy(R)));
    const any = closeAt({ ring, I, next: weak }, 2, start, answer);
    expect(closes({ ring, I, next: weak }, any)).toBe(true); // there is no message in it to differ
    const whole: Transcript = (L, R) => challenge(keccak256(head(I), addressOf(L), xy(R)));
    const signed = compactSignature({ tag: I, ...closeAt({ ring, I, next: whole }, 2, start, answer) });
    expect(verifyRing(statement(I), signed)).toBe(true);
    expect(verifyRing({ ...statement(I), message: randomBytes(32) }, signed)).toBe(false);
    expect(verifyRing(statement(I), compactSignature({ tag: I, ...any }))).toBe(false);
  });
});

describe('a proof of possession that leaves out the point possessed', () => {
  it('is made for a point of which nobody knows the logarithm; ours is not', () => {
    const parameters = attempt('frozen heart', 3, 2);
    const [dealer] = dealAll(parameters).all;
    const R = toCurve(ascii('nobody')).point;
    const z = scalar();
    const DST = ascii(`FROST-secp256k1-SHA256-v1dkg/cpds/v1/${toHex(parameters.attemptId)}`);
    const weak = (of: Point) => secp256k1_hasher.hashToScalar(concat(u256(1), compressed(of)), { DST });
    // A_0 = (z·G − R)/c holds a part in R, whose logarithm nobody knows.
    const constant = G.multiply(z)
      .subtract(R)
      .multiply(inv(weak(R)));
    expect(G.multiply(z).equals(R.add(constant.multiply(weak(R))))).toBe(true);
    const points = [compressed(constant), dealer!.points[1]!];
    const forged = { dealer: 1, points, proof: concat(compressed(R), scalarBytes(z)) };
    expect(() => generation.checkCommitments(parameters, forged)).toThrow('is no proof of possession for this attempt');
    expect(() => generation.checkCommitments(parameters, dealer!)).not.toThrow();
  });
});
