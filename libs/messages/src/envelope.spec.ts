import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { utf8 } from '@cpds/crypto/bytes';
import { canonicalJson as canonicalBytes } from '@cpds/crypto/canonical-json';
import { canonicalJson, eventCommitment, eventLeaf, eventLeafHash } from './envelope.js';

describe('canonical JSON of messages', () => {
  it('is that of the hashes, so that no value has two forms', () => {
    const value = { b: [1e21, -0, 'ö\u2028'], a: { y: null, x: undefined } };
    expect(utf8(canonicalJson(value))).toEqual(canonicalBytes(value));
    expect(canonicalJson(value)).toBe('{"a":{"y":null},"b":[1e+21,0,"ö\u2028"]}');
  });

  it('refuses what JSON cannot say: its hash would mean something else', () => {
    for (const value of [undefined, Number.NaN, '\ud800', new Date(0), new Map(), Uint8Array.of(1), new (class {})()])
      expect(() => canonicalJson({ value: [value] })).toThrow(expect.objectContaining({ code: 'not-json' }));
    expect(() => eventCommitment(`0x${'00'.repeat(32)}`, { name: '\udfff' })).toThrow('lone surrogate');
  });

  it('takes plain objects of another realm', () => {
    const foreign: unknown = runInNewContext('JSON.parse(\'{"b":{"d":1},"a":[{}]}\')');
    expect(canonicalJson(foreign)).toBe('{"a":[{}],"b":{"d":1}}');
  });
});

describe('the leaf hash of an event', () => {
  it('is the RFC 6962 hash of its leaf: a zero byte, then the text', () => {
    const event = {
      id: '3e0a4b1c-5d2f-4a6b-8c7d-9e0f1a2b3c4d',
      type: 'records.object-read.v1',
      producer: 'records.north',
      seq: 7,
      at: '2026-01-01T00:00:00.000Z',
      correlation: 'r-1',
      salt: `0x${'11'.repeat(32)}`,
      details: { bytes: 1 },
    } as const;
    const expected = createHash('sha256').update(Buffer.of(0)).update(eventLeaf(event)).digest('hex');
    expect(eventLeafHash(event)).toBe(`0x${expected}`);
    expect(eventLeafHash({ ...event, details: { bytes: 2 } })).not.toBe(`0x${expected}`);
    expect(eventLeafHash({ ...event, seq: 8 })).not.toBe(`0x${expected}`);
  });
});
