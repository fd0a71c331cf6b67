/**
 * Wycheproof's ECDH over secp256k1, by way of the functions that multiply a foreign point with a secret here:
 * `parsePoint` and the sender of a one-time account. Points come compressed here, so an uncompressed one of the file is
 * taken by its x and parity, and its own bytes are refused.
 */

import { createECDH } from 'node:crypto';
import { concat, toBigInt, u256 } from './bytes.js';
import { compressed, G, N, parsePoint, parseScalar } from './curve.js';
import { keccak256 } from './hash.js';
import { oneTimeKey } from './stealth.js';
import { hex, isDeep, nameOf, readWycheproof } from './testing/vectors.js';

const cases = readWycheproof<'public' | 'private' | 'shared'>('ecdh_secp256k1');
const SPKI_HEADER_BYTES = 23;
const keyOf = (one: (typeof cases)[number]): Uint8Array => hex(one.public).subarray(SPKI_HEADER_BYTES);
const privateOf = (text: string): bigint => parseScalar(u256(toBigInt(hex(text))), 'private');

const valid = cases.filter((one) => one.result !== 'invalid');
/** 360 of them are values that double within one ladder or another. */
const good = valid.filter((one) => isDeep || !one.flags.includes('EdgeCaseDoubling'));
const bad = cases.filter((one) => one.result === 'invalid');

/** The compressed form of the file's valid points. */
const compact = (bytes: Uint8Array): Uint8Array =>
  bytes.length === 33 ? bytes : concat(Uint8Array.of(2 + (bytes[64]! & 1)), bytes.slice(1, 33));

describe('ECDH over secp256k1 (Wycheproof)', () => {
  it(`agrees on ${good.length} of ${valid.length} shared secrets`, () => {
    const wrong = good.filter((one) => {
      const viewingKey = parsePoint(compact(keyOf(one)), 'public');
      const made = oneTimeKey({ spendingKey: G, viewingKey }, privateOf(one.private));
      // The file has the x of the shared point; the hash here takes its parity too.
      const hashes = [2, 3].map((prefix) => keccak256(Uint8Array.of(prefix), hex(one.shared)));
      return !hashes.some((hash) => toBigInt(hash) % N === made.sharedScalar);
    });
    expect(wrong.map(nameOf)).toEqual([]);
  });

  it(`refuses ${bad.length} invalid keys, and uncompressed ones whatever they are`, () => {
    const accepted = cases.filter((one) => {
      const bytes = keyOf(one);
      if (one.result !== 'invalid' && bytes.length === 33) return false;
      try {
        parsePoint(bytes, 'public');
        return true;
      } catch (cause) {
        expect(cause).toMatchObject({ code: 'bad-point', field: 'public' });
        return false;
      }
    });
    expect(accepted.map(nameOf)).toEqual([]);
  });

  it('means by a point what OpenSSL means', () => {
    const other = createECDH('secp256k1');
    other.setPrivateKey(u256(5n));
    expect(compressed(G.multiply(5n))).toEqual(Uint8Array.from(other.getPublicKey(null, 'compressed')));
  });
});
