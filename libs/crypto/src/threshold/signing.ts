/**
 * One FROST signature (RFC 9591, FROST(secp256k1, SHA-256)) over a 32-byte digest, from the arithmetic of
 * @noble/curves. Two gaps of it are closed here: it would sign with commitments of strangers, and its errors name no culprit. Nonces are hedged
 * by the RFC itself (§4.1: hash of fresh randomness and the share) and live in `NonceVault`.
 */

import { secp256k1_FROST } from '@noble/curves/secp256k1.js';
import type { NonceCommitments, Nonces } from '@noble/curves/abstract/frost.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { checkBytes, checkList, equalBytes, toBigInt } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { checkRecoverable, parsePoint, parseScalar } from '../curve.js';
import { frostId, frostPublic, frostSecret, memberName, verificationShare } from './group.js';
import type { GroupKey, KeyShare, MemberIndex } from './group.js';

/** Round 1, public: a signer's two nonce commitments, SEC1 compressed. */
export interface NonceCommitment {
  index: MemberIndex;
  hiding: Uint8Array;
  binding: Uint8Array;
}

/** Round 1, secret: the nonces behind a commitment. They sign once; signing overwrites them with zeros. */
export interface SigningNonces {
  secret: Nonces;
  commitment: NonceCommitment;
}

/** Round 2: one signer's z_i, 32 bytes. */
export interface SignatureShare {
  index: MemberIndex;
  share: Uint8Array;
}

/** R (SEC1 compressed) ‖ z: 65 bytes. */
export type Signature = Uint8Array;

/** Draws fresh nonces of a signer (RFC 9591 §5.1). @param random 32 random bytes each time it is called */
export function drawNonces(share: KeyShare, random: (length?: number) => Uint8Array = randomBytes): SigningNonces {
  const { nonces, commitments } = secp256k1_FROST.commit(frostSecret(share), (length) =>
    Uint8Array.from(checkBytes(random(length), 'random', length)),
  );
  return {
    secret: nonces,
    commitment: { index: share.index, hiding: commitments.hiding, binding: commitments.binding },
  };
}

/**
 * Refuses a package of commitments that is not t distinct members of the group with two points each.
 *
 * @returns the package as the library reads it: points uncompressed, so that it does not compute again roots that were computed here
 * @throws CryptoError `bad-package`, `not-a-member` or `bad-point`, naming the culprit
 */
export function checkPackage(group: GroupKey, commitments: readonly NonceCommitment[]): NonceCommitments[] {
  const seen = new Set<MemberIndex>();
  const list = checkList(commitments, 'commitments', 0xffff).map(({ index, hiding, binding }) => {
    verificationShare(group, index);
    if (seen.has(index))
      throw new CryptoError('bad-package', 'commitments', 'holds one signer twice', memberName(index));
    seen.add(index);
    const read = (field: string, point: Uint8Array) => {
      try {
        return parsePoint(point, field).toBytes(false);
      } catch (cause) {
        throw Object.assign(new CryptoError('bad-point', field, 'is not a point of the group', memberName(index)), {
          cause,
        });
      }
    };
    return { identifier: frostId(index), hiding: read('hiding', hiding), binding: read('binding', binding) };
  });
  if (seen.size !== group.threshold)
    throw new CryptoError('bad-package', 'commitments', `must be exactly ${group.threshold}, are ${seen.size}`);
  return list;
}

/**
 * Signs one share (RFC 9591 §5.2) and destroys the nonces.
 *
 * The digest must come from the signer's own facts, never from the coordinator.
 *
 * @throws CryptoError `bad-package` also when the signer's own commitment is missing or differs by one bit, and
 *   `nonces-spent` when these nonces signed before
 */
export function signShare(
  share: KeyShare,
  nonces: SigningNonces,
  commitments: readonly NonceCommitment[],
  digest: Uint8Array,
): SignatureShare {
  checkDigest(digest);
  const list = checkPackage(share.group, commitments);
  const own = commitments.find((one) => one.index === share.index);
  const drawn = nonces.commitment;
  if (!own || !equalBytes(own.hiding, drawn.hiding) || !equalBytes(own.binding, drawn.binding))
    throw new CryptoError('bad-package', 'commitments', 'does not hold the own commitment as it was given');
  if (equalBytes(nonces.secret.hiding, new Uint8Array(32)))
    throw new CryptoError('nonces-spent', 'nonces', 'have signed already');
  parseScalar(nonces.secret.hiding, 'nonces.hiding');
  parseScalar(nonces.secret.binding, 'nonces.binding');
  const secret = frostSecret(share);
  // The library compares the own commitment with its nonces byte by byte: that one it must read compressed.
  const mine = {
    identifier: secret.identifier,
    hiding: Uint8Array.from(own.hiding),
    binding: Uint8Array.from(own.binding),
  };
  const read = [mine, ...list.filter(({ identifier }) => identifier !== mine.identifier)];
  const signed = secp256k1_FROST.signShare(secret, frostPublic(share.group), nonces.secret, read, digest);
  return { index: share.index, share: signed };
}

