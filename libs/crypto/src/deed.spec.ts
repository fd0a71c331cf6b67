import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { utf8, toHex } from './bytes.js';
import { canonicalJson } from './canonical-json.js';
import { checkCohort, cohortWord, commitmentsHash, inCohortOrder } from './cohort.js';
import { keyCommit, recordCommitment, termsHash, type RecordFacts } from './deed.js';
import { keccak256 } from './hash.js';
import { paddingDeed } from './tag-base.js';

const reference = canonicalize as unknown as (value: unknown) => string;
const text = (value: unknown): string => new TextDecoder().decode(canonicalJson(value));

describe('canonical JSON', () => {
  it('agrees with a second implementation of RFC 8785', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => expect(text(value)).toBe(reference(value))),
    );
  });

  it('passes the example of RFC 8785 §3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(text(value).match(/"[^"]*"(?=[,}])/g)).toEqual([
      '"Carriage Return"',
      '"One"',
      '"Control"',
      '"Latin Small Letter O With Diaeresis"',
      '"Euro Sign"',
      '"Emoji: Grinning Face"',
      '"Hebrew Letter Dalet With Dagesh"',
    ]);
  });

  it.each([
    [{ a: Number.NaN }, 'value.a: is not a finite number'],
    [{ a: [1n] }, 'value.a[0]: a bigint has no JSON form'],
    [{ a: new Date(0) }, 'value.a: a object has no JSON form'],
    [['\ud800'], 'value[0]: holds a lone surrogate'],
    [undefined, 'value: a undefined has no JSON form'],
  ])('refuses what JSON cannot say: %p', (value, message) => {
    expect(() => canonicalJson(value)).toThrow(message);
  });
});

describe('record commitment', () => {
  const facts: RecordFacts = {
    payloadSha256: new Uint8Array(32).fill(1),
    keyCommit: keyCommit(new Uint8Array(16).fill(2)),
    metadata: { contentType: 'application/dicom' },
    salt: new Uint8Array(32).fill(3),
  };

  it('changes with each thing it binds', () => {
    const commitments = [
      facts,
      { ...facts, payloadSha256: new Uint8Array(32) },
      { ...facts, keyCommit: keyCommit(new Uint8Array(16)) },
      { ...facts, metadata: { contentType: 'application/fhir+json' } },
      { ...facts, salt: new Uint8Array(32) },
    ].map((each) => toHex(recordCommitment(each)));
    expect(new Set(commitments).size).toBe(commitments.length);
  });

  it('refuses parts of another width', () => {
    expect(() => recordCommitment({ ...facts, salt: new Uint8Array(31) })).toThrow('salt: must be 32 bytes, has 31');
    expect(() => keyCommit(new Uint8Array(32))).toThrow('fileKey: must be 16 bytes, has 32');
    expect(() => termsHash(new Uint8Array(), {})).toThrow('salt: must be 32 bytes, has 0');
  });

  it('hashes terms as values, not as texts', () => {
    const salt = new Uint8Array(32);
    expect(termsHash(salt, { a: 1, b: 2 })).toEqual(termsHash(salt, { b: 2, a: 1 }));
    expect(termsHash(salt, { a: 1 })).not.toEqual(termsHash(new Uint8Array(32).fill(1), { a: 1 }));
  });
});

describe('cohort', () => {
  const xs = inCohortOrder(
    Array.from({ length: 16 }, (_, i) => ({ x: paddingDeed(keccak256(utf8(`deed ${i}`))).toAffine().x })),
  ).map(({ x }) => x);

  it('stands when it is sixteen deed keys, ascending', () => {
    expect(() => checkCohort(xs)).not.toThrow();
  });

  it('is refused when it is short, out of order, repeated or off the curve', () => {
    expect(() => checkCohort(xs.slice(1))).toThrow('xs: a cohort has 16 deeds, this has 15');
    expect(() => checkCohort([xs[1]!, xs[0]!, ...xs.slice(2)])).toThrow('xs[1]: is not above the deed before it');
    expect(() => checkCohort([xs[0]!, xs[0]!, ...xs.slice(2)])).toThrow('xs[1]: is not above the deed before it');
    expect(() => checkCohort([0n, ...xs.slice(1)])).toThrow('xs[0]: is not a canonical curve point');
  });

  it('has one word that names every deed and every commitment in order', () => {
    const commitments = xs.map((_, i) => new Uint8Array(32).fill(i));
    const word = toHex(cohortWord(xs, commitmentsHash(commitments)));
    expect(toHex(cohortWord([...xs].reverse(), commitmentsHash(commitments)))).not.toBe(word);
    expect(toHex(cohortWord(xs, commitmentsHash([...commitments].reverse())))).not.toBe(word);
    expect(() => commitmentsHash([new Uint8Array(31)])).toThrow('commitments[0]: must be 32 bytes');
  });
});
