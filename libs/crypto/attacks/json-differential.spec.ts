/**
 * One text that two parsers read as two documents. CouchDB let anybody become administrator by a key given twice, checked
 * by one parser and obeyed by another (CVE-2017-12635); Spotify accounts were taken by names that two Unicode forms made
 * equal (June 2013). What is hashed here is the canonical form of what was read (RFC 8785): it has no such second reading.
 */

import { toHex } from '../src/bytes.js';
import { canonicalText } from '../src/canonical-json.js';
import { keyCommit, recordCommitment, termsHash } from '../src/deed.js';

const salt = new Uint8Array(32);
const hashOf = (value: unknown) => toHex(termsHash(salt, value));
const read = (text: string): unknown => JSON.parse(text);
/** A parser that keeps the first of two equal keys, as some do. */
const firstOf = (text: string, key: string) => new RegExp(`"${key}":("[^"]*"|[^,}]*)`).exec(text)![1];
const lastOf = (text: string, key: string) => JSON.stringify((read(text) as Record<string, unknown>)[key]);

describe('a key given twice', () => {
  const text = '{"purpose":"treatment","purpose":"marketing"}';

  it('is read by one as the first and by another as the last', () => {
    expect(firstOf(text, 'purpose')).toBe('"treatment"');
    expect(lastOf(text, 'purpose')).toBe('"marketing"');
  });

  it('is gone from what is hashed, which both read alike', () => {
    const canonical = canonicalText(read(text));
    expect(firstOf(canonical, 'purpose')).toBe(lastOf(canonical, 'purpose'));
    expect(hashOf(read(text))).toBe(hashOf({ purpose: 'marketing' }));
    expect(hashOf(read(text))).not.toBe(hashOf({ purpose: 'treatment' }));
  });

  it('also where one is written with an escape', () => {
    const escaped = '{"purpose":"treatment","\\u0070urpose":"marketing"}';
    expect(canonicalText(read(escaped))).toBe('{"purpose":"marketing"}');
  });
});

describe('a number in another form', () => {
  it('is one where its value is one', () => {
    for (const form of ['1', '1.0', '1e0', '10e-1', '0.1e1']) expect(canonicalText(read(`[${form}]`))).toBe('[1]');
    expect(canonicalText(read('[-0,0,1e21,1e-7]'))).toBe('[0,0,1e+21,1e-7]');
  });

  it('that no double holds is hashed as the double that was read, so both ends see that one', () => {
    const precise = '{"period":9007199254740993}';
    expect(BigInt(firstOf(precise, 'period')!)).not.toBe(BigInt(9007199254740992)); // a reader of big integers
    const canonical = canonicalText(read(precise));
    expect(canonical).toBe('{"period":9007199254740992}');
    expect(BigInt(firstOf(canonical, 'period')!)).toBe(9007199254740992n);
    expect(() => canonicalText(read('[1e400]'))).toThrow('value[0]: is not a finite number');
  });
});

describe('a text in another Unicode form', () => {
  const [composed, decomposed] = ['Zo\u00eb', 'Zoe\u0308'];

  it('is one for a reader that normalises, and two for a hash, which never does', () => {
    expect(composed.normalize('NFC')).toBe(decomposed.normalize('NFC'));
    expect(hashOf({ name: composed })).not.toBe(hashOf({ name: decomposed }));
    expect(canonicalText({ [composed]: 1, [decomposed]: 2 })).toBe(`{"${decomposed}":2,"${composed}":1}`);
  });

  it('that is none, half a pair, is refused and does not become U+FFFD', () => {
    expect(() => canonicalText(read('["\\ud800"]'))).toThrow('value[0]: holds a lone surrogate');
    expect(() => canonicalText(read('{"\\udc00":1}'))).toThrow('holds a lone surrogate');
    expect(canonicalText(['\ufffd'])).toBe('["\ufffd"]');
  });
});

describe('a value that is more than its text', () => {
  it('is hashed as read, refused, or an own key: prototype, holes, dates, bytes', () => {
    expect(canonicalText(read('{"__proto__":{"admin":true}}'))).toBe('{"__proto__":{"admin":true}}');
    // A list with a hole is not the list without: passed over, [,] would be [].
    const holed = Object.assign(['a'], { length: 2 });
    expect(() => canonicalText(holed)).toThrow('value[1]: a undefined has no JSON form');
    expect(() => canonicalText(Object.assign([], { length: 1 }))).toThrow('value[0]');
    const facts = { payloadSha256: salt, keyCommit: keyCommit(new Uint8Array(16)), salt };
    for (const metadata of [new Date(0), new Map([['a', 1]]), new Uint8Array(2), 1n, () => 1, Number.NaN])
      expect(() => recordCommitment({ ...facts, metadata })).toThrow(/^value: /);
  });

  it('and as deep as the engine’s stack is refused by name', () => {
    const nested = (depth: number) => read('['.repeat(depth) + ']'.repeat(depth));
    expect(canonicalText(nested(128))).toBe('['.repeat(128) + ']'.repeat(128));
    expect(() => canonicalText(nested(129))).toThrow('is nested over 128 deep');
    expect(() => canonicalText(nested(50_000))).toThrow('is nested over 128 deep');
  });
});