/** Whether z_i fits its signer's commitment and verification share (RFC 9591 §5.4); false for a malformed share. */
export function isSignatureShare(
  group: GroupKey,
  commitments: readonly NonceCommitment[],
  digest: Uint8Array,
  share: SignatureShare,
): boolean {
  checkDigest(digest);
  const list = checkPackage(group, commitments);
  return commitments.some(({ index }) => index === share.index) && fits(group, list, digest, share);
}

/**
 * Adds the shares up to a signature (RFC 9591 §5.3), or names the members whose share is bad or missing. Verifies the
 * sum first, and the shares one by one only if it fails, as §5.3 allows.
 *
 * @throws CryptoError as `checkPackage`; `bad-group` if every share is good and the sum is not
 */
export function combineSignature(
  group: GroupKey,
  commitments: readonly NonceCommitment[],
  digest: Uint8Array,
  shares: readonly SignatureShare[],
): { signature: Signature } | { culprits: MemberIndex[] } {
  checkDigest(digest);
  const list = checkPackage(group, commitments);
  const given = new Map(
    commitments.map(
      ({ index }) => [index, checkList(shares, 'shares', 0xffff).filter((share) => share.index === index)] as const,
    ),
  );
  const spoilers = () =>
    [...given].filter(([, from]) => from.length !== 1 || !fits(group, list, digest, from[0]!)).map(([index]) => index);
  if ([...given.values()].some((from) => from.length !== 1 || !isScalar(from[0]!.share)))
    return { culprits: spoilers() };
  const byId = Object.fromEntries([...given].map(([index, [from]]) => [frostId(index), from!.share]));
  try {
    return { signature: secp256k1_FROST.aggregate(frostPublic(group), list, digest, byId) };
  } catch (failed) {
    const culprits = spoilers();
    if (culprits.length === 0)
      throw Object.assign(new CryptoError('bad-group', 'publicKey', 'is not that of the verification shares'), {
        cause: failed,
      });
    return { culprits };
  }
}

/** Whether `signature` is the group's over `digest`; false for a malformed one. */
export function isGroupSignature(publicKey: Uint8Array, digest: Uint8Array, signature: Signature): boolean {
  checkDigest(digest);
  const Y = checkRecoverable(parsePoint(publicKey, 'publicKey'), 'publicKey');
  if (checkBytes(signature, 'signature').length !== 65 || !isScalar(signature.subarray(33))) return false;
  try {
    return secp256k1_FROST.verify(signature, digest, Y.toBytes(false));
  } catch {
    return false; // R is malformed: it is the only input of the library that was not checked before
  }
}

/** A signature as the words that contracts take: R as (x, y), and z. @throws CryptoError for anything that is not R ‖ z */
export function signatureWords(signature: Signature): { Rx: bigint; Ry: bigint; z: bigint } {
  const { x, y } = parsePoint(checkBytes(signature, 'signature').subarray(0, 33), 'R').toAffine();
  parseScalar(signature.subarray(33), 'z');
  return { Rx: x, Ry: y, z: toBigInt(signature.subarray(33)) };
}

function checkDigest(digest: Uint8Array): void {
  if (checkBytes(digest, 'digest').length !== 32)
    throw new CryptoError('bad-digest', 'digest', `must be 32 bytes, has ${digest.length}`);
}

function isScalar(bytes: Uint8Array): boolean {
  try {
    parseScalar(bytes, 'share');
    return true;
  } catch (cause) {
    if (cause instanceof CryptoError) return false;
    throw cause;
  }
}

/** Whether the share of a signer in `list` fits it. */
function fits(group: GroupKey, list: NonceCommitments[], digest: Uint8Array, { index, share }: SignatureShare) {
  return isScalar(share) && secp256k1_FROST.verifyShare(frostPublic(group), list, digest, frostId(index), share);
}
