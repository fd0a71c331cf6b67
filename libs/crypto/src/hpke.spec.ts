import { ascii, fromHex } from './bytes.js';
import * as hpke from './hpke.js';

const info = ascii('cpds/v1/test');
const message = ascii('thirty-two bytes of a dealt share');

describe('HPKE', () => {
  it('opens what was sealed, with the key that was generated', async () => {
    const { privateKey, publicKey } = await hpke.generateKey();
    expect(hpke.publicKey(privateKey)).toEqual(publicKey);
    expect(await hpke.open(privateKey, info, await hpke.seal(publicKey, info, message))).toEqual(message);
  });

  it('derives the key pair of RFC 9180, appendix A.3.1.1', async () => {
    const ikm = fromHex('668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550', 'ikm');
    const { privateKey } = await hpke.deriveKey(ikm);
    expect(privateKey).toEqual(fromHex('f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2', 'skRm'));
  });

  it('opens nothing under another context, with another key, altered or cut', async () => {
    const one = await hpke.generateKey();
    const other = await hpke.generateKey();
    const sealed = await hpke.seal(one.publicKey, info, message);
    const altered = sealed.slice();
    altered[altered.length - 1]! ^= 1;
    await expect(hpke.open(one.privateKey, ascii('cpds/v1/other'), sealed)).rejects.toMatchObject({
      code: 'not-openable',
    });
    await expect(hpke.open(other.privateKey, info, sealed)).rejects.toMatchObject({ code: 'not-openable' });
    await expect(hpke.open(one.privateKey, info, altered)).rejects.toMatchObject({ code: 'not-openable' });
    await expect(hpke.open(one.privateKey, info, sealed.subarray(0, 70))).rejects.toMatchObject({
      code: 'not-openable',
    });
  });

  it('refuses hostile public keys and names who sent them', async () => {
    const { publicKey } = await hpke.generateKey();
    const offCurve = publicKey.slice();
    offCurve[64]! ^= 1;
    const compressed = publicKey.subarray(0, 33);
    for (const bad of [offCurve, compressed, new Uint8Array(65), new Uint8Array(65).fill(4, 0, 1)])
      expect(() => hpke.checkPublicKey(bad, 'keys[2]', 'member 3')).toThrow(/^keys\[2\].*\(by member 3\)$/);
  });
});
