/**
 * ECDSA under related keys. (r, s) on z under q is (r, s) on z − r·δ under q + δ: whoever made two one-time keys of one
 * department knows δ, and turns a fetch by one into a signature by the other, on a digest it cannot choose (Morita and
 * others, ICISC 2015; for BIP 32 wallets Das and others, CCS 2021). It is worth something where digests are taken as
 * they come, as blind-signing hardware wallets did; here a digest is always the hash of a statement that names its
 * grant.
 */

import { randomBytes } from 'node:crypto';
import { ascii, toBigInt, toHex, u256, u64 } from '../src/bytes.js';
import { addressOf, N, scalarBytes } from '../src/curve.js';
import { signDigest, signerOf } from '../src/ecdsa.js';
import { keccak256 } from '../src/hash.js';
import { metaAddressOf, newOneTimeKey, oneTimeSecret } from '../src/stealth.js';
import { scalar } from './ring.js';

const spending = scalar();
const meta = metaAddressOf({ spending, viewing: scalar() });
const [one, two] = [newOneTimeKey(meta, randomBytes), newOneTimeKey(meta, randomBytes)];
const delta = (N + two.sharedScalar - one.sharedScalar) % N; // known to whoever drew both
const statement = (grant: string, nonce: number) => keccak256(ascii(grant), u64(nonce));
const signed = Array.from({ length: 4 }, (_, nonce) => {
  const digest = statement('grant one', nonce);
  return { digest, signature: signDigest(scalarBytes(oneTimeSecret(spending, one.sharedScalar)), digest) };
});
const moved = ({ digest, signature }: (typeof signed)[0]) =>
  u256((((toBigInt(digest) - toBigInt(signature.subarray(0, 32)) * delta) % N) + N) % N);

describe('a signature by one key of a department', () => {
  it('is one by another, on a digest that follows from it', () => {
    for (const each of signed) {
      expect(signerOf(each.digest, each.signature)).toEqual(addressOf(one.key));
      expect(signerOf(moved(each), each.signature)).toEqual(addressOf(two.key));
    }
  });

  it('is none on a statement: the digest that follows is the hash of nothing that anybody can name', () => {
    const statements = Array.from({ length: 256 }, (_, nonce) => toHex(statement('grant two', nonce)));
    for (const each of signed) {
      expect(statements).not.toContain(toHex(moved(each)));
      expect(toHex(signerOf(statement('grant two', 0), each.signature)!)).not.toBe(toHex(addressOf(two.key)));
      expect(toHex(signerOf(each.digest, each.signature)!)).not.toBe(toHex(addressOf(two.key)));
    }
  });
});
