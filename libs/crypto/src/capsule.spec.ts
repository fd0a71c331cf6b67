import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  capsuleLabel,
  openCapsule,
  parseCapsule,
  proveOpen,
  sealCapsule,
  sealedKeyHash,
  verifyCapsule,
  verifyOpen,
} from './capsule.js';
import { G, N, Point } from './curve.js';
import { combinePartials, lagrangeAtZero, releasePartial, verifyPartial, type PartialContext } from './partial.js';

const scalars = fc.bigInt(1n, N - 1n);
const q = 4242n;
const Q = G.multiply(q);

/** A Shamir sharing of `secret`, degree t-1, for members 1..n. */
function shares(secret: bigint, t: number, n: number): bigint[] {
  const coefficients = [secret, ...Array.from({ length: t - 1 }, () => BigInt(`0x${randomBytes(31).toString('hex')}`))];
  return Array.from({ length: n }, (_, i) =>
    Point.Fn.create(coefficients.reduceRight((sum, coefficient) => sum * BigInt(i + 1) + coefficient, 0n)),
  );
}

function sealed(t = 3, n = 5) {
  const y = BigInt(`0x${randomBytes(31).toString('hex')}`);
  const ySeal = G.multiply(y);
  const label = capsuleLabel(randomBytes(32), randomBytes(32), ySeal);
  const fileKey = new Uint8Array(randomBytes(16));
  const bytes = sealCapsule({ fileKey, label, recipientKey: Q, ySeal }, randomBytes);
  const capsule = parseCapsule(bytes);
  const context: PartialContext = {
    grantId: randomBytes(32),
    epoch: 1,
    sealedKeyHash: sealedKeyHash(bytes),
    C: capsule.C,
    recipientKey: Q,
  };
  return { y, ySeal, label, fileKey, bytes, capsule, context, shares: shares(y, t, n) };
}

describe('capsule', () => {
  it('is opened by the recipient with any t of n partials', () => {
    const s = sealed();
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 3, maxLength: 3 }), (indices) => {
        const partials = indices.map((i) => releasePartial(s.context, i, s.shares[i - 1]!, randomBytes));
        for (const partial of partials)
          expect(verifyPartial(s.context, G.multiply(s.shares[partial.index - 1]!), partial)).toBe(true);
        const W = combinePartials(partials, 3);
        expect(openCapsule({ capsule: s.capsule, label: s.label, recipientSecret: q, ySeal: s.ySeal, W })).toEqual(
          s.fileKey,
        );
      }),
      { numRuns: 10 },
    );
  });

  it('stays shut for too few partials, another q, another label', () => {
    const s = sealed();
    const made = [1, 2, 3].map((i) => releasePartial(s.context, i, s.shares[i - 1]!, randomBytes));
    const base = { capsule: s.capsule, label: s.label, recipientSecret: q, ySeal: s.ySeal };
    expect(() => openCapsule({ ...base, W: combinePartials(made.slice(0, 2), 2) })).toThrow(
      'W: does not open this capsule',
    );
    const W = combinePartials(made, 3);
    expect(() => openCapsule({ ...base, W, recipientSecret: q + 1n })).toThrow('W: does not open this capsule');
    expect(() => openCapsule({ ...base, W, label: new Uint8Array(32) })).toThrow('W: does not open this capsule');
    expect(() => combinePartials(made.slice(0, 2), 3)).toThrow('partials: needs exactly 3, has 2');
    expect(() => combinePartials([made[0]!, made[0]!, made[1]!], 3)).toThrow('indices: names a member twice (by 1)');
  });

  it('verifies for its label only, and not when any byte of it changed', () => {
    const s = sealed();
    expect(verifyCapsule(s.capsule, s.label)).toBe(true);
    expect(verifyCapsule(s.capsule, randomBytes(32))).toBe(false);
    for (const at of [34, 70, 100, 129, 130, 161]) {
      const changed = Uint8Array.from(s.bytes);
      changed[at]! ^= 1;
      let accepted = false;
      try {
        accepted = verifyCapsule(parseCapsule(changed), s.label);
      } catch (error) {
        expect(error).toMatchObject({ name: 'CryptoError' });
      }
      expect(accepted).toBe(false);
      expect(sealedKeyHash(changed)).not.toEqual(sealedKeyHash(s.bytes));
    }
    expect(() => parseCapsule(s.bytes.slice(1))).toThrow('capsule: must be 162 bytes, has 161');
  });

  it('is another capsule for another label even when randomness is stuck', () => {
    const stuck = (length: number) => new Uint8Array(length);
    const input = { fileKey: new Uint8Array(16).fill(9), recipientKey: Q, ySeal: G.multiply(3n) };
    const one = parseCapsule(sealCapsule({ ...input, label: new Uint8Array(32) }, stuck));
    const two = parseCapsule(sealCapsule({ ...input, label: new Uint8Array(32).fill(1) }, stuck));
    expect(one.C.equals(two.C)).toBe(false);
  });
});

describe('partial', () => {
  it('names its grant, epoch, member and capsule', () => {
    const s = sealed();
    const share = s.shares[1]!;
    const Y2 = G.multiply(share);
    const partial = releasePartial(s.context, 2, share, randomBytes);
    expect(verifyPartial(s.context, Y2, partial)).toBe(true);
    const others: PartialContext[] = [
      { ...s.context, grantId: randomBytes(32) },
      { ...s.context, epoch: 2 },
      { ...s.context, sealedKeyHash: randomBytes(32) },
      { ...s.context, recipientKey: G.multiply(q + 1n) },
    ];
    for (const context of others) expect(verifyPartial(context, Y2, partial)).toBe(false);
    expect(verifyPartial(s.context, Y2, { ...partial, index: 3 })).toBe(false);
    expect(verifyPartial(s.context, G.multiply(s.shares[2]!), partial)).toBe(false);
    expect(verifyPartial(s.context, Y2, { ...partial, W: partial.W.add(G) })).toBe(false);
  });

  it('is refused where C + Q is the identity', () => {
    const s = sealed();
    const context = { ...s.context, recipientKey: s.capsule.C.negate() };
    expect(() => releasePartial(context, 1, 5n, randomBytes)).toThrow('releasePoint: is the identity');
  });

  it('has coefficients that recover the secret of any sharing', () => {
    fc.assert(
      fc.property(
        scalars,
        fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7], { minLength: 4, maxLength: 4 }),
        (secret, indices) => {
          const dealt = shares(secret, 4, 7);
          const sum = indices.reduce((total, i) => total + lagrangeAtZero(i, indices) * dealt[i - 1]!, 0n);
          expect(Point.Fn.create(sum)).toBe(secret);
        },
      ),
    );
    expect(() => lagrangeAtZero(4, [1, 2])).toThrow('index: is not among the identifiers');
    expect(() => lagrangeAtZero(0, [0, 1])).toThrow('index: must be a whole number from 1 to 65535');
  });
});

describe('proof of q', () => {
  it('is for one grant and one recipient key', () => {
    const grantId = randomBytes(32);
    const open = proveOpen(q, grantId, randomBytes);
    expect(verifyOpen(Q, grantId, open)).toBe(true);
    expect(verifyOpen(Q, randomBytes(32), open)).toBe(false);
    expect(verifyOpen(G, grantId, open)).toBe(false);
  });
});
