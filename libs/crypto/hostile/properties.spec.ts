/** Promises of the protocol that hold for every subset, every deed and slot, and every crowd of locks. */

import fc from 'fast-check';
import * as crypto from './library.js';
import { attempt, generate, subsets } from '../src/threshold/test-group.js';
import { random, restart } from './mutants.js';

restart();

const { G, N } = crypto.curve;
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);
/** Set by CPDS_FUZZ_RUNS: every subset below tries to sign, and a larger group too. */
const isDeep = process.env.CPDS_FUZZ_RUNS !== undefined;
const q = crypto.curve.scalarFrom48(random(48), 'q');
const Q = G.multiply(q);

const groups: [number, number][] = [
  [2, 3],
  [3, 5],
];
if (isDeep) groups.push([4, 6]);

describe.each(groups)('%i of %i storemen', (threshold, n) => {
  const shares = generate(attempt(`${threshold} of ${n}`, n, threshold));
  const { group } = shares[0]!;
  const ySeal = crypto.curve.parsePoint(group.publicKey, 'Y');
  const capsule = crypto.capsule.parseCapsule(
    crypto.capsule.sealCapsule({ fileKey: b(16), label: b(32), recipientKey: Q, ySeal }, random),
  );
  const context = { grantId: b(32), epoch: 1, sealedKeyHash: b(32), C: capsule.C, recipientKey: Q };
  const partials = shares.map(({ index, secret }) =>
    crypto.partial.releasePartial(context, index, crypto.bytes.toBigInt(secret), random),
  );

  /** A signature by exactly these members, under whatever threshold the group is said to have. */
  const signed = (signers: readonly crypto.group.KeyShare[], said: crypto.group.GroupKey) => {
    const nonces = signers.map((share) => crypto.frost.drawNonces(share, (length = 32) => random(length)));
    const commitments = nonces.map(({ commitment }) => commitment);
    const made = signers.map((share, i) =>
      crypto.frost.signShare({ ...share, group: said }, nonces[i]!, commitments, b(32)),
    );
    return crypto.frost.combineSignature(said, commitments, b(32), made);
  };
  const opened = (some: readonly crypto.partial.Partial[]) =>
    crypto.capsule.openCapsule({
      capsule,
      label: b(32),
      recipientSecret: q,
      ySeal,
      W: crypto.partial.combinePartials(some, some.length),
    });

  it('sign and open in every subset of the threshold’s size', () => {
    for (const signers of subsets(shares, threshold)) {
      const result = signed(signers, group);
      if (!('signature' in result)) throw new Error(`members ${result.culprits.join()} are blamed`);
      expect(crypto.frost.isGroupSignature(group.publicKey, b(32), result.signature)).toBe(true);
    }
    for (const some of subsets(partials, threshold)) expect(opened(some)).toEqual(b(16));
  });

  it('neither sign nor open in any subset below, whatever threshold they claim', () => {
    const size = threshold - 1; // smaller sets know less
    const said = { ...group, threshold: size };
    const refusal = size < 2 ? 'threshold: must be from 2 to' : 'publicKey: is not that of the verification shares';
    for (const signers of subsets(shares, size).filter((_, i) => isDeep || i % 3 === 0)) {
      expect(() => signed(signers, group)).toThrow(`must be exactly ${threshold}, are ${size}`);
      expect(() => signed(signers, said)).toThrow(refusal);
    }
    for (const some of subsets(partials, size)) expect(() => opened(some)).toThrow('W: does not open this capsule');
  });
});

