/** Signing by members of both implementations: the members named in `rust` commit and sign in the Rust program. */

import * as frost from '../src/frost.js';
import type { KeyShare, MemberIndex } from '../src/group.js';
import type { Peer, SigningPackage } from './peer.js';

/** Round 1 and round 2 of `signers`, each by the implementation that it belongs to. */
export async function signTogether(
  peer: Peer,
  signers: readonly KeyShare[],
  rust: ReadonlySet<MemberIndex>,
  digest: Uint8Array,
): Promise<{ package: SigningPackage; shares: frost.SignatureShare[] }> {
  const drawn = await Promise.all(
    signers.map(async (key) => {
      if (rust.has(key.index)) {
        const { nonces, commitment } = await peer.ask('commit', key);
        return { commitment, sign: (given: SigningPackage) => peer.ask('sign', { key, nonces, package: given }) };
      }
      const nonces = frost.drawNonces(key);
      const sign = async ({ commitments }: SigningPackage) => frost.signShare(key, nonces, commitments, digest);
      return { commitment: nonces.commitment, sign };
    }),
  );
  const given = { commitments: drawn.map((one) => one.commitment), digest };
  return { package: given, shares: await Promise.all(drawn.map((one) => one.sign(given))) };
}

/**
 * The signature that both aggregates give, verified by both sides.
 *
 * @throws if they differ, or one side refuses it
 */
export async function signedByBoth(
  peer: Peer,
  signers: readonly KeyShare[],
  rust: ReadonlySet<MemberIndex>,
  digest: Uint8Array,
): Promise<frost.Signature> {
  const { group } = signers[0]!;
  const made = await signTogether(peer, signers, rust, digest);
  const ours = frost.combineSignature(group, made.package.commitments, digest, made.shares);
  const theirs = await peer.ask('aggregate', { group, ...made });
  expect(ours).toEqual({ signature: theirs });
  expect(frost.isGroupSignature(group.publicKey, digest, theirs)).toBe(true);
  expect(await peer.ask('verify', { publicKey: group.publicKey, digest, signature: theirs })).toBe(true);
  return theirs;
}
