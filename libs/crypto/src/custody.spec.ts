import { openAtRest, sealAtRest } from './custody.js';

const kek = new Uint8Array(32).fill(7);
const secret = new Uint8Array(32).fill(9);

describe('secrets at rest', () => {
  it('open with the key and the name that sealed them', () => {
    expect(openAtRest(kek, 'share/sign/1', sealAtRest(kek, 'share/sign/1', secret))).toEqual(secret);
  });

  it('say clearly that another key sealed them', () => {
    const sealed = sealAtRest(kek, 'share/sign/1', secret);
    expect(() => openAtRest(new Uint8Array(32), 'share/sign/1', sealed)).toThrow(
      'share/sign/1: does not open: another key-encryption key sealed it, or its bytes changed',
    );
  });

  it('do not open in another place, altered, cut short or in an unknown version', () => {
    const sealed = sealAtRest(kek, 'share/sign/1', secret);
    const altered = sealed.slice();
    altered[20]! ^= 1;
    expect(() => openAtRest(kek, 'share/seal/1', sealed)).toThrow(/does not open/);
    expect(() => openAtRest(kek, 'share/sign/1', altered)).toThrow(/does not open/);
    expect(() => openAtRest(kek, 'share/sign/1', sealed.subarray(0, 20))).toThrow(/cut short/);
    expect(() => openAtRest(kek, 'share/sign/1', Uint8Array.of(2, ...sealed.subarray(1)))).toThrow(/version 2/);
    expect(() => sealAtRest(new Uint8Array(31), 'share/sign/1', secret)).toThrow(/32 bytes/);
  });

  it('never repeat their bytes and never show the secret', () => {
    const one = sealAtRest(kek, 'x', secret);
    expect(one).not.toEqual(sealAtRest(kek, 'x', secret));
    expect(Buffer.from(one).includes(Buffer.from(secret))).toBe(false);
  });
});
