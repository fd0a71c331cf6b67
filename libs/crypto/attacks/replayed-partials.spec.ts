/**
 * Partials of one grant shown for another. Whoever knows r and q writes two grants with one sum C + Q, has one
 * released, and shows its partials as proof that storemen saw the other's mapping: a fetch after a revoke. Proofs that
 * name no session have been replayed so in threshold wallets (CVE-2022-47930, IO FinNet tss-lib before 2.0.0). Here
 * each proof names grant, epoch, member and capsule (protocol section 12).
 */

import { randomBytes } from 'node:crypto';
import { compressed, G, N, Point } from '../src/curve.js';
import { proveDleq, verifyDleq } from '../src/dleq.js';
import { combinePartials, type PartialContext, releasePartial, verifyPartial } from '../src/partial.js';
import { scalar } from './ring.js';

const [secret, slope, slopeLater] = [scalar(), scalar(), scalar()];
const shareOf = (index: number, by = slope) => (secret + by * BigInt(index)) % N;
const publicShare = (index: number, by = slope) => G.multiply(shareOf(index, by));
const [r, q, shift] = [scalar(), scalar(), scalar()];
const released: PartialContext = {
  grantId: randomBytes(32),
  epoch: 1,
  sealedKeyHash: randomBytes(32),
  C: G.multiply(r),
  recipientKey: G.multiply(q),
};
/** Another grant with the same C + Q. */
const revoked: PartialContext = {
  ...released,
  grantId: randomBytes(32),
  sealedKeyHash: randomBytes(32),
  C: G.multiply((r + shift) % N),
  recipientKey: G.multiply((q + N - shift) % N),
};

describe('two grants with one sum', () => {
  it('are one statement where the proof names no grant', () => {
    const weak = ({ C, recipientKey }: PartialContext) => {
      const B = C.add(recipientKey);
      const Z = B.multiply(shareOf(1));
      return { use: 'part' as const, A: G, X: publicShare(1), B, Z, message: new Uint8Array(32) };
    };
    const proof = proveDleq(weak(released), shareOf(1), randomBytes);
    expect(verifyDleq(weak(revoked), proof)).toBe(true);
  });

  it('are two where it names grant, epoch, member and capsule', () => {
    const partial = releasePartial(released, 1, shareOf(1), randomBytes);
    expect(verifyPartial(released, publicShare(1), partial)).toBe(true);
    expect(verifyPartial(revoked, publicShare(1), partial)).toBe(false);
    const near: PartialContext[] = [
      { ...released, grantId: revoked.grantId },
      { ...released, sealedKeyHash: revoked.sealedKeyHash },
      { ...released, epoch: 2 },
      { ...released, C: revoked.C },
      { ...released, recipientKey: revoked.recipientKey },
    ];
    for (const other of near) expect(verifyPartial(other, publicShare(1), partial)).toBe(false);
    expect(verifyPartial(released, publicShare(1), { ...partial, index: 2 })).toBe(false);
    expect(verifyPartial(released, publicShare(2), partial)).toBe(false);
    expect(verifyPartial(released, publicShare(1), { ...partial, W: partial.W.negate() })).toBe(false);
  });
});

describe('partials of two epochs, or two capsules', () => {
  const sum = released.C.add(released.recipientKey);
  const W = (index: number, by: bigint, of = sum) => ({ index, W: of.multiply(shareOf(index, by)) });

  it('combine to nothing that opens', () => {
    const right = sum.multiply(secret);
    expect(combinePartials([W(1, slope), W(2, slope)], 2).equals(right)).toBe(true);
    expect(combinePartials([W(1, slopeLater), W(2, slopeLater)], 2).equals(right)).toBe(true);
    const elsewhere = revoked.C.add(G.multiply(scalar()));
    for (const mixed of [
      [W(1, slope), W(2, slopeLater)],
      [W(1, slopeLater), W(2, slope)],
      [W(1, slope), W(2, slope, elsewhere)],
    ])
      expect(combinePartials(mixed, 2).equals(right)).toBe(false);
  });

  it('are told apart before that: an old share proves nothing against the new epoch’s', () => {
    const later = { ...released, epoch: 2 };
    const old = releasePartial(later, 1, shareOf(1, slope), randomBytes); // by a member that kept its old share and names the new epoch
    expect(verifyPartial(later, publicShare(1, slopeLater), old)).toBe(false);
    expect(verifyPartial(later, publicShare(1, slope), old)).toBe(true);
    expect(compressed(publicShare(1, slope))).not.toEqual(compressed(publicShare(1, slopeLater)));
  });

  it('of one storeman twice are one', () => {
    const partial = W(1, slope);
    expect(() => combinePartials([partial, partial], 2)).toThrow('names a member twice');
    expect(Point.ZERO.equals(combinePartials([partial, W(2, slope)], 2))).toBe(false);
  });
});
