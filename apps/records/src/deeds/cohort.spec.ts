import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { toBigInt } from '@cpds/crypto/bytes';
import { assemble, choose, paddingDeed, type Random } from './cohort.js';

/** Repeatable bytes: each call differs. */
function seeded(seed: string): Random {
  let count = 0;
  return (length) => new Uint8Array(createHash('sha256').update(`${seed}/${count++}`).digest()).slice(0, length);
}

describe('choosing deeds for a cohort', () => {
  it('takes the oldest, one of each patient, sixteen at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ patientId: fc.constantFrom(...'abcdefghijklmnopqrstu'), at: fc.nat() })),
        (deeds) => {
          const chosen = choose(deeds);
          const patients = new Set(deeds.map(({ patientId }) => patientId));
          expect(chosen).toHaveLength(Math.min(16, patients.size));
          expect(new Set(chosen.map(({ patientId }) => patientId)).size).toBe(chosen.length);
          for (const deed of chosen) expect(deed).toBe(deeds.find(({ patientId }) => patientId === deed.patientId));
          if (deeds.length > 0) expect(chosen[0]).toBe(deeds[0]);
        },
      ),
    );
  });
});

describe('assembling a cohort', () => {
  it.each([1, 5, 16])('of %d real deeds has sixteen, ascending, each once', (count) => {
    const random = seeded(`real ${count}`);
    const real = Array.from({ length: count }, () => paddingDeed(random));
    const { members, padding } = assemble(real, random);
    const xs = members.map(({ x }) => toBigInt(x));
    expect(padding).toHaveLength(16 - count);
    expect(xs).toEqual([...xs].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(xs).size).toBe(16);
    for (const deed of [...real, ...padding])
      expect(members.filter(({ commitment }) => commitment === deed.commitment)).toEqual([deed]);
  });

  it('gives no place to the real deeds: over many cohorts each place holds one as often', () => {
    const counts = new Array<number>(16).fill(0);
    const random = seeded('places');
    for (let round = 0; round < 160; round++) {
      const real = [paddingDeed(random)];
      const place = assemble(real, random).members.findIndex(({ commitment }) => commitment === real[0]!.commitment);
      counts[place]!++;
    }
    // 10 expected a place, with a deviation of 3. The bytes are fixed, so this does not flicker.
    for (const count of counts) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(25);
    }
  });

  it('refuses none, more than sixteen, and the same key twice', () => {
    const random = seeded('bad');
    const one = paddingDeed(random);
    expect(() => assemble([], random)).toThrow('1 to 16');
    expect(() =>
      assemble(
        Array.from({ length: 17 }, () => paddingDeed(random)),
        random,
      ),
    ).toThrow('1 to 16');
    expect(() => assemble([one, { ...one, commitment: random(32) }], random)).toThrow('not above');
  });
});
