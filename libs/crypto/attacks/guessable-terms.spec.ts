/**
 * Section 11, attack 12: hashes of what can be guessed, and ids that are good in two places. A hash of one of few
 * possible texts reveals the text: New York's taxi data, MD5 of medallions, was undone in an hour (Pandurangan, June
 * 2014). Two private chains may share a chain id, so an id that names only that is valid on both.
 */

import { toHex, u256 } from '../src/bytes.js';
import { canonicalJson } from '../src/canonical-json.js';
import { keyCommit, recordCommitment, termsHash } from '../src/deed.js';
import { chainUid, keccak256, sha256 } from '../src/hash.js';
import { tagDomain } from '../src/ring.js';

const purposes = ['treatment', 'research', 'insurance'];
const records = Array.from({ length: 40 }, (_, i) => `record-${i}`);
const all = purposes.flatMap((purpose) => records.map((record) => ({ purpose, record })));
const secret = all[77]!;

describe('terms that can be guessed', () => {
  const salt = sha256(Uint8Array.of(1));

  it('are found by trying where the hash has no salt', () => {
    const published = toHex(sha256(canonicalJson(secret)));
    expect(all.filter((terms) => toHex(sha256(canonicalJson(terms))) === published)).toEqual([secret]);
  });

  it('are not found without the salt, and two grants on equal terms do not show that they are', () => {
    const published = toHex(termsHash(salt, secret));
    for (const guess of [new Uint8Array(32), sha256(), sha256(salt)])
      expect(all.some((terms) => toHex(termsHash(guess, terms)) === published)).toBe(false);
    expect(toHex(termsHash(salt, secret))).toBe(published);
    expect(toHex(termsHash(sha256(Uint8Array.of(2)), secret))).not.toBe(published);
    expect(() => termsHash(new Uint8Array(0), secret)).toThrow('salt: must be 32 bytes');
    const facts = { payloadSha256: salt, keyCommit: keyCommit(new Uint8Array(16)), metadata: secret };
    expect(() => recordCommitment({ ...facts, salt: new Uint8Array(31) })).toThrow('salt: must be 32 bytes');
  });
});

describe('two chains with one id', () => {
  const genesis = [1, 2].map((fill) => sha256(Uint8Array.of(fill)));

  it('are one where only the id counts, and two by their first blocks', () => {
    const byId = () => toHex(keccak256(u256(1337)));
    expect(new Set(genesis.map(byId)).size).toBe(1);
    const uids = genesis.map((hash) => chainUid(1337, hash));
    expect(toHex(uids[0]!)).not.toBe(toHex(uids[1]!));
    const account = new Uint8Array(20).fill(7); // the first contract of one deployer has one address on both
    expect(toHex(tagDomain(uids[0]!, account))).not.toBe(toHex(tagDomain(uids[1]!, account)));
    expect(() => chainUid(1337, new Uint8Array(0))).toThrow('genesisHash: must be 32 bytes');
  });
});
