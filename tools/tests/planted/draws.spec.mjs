/* global beforeEach, describe, expect, it */
// Draws from every source of randomness, and writes the draws to the file CPDS_PLANTED.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { randomBytes as nobleBytes } from '@noble/hashes/utils.js';
import { Wallet } from 'ethers';
import fc from 'fast-check';
import { appendFileSync } from 'node:fs';
import * as node from 'node:crypto';
import { shared } from './shared.mjs';

const { subtle } = globalThis.crypto;
const tell = (name, value) => appendFileSync(process.env.CPDS_PLANTED, `${name} ${value}\n`);
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const own = node.randomBytes(8).toString('hex');

const sources = {
  randomBytes: () => hex(node.randomBytes(8)),
  randomFillSync: () => hex(node.randomFillSync(new Uint8Array(9), 1)),
  randomInt: () => node.randomInt(1_000_000, 2 ** 45),
  randomUUID: () => node.randomUUID(),
  'Web Crypto randomUUID': () => globalThis.crypto.randomUUID(),
  getRandomValues: () => globalThis.crypto.getRandomValues(new BigUint64Array(1)).join(),
  'getRandomValues of node:crypto': () => hex(node.getRandomValues(new Uint8Array(8))),
  'Math.random': () => Math.random(),
  'noble randomBytes': () => hex(nobleBytes(16)),
  randomSecretKey: () => hex(secp256k1.utils.randomSecretKey()),
  'ethers Wallet': () => Wallet.createRandom().address,
  'Web Crypto generateKey': async () => {
    const { privateKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign']);
    return (await subtle.exportKey('jwk', privateKey)).d;
  },
  'fast-check': () => fc.sample(fc.maxSafeNat(), 3).join(),
};

describe('planted', () => {
  beforeEach(() => tell('hook', hex(node.randomBytes(8))));

  it('draws from every source', async () => {
    tell('constant', own);
    tell('shared', shared);
    for (const [name, draw] of Object.entries(sources)) tell(name, await draw());
  });

  it('draws alone', () => tell('alone', hex(node.randomBytes(8))));

  it('fails now and then', () => expect(node.randomBytes(1)[0] % 4).not.toBe(0));

  it('is not given what cannot be repeated', () => {
    for (const draw of [
      () => node.generateKeyPairSync('ed25519'),
      () => node.createECDH('prime256v1').generateKeys(),
      () => node.randomBytes(8, () => {}),
      () => node.randomFill(new Uint8Array(8), () => {}),
    ])
      expect(draw).toThrow('is not seeded');
  });
});
