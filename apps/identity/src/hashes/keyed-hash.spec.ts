import { KeyedHash } from './keyed-hash.js';

describe('KeyedHash', () => {
  const hashes = new KeyedHash(new Uint8Array(32).fill(1));
  const identifier = { system: 'urn:oid:1', value: '42' };

  it('is the same for the same identifier, whatever the order of its fields', () => {
    expect(hashes.of('identifier', identifier)).toEqual(hashes.of('identifier', { value: '42', system: 'urn:oid:1' }));
  });

  it('differs by value, by use and by key, and does not confuse where one field ends', () => {
    const all = [
      hashes.of('identifier', identifier),
      hashes.of('registration', identifier),
      hashes.of('identifier', { system: 'urn:oid:14', value: '2' }),
      new KeyedHash(new Uint8Array(32).fill(2)).of('identifier', identifier),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(all).size).toBe(4);
  });
});
