import { runInNewContext } from 'node:vm';
import { utf8 } from '@cpds/crypto/bytes';
import { canonicalJson as canonicalBytes } from '@cpds/crypto/canonical-json';
import { canonicalJson, eventCommitment } from './envelope.js';

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
