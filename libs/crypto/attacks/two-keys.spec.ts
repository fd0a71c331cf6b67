/** Section 11, attack 13: one payload made to open under two file keys, so as two records. */

import { keyCommit, recordCommitment, toHex } from '../src/index.js';

describe('attack 13: a payload with two file keys', () => {
  const facts = { payloadSha256: new Uint8Array(32).fill(1), metadata: { category: 'x' }, salt: new Uint8Array(32) };
  const one = new Uint8Array(16).fill(1);
  const two = new Uint8Array(16).fill(2);

  it('has two commitments, of which the deed names one', () => {
    const commitment = (fileKey: Uint8Array) => toHex(recordCommitment({ ...facts, keyCommit: keyCommit(fileKey) }));
    expect(commitment(one)).not.toBe(commitment(two));
  });

  it('does not give the file key away: the commitment to it is a key derivation', () => {
    expect(toHex(keyCommit(one))).not.toContain(toHex(one));
  });
});
