/**
 * A signing package with wrong members or shares: a stranger in it, one member twice, members of another key or epoch,
 * a share made for another message. Libraries that take the list as it comes sign for a set that somebody else chose;
 * where no session is named, messages of one serve another (CVE-2022-47930, IO FinNet tss-lib before 2.0.0).
 */

import { secp256k1_FROST } from '@noble/curves/secp256k1.js';
import { N, parseScalar } from '../src/curve.js';
import * as frost from '../src/frost.js';
import { frostId, frostPublic, frostSecret, type KeyShare } from '../src/group.js';
import { sha256 } from '../src/hash.js';
import { lagrangeAtZero } from '../src/partial.js';
import { attempt, generate } from '../src/threshold/test-group.js';

const keys = generate(attempt('mixed signers', 3, 2));
const strangers = generate(attempt('mixed signers, another key', 3, 2));
const [first, second] = keys as [KeyShare, KeyShare];
const { group } = first;
const digest = sha256(Uint8Array.of(1));
const bare = (list: readonly frost.NonceCommitment[]) =>
  list.map(({ index, hiding, binding }) => ({
    identifier: frostId(index),
    hiding: Uint8Array.from(hiding),
    binding: Uint8Array.from(binding),
  }));

describe('a package with a stranger', () => {
  it('is signed by the bare library, and refused here with the stranger named', () => {
    const own = frost.drawNonces(first);
    const stranger = { ...frost.drawNonces(strangers[1]!).commitment, index: 9 };
    const copy = { hiding: Uint8Array.from(own.secret.hiding), binding: Uint8Array.from(own.secret.binding) };
    const list = [own.commitment, stranger];
    const given = secp256k1_FROST.signShare(frostSecret(first), frostPublic(group), copy, bare(list), digest);
    expect(parseScalar(given, 'share')).toBeGreaterThan(0n); // a share for a set that the coordinator made up
    expect(() => frost.signShare(first, own, list, digest)).toThrow('is not in the current epoch (by member 9)');
  });
});

describe('one member twice', () => {
  it('reaches a threshold that counts entries, and is refused by what counts members', () => {
    const own = frost.drawNonces(first);
    const list = [own.commitment, own.commitment];
    expect(list.length).toBe(group.threshold); // a check that only counts entries would accept it
    expect(() => frost.signShare(first, own, list, digest)).toThrow('holds one signer twice (by member 1)');
    const [a, b] = [frost.drawNonces(first), frost.drawNonces(second)];
    const commitments = [a.commitment, b.commitment];
    const share = frost.signShare(first, a, commitments, digest);
    expect(frost.combineSignature(group, commitments, digest, [share, share])).toEqual({ culprits: [1, 2] });
    expect(frost.combineSignature(group, commitments, digest, [share, { ...share, index: 2 }])).toEqual({
      culprits: [2],
    });
  });
});

describe('members of two keys, or of two epochs of one', () => {
  it('hold shares of different polynomials, which interpolate to neither secret', () => {
    const at = (share: KeyShare) => lagrangeAtZero(share.index, [1, 2]) * parseScalar(share.secret, 'share');
    const secretOf = (one: KeyShare, two: KeyShare) => (at(one) + at(two)) % N;
    const [ours, theirs] = [secretOf(first, second), secretOf(strangers[0]!, strangers[1]!)];
    for (const mixed of [secretOf(first, strangers[1]!), secretOf(strangers[0]!, second)])
      expect([ours, theirs]).not.toContain(mixed);
  });

  it('sign nothing together, and the one of the other epoch is named', () => {
    const foreign = { ...strangers[1]!, group }; // a member that kept its old share
    const [a, b] = [frost.drawNonces(first), frost.drawNonces(foreign)];
    const commitments = [a.commitment, b.commitment];
    const shares = [frost.signShare(first, a, commitments, digest), frost.signShare(foreign, b, commitments, digest)];
    expect(frost.combineSignature(group, commitments, digest, shares)).toEqual({ culprits: [2] });
  });
});

describe('a share made for another message, or another session on the same one', () => {
  it('does not count, and its sender is named', () => {
    const session = (message: Uint8Array) => {
      const nonces = [frost.drawNonces(first), frost.drawNonces(second)];
      const commitments = nonces.map((one) => one.commitment);
      return {
        commitments,
        shares: [first, second].map((key, i) => frost.signShare(key, nonces[i]!, commitments, message)),
      };
    };
    const [here, elsewhere, again] = [session(digest), session(sha256()), session(digest)];
    for (const other of [elsewhere, again]) {
      const replayed = other.shares[1]!;
      expect(frost.isSignatureShare(group, here.commitments, digest, replayed)).toBe(false);
      const mixed = frost.combineSignature(group, here.commitments, digest, [here.shares[0]!, replayed]);
      expect(mixed).toEqual({ culprits: [2] });
    }
    const whole = frost.combineSignature(group, here.commitments, digest, here.shares);
    if (!('signature' in whole)) throw new Error('did not sign');
    expect(frost.isGroupSignature(group.publicKey, digest, whole.signature)).toBe(true);
    expect(frost.isGroupSignature(group.publicKey, sha256(), whole.signature)).toBe(false);
  });
});