describe('two locks', () => {
  const domains = [crypto.ring.tagDomain(b(32), b(20)), crypto.ring.tagDomain(b(32), b(20, 8))] as const;
  const meta = crypto.stealth.metaAddressOf({ spending: 5n, viewing: 6n });
  const deeds = [0, 1, 2].map(() => crypto.stealth.newDeedKey(meta, random));
  const xs = deeds.map(({ key }) => key.toAffine().x);
  const lock = fc.record({
    deed: fc.nat(2),
    slot: fc.constantFrom(0, 1, 255),
    account: fc.nat(1),
    message: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  type Lock = typeof lock extends fc.Arbitrary<infer T> ? T : never;

  const tagOf = ({ deed, slot, account, message }: Lock): string => {
    const secret = crypto.stealth.oneTimeSecret(5n, deeds[deed]!.sharedScalar);
    const tagDomain = domains[account]!;
    const tag = crypto.curve.compressed(crypto.ring.tagOf(crypto.ring.tagBase(tagDomain, xs[deed]!, slot), secret));
    const compact = crypto.ring.signRing({ message, tagDomain, slot, xs, tag }, secret, random);
    expect(crypto.ring.verifyRing({ message, tagDomain, slot, xs, tag }, compact)).toBe(true);
    return crypto.bytes.toHex(compact.slice(0, 33));
  };

  it('carry one tag exactly when deed, slot and LockedAccount are the same', () => {
    fc.assert(
      fc.property(lock, lock, fc.boolean(), (one, two, isAgain) => {
        // Half of the pairs are one deed and slot twice: else few would be.
        const other = isAgain ? { ...one, message: two.message } : two;
        const isSame = one.deed === other.deed && one.slot === other.slot && one.account === other.account;
        expect(tagOf(one) === tagOf(other)).toBe(isSame);
      }),
      { numRuns: 8 },
    );
  });
});

/**
 * The chain as its public reads it, simulated: deeds come in, are minted, and are locked five times each. Beyond the
 * chain, the observer knows which locks are of one deed.
 */
describe('10,000 locks', () => {
  const k = crypto.cohort.COHORT_SIZE;
  const LOCKS_OF_A_DEED = 5;
  const DEEDS = 10_000 / LOCKS_OF_A_DEED;

  interface Deed {
    x: bigint;
    /** When it was minted: its transaction's place in the chain. */
    minted: number;
  }
  interface World {
    /** Rings of the locks of one deed, and the deed. */
    shared: { deed: Deed; rings: Deed[][] }[];
  }
  type Guess = (rings: readonly Deed[][], draw: (below: number) => number) => Deed;

  /** xorshift32: a run is the same each time. */
  function source(state: number): (below: number) => number {
    return (below) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
  }
  const aKey = (draw: (below: number) => number, minted: number): Deed => ({
    x: crypto.bytes.toBigInt(crypto.hash.sha256(crypto.bytes.u64(draw(2 ** 31)), crypto.bytes.u64(draw(2 ** 31)))),
    minted,
  });

  /** Section 5: whole cohorts of at most one deed per patient, filled with padding, minted before anybody asks. */
  function byCohorts(draw: (below: number) => number): World {
    const shared: World['shared'] = [];
    for (let minted = 0; shared.length < DEEDS; minted++) {
      const real = Array.from({ length: 1 + draw(k) }, () => aKey(draw, minted));
      const padding = Array.from({ length: k - real.length }, () => aKey(draw, minted));
      const ring = crypto.cohort.inCohortOrder([...real, ...padding]);
      for (const deed of real) shared.push({ deed, rings: Array.from({ length: LOCKS_OF_A_DEED }, () => ring) });
    }
    return { shared };
  }

  /** A rejected draft (section 11, attack 11): each lock draws its decoys anew from what was minted. */
  function byFreshDecoys(draw: (below: number) => number): World {
    const deeds = Array.from({ length: DEEDS }, (_, minted) => aKey(draw, minted));
    const ring = (deed: Deed) => [deed, ...Array.from({ length: k - 1 }, () => deeds[draw(DEEDS)]!)];
    const rings = (deed: Deed) =>
      Array.from({ length: LOCKS_OF_A_DEED }, () => crypto.cohort.inCohortOrder(ring(deed)));
    return { shared: deeds.map((deed) => ({ deed, rings: rings(deed) })) };
  }

  /** Another rejected draft (attack 16): deeds are minted as they come, and padding in a burst when a lock needs it. */
  function byPaddingOnDemand(draw: (below: number) => number): World {
    const shared = Array.from({ length: DEEDS }, (_, i) => {
      const deed = aKey(draw, 2 * i);
      const padding = Array.from({ length: k - 1 }, () => aKey(draw, 2 * i + 1));
      const ring = crypto.cohort.inCohortOrder([deed, ...padding]);
      return { deed, rings: Array.from({ length: LOCKS_OF_A_DEED }, () => ring) };
    });
    return { shared };
  }

  /** One of those that stand in every ring seen so far. */
  const intersecting: Guess = (rings, draw) => {
    const common = rings.reduce((left, ring) => left.filter((deed) => ring.includes(deed)));
    return common[draw(common.length)]!;
  };
  /** Guesses one of those that were minted apart from the rest, or one of all if none was. */
  const againstBursts: Guess = ([ring], draw) => {
    const alone = ring!.filter(({ minted }) => ring!.filter((other) => other.minted === minted).length === 1);
    const left = alone.length > 0 ? alone : ring!;
    return left[draw(left.length)]!;
  };
  const atPlace =
    (place: number): Guess =>
    ([ring]) =>
      ring![place]!;

  /** Share of the 10,000 locks whose deed the guess names, having seen the deed's earlier locks too. */
  function rate(world: World, guess: Guess): number {
    const draw = source(7);
    let [hits, locks] = [0, 0];
    for (const { deed, rings } of world.shared.slice(0, DEEDS))
      for (let seen = 1; seen <= rings.length; seen++, locks++) if (guess(rings.slice(0, seen), draw) === deed) hits++;
    expect(locks).toBe(10_000);
    return hits / locks;
  }
  /** Five standard deviations of 10,000 independent guesses; of 2,000 where a guess is repeated for the deed's locks. */
  const near = (locks: number) => 5 * Math.sqrt(((1 / k) * (1 - 1 / k)) / locks);

  it('give a deed away with 1/k to who intersects the rings of its locks', () => {
    expect(Math.abs(rate(byCohorts(source(1)), intersecting) - 1 / k)).toBeLessThan(near(10_000));
    expect(rate(byFreshDecoys(source(2)), intersecting)).toBeGreaterThan(0.75);
  });

  it('give a deed away with 1/k to who looks for bursts of padding', () => {
    expect(Math.abs(rate(byCohorts(source(3)), againstBursts) - 1 / k)).toBeLessThan(near(10_000));
    expect(rate(byPaddingOnDemand(source(4)), againstBursts)).toBe(1);
  });

  it('give a deed away with 1/k by its place in the ring', () => {
    const world = byCohorts(source(5));
    for (let place = 0; place < k; place++)
      expect(Math.abs(rate(world, atPlace(place)) - 1 / k)).toBeLessThan(near(DEEDS));
  });
});

describe('a cohort of real keys', () => {
  it('is what the registry takes, and shows nothing but its order', () => {
    const meta = crypto.stealth.metaAddressOf({ spending: 5n, viewing: 6n });
    const deeds = Array.from({ length: crypto.cohort.COHORT_SIZE }, (_, i) =>
      i < 5 ? crypto.stealth.newDeedKey(meta, random).key : crypto.ring.paddingDeed(random(32)),
    );
    const xs = crypto.cohort.inCohortOrder(deeds.map((key) => ({ x: key.toAffine().x }))).map(({ x }) => x);
    expect(() => crypto.cohort.checkCohort(xs)).not.toThrow();
    expect(xs.every((x) => x > 0n && x < N)).toBe(true);
  });
});
