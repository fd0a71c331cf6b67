/**
 * Capsules (section 6): TDH2 of Shoup-Gennaro 1998 with the recipient bound into the key. Neither t storemen alone
 * (they lack q) nor the recipient alone (it lacks K) can open one.
 *
 * ```ts
 * import { toHex } from '@cpds/crypto/bytes';
 * import { capsuleLabel, openCapsule, parseCapsule, sealCapsule } from '@cpds/crypto/capsule';
 * import { G } from '@cpds/crypto/curve';
 * import { randomBytes } from 'node:crypto';
 *
 * const [y, q] = [31n, 37n]; // of all storemen together, of the recipient
 * const [ySeal, recipientKey] = [G.multiply(y), G.multiply(q)];
 * const label = capsuleLabel(randomBytes(32), randomBytes(32), ySeal);
 * const fileKey = randomBytes(16);
 * const capsule = parseCapsule(sealCapsule({ fileKey, label, recipientKey, ySeal }, randomBytes));
 * const W = capsule.C.add(recipientKey).multiply(y); // what partial releases combine to
 * toHex(openCapsule({ capsule, label, recipientSecret: q, ySeal, W })) === toHex(fileKey); // true
 * ```
 */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ascii, checkBytes, concat } from './bytes.js';
import { CryptoError } from './crypto-error.js';
import {
  checkNonzero,
  checkPoint,
  checkRecoverable,
  checkScalar,
  compressed,
  G,
  hedgedScalar,
  parsePoint,
  xy,
  type Point,
} from './curve.js';
import { dleqBytes, parseDleq, proveDleq, verifyDleq, type DleqProof, type DleqStatement } from './dleq.js';
import { hkdfSha256, keccak256, sha256 } from './hash.js';
import type { RandomBytes } from './random.js';
import { gBar } from './tag-base.js';

/** Bytes of a capsule: C ‖ C̄ ‖ c ‖ s ‖ wrapped. */
export const CAPSULE_BYTES = 162;
/** Bytes of an age file key. */
export const FILE_KEY_BYTES = 16;

/** A parsed capsule. */
export interface Capsule {
  /** C = r·G */
  C: Point;
  /** C̄ = r·Ḡ */
  cBar: Point;
  proof: DleqProof;
  /** The file key under ChaCha20-Poly1305, 32 bytes. */
  wrapped: Uint8Array;
}

/**
 * keccak256("cpds/v1/label" ‖ grant digest with sealedKeyHash = 0 ‖ keyId of Y_seal ‖ Y_seal), 32 bytes: names the
 * grant and key for which a capsule may be opened.
 */
export function capsuleLabel(grantDigestWithoutKey: Uint8Array, sealKeyId: Uint8Array, ySeal: Point): Uint8Array {
  if (checkBytes(grantDigestWithoutKey, 'grantDigest').length !== 32)
    throw new CryptoError('bad-hash', 'grantDigest', 'must be 32 bytes');
  if (checkBytes(sealKeyId, 'sealKeyId').length !== 32)
    throw new CryptoError('bad-hash', 'sealKeyId', 'must be 32 bytes');
  return keccak256(ascii('cpds/v1/label'), grantDigestWithoutKey, sealKeyId, xy(ySeal));
}

/**
 * Seals a file key to (Y_seal, Q) under `label`; 162 bytes.
 *
 * r is drawn anew for every sealing, hedged with file key and label: the AEAD's nonce is zero, so one key, one use.
 *
 * @throws CryptoError `bad-length`, `bad-point`
 */
export function sealCapsule(
  input: { fileKey: Uint8Array; label: Uint8Array; recipientKey: Point; ySeal: Point },
  random: RandomBytes,
): Uint8Array {
  const { fileKey, label, recipientKey, ySeal } = input;
  if (checkBytes(fileKey, 'fileKey').length !== FILE_KEY_BYTES)
    throw new CryptoError('bad-length', 'fileKey', 'must be 16 bytes');
  checkLabel(label);
  checkRecoverable(recipientKey, 'recipientKey');
  checkRecoverable(ySeal, 'ySeal');
  const r = hedgedScalar('capsule', fileKey, random(32), concat(label, xy(recipientKey), xy(ySeal)));
  // Secret scalar: constant-time ladder.
  const C = G.multiply(r);
  const cBar = gBar().multiply(r);
  const key = aeadKey(ySeal.multiply(r), recipientKey.multiply(r), label, C);
  const wrapped = chacha20poly1305(key, ZERO_NONCE).encrypt(fileKey);
  const proof = proveDleq(sealStatement(C, cBar, label, wrapped), r, random);
  // Refuse now a C whose sum with Q has x ≥ n: its capsule could never be released.
  checkReleasePoint(C, recipientKey);
  return concat(compressed(C), compressed(cBar), dleqBytes(proof), wrapped);
}

/** Parses a capsule. @throws CryptoError `bad-capsule`, `bad-point`, `bad-scalar`, naming the part */
export function parseCapsule(bytes: Uint8Array): Capsule {
  if (checkBytes(bytes, 'capsule').length !== CAPSULE_BYTES)
    throw new CryptoError('bad-capsule', 'capsule', `must be ${CAPSULE_BYTES} bytes, has ${bytes.length}`);
  return {
    C: checkRecoverable(parsePoint(bytes.slice(0, 33), 'capsule.C'), 'capsule.C'),
    cBar: parsePoint(bytes.slice(33, 66), 'capsule.cBar'),
    proof: parseDleq(bytes.slice(66, 130), 'capsule.proof'),
    wrapped: bytes.slice(130),
  };
}

/** Whether the capsule's proof binds C, C̄ and `wrapped` to `label`. Public inputs: variable time. */
export function verifyCapsule(capsule: Capsule, label: Uint8Array): boolean {
  return verifyDleq(sealStatement(capsule.C, capsule.cBar, label, capsule.wrapped), capsule.proof);
}

/** keccak256 of the whole capsule, 32 bytes: the grant names its capsule by this. */
export function sealedKeyHash(capsule: Uint8Array): Uint8Array {
  return keccak256(capsule);
}

/** C + Q, the point storemen multiply. @throws CryptoError `bad-point` when it is the identity or has x ≥ n */
export function checkReleasePoint(C: Point, recipientKey: Point): Point {
  return checkRecoverable(checkNonzero(C, 'C').add(checkNonzero(recipientKey, 'recipientKey')), 'releasePoint');
}

/**
 * The holder of q opens a capsule with the combined W = Σ λ_i·W_i: K = W − q·Y_seal and r·Q = q·C.
 *
 * @returns the 16-byte age file key
 * @throws CryptoError `wrong-key` when W, q, label or capsule do not fit together
 */
export function openCapsule(input: {
  capsule: Capsule;
  label: Uint8Array;
  recipientSecret: bigint;
  ySeal: Point;
  W: Point;
}): Uint8Array {
  const { capsule, label, recipientSecret, ySeal, W } = input;
  checkScalar(recipientSecret, 'recipientSecret');
  checkNonzero(capsule.C, 'capsule.C');
  // Secret scalar: constant-time ladder.
  const K = checkPoint(W, 'W').subtract(checkNonzero(ySeal, 'ySeal').multiply(recipientSecret));
  if (K.is0()) throw new CryptoError('wrong-key', 'W', 'does not open this capsule');
  const key = aeadKey(K, capsule.C.multiply(recipientSecret), label, capsule.C);
  try {
    return chacha20poly1305(key, ZERO_NONCE).decrypt(capsule.wrapped);
  } catch (cause) {
    throw Object.assign(new CryptoError('wrong-key', 'W', 'does not open this capsule'), { cause });
  }
}

/** Proof of knowledge of q for a release: Q̄ = q·Ḡ and DLEQ(open; G, Q, Ḡ, Q̄; grantId). A signature by q does not replace it. */
export interface OpenProof {
  qBar: Point;
  proof: DleqProof;
}

/** Proves knowledge of the recipient secret q for `grantId`. */
export function proveOpen(recipientSecret: bigint, grantId: Uint8Array, random: RandomBytes): OpenProof {
  checkScalar(recipientSecret, 'recipientSecret');
  // Secret scalar: constant-time ladder.
  const qBar = gBar().multiply(recipientSecret);
  const statement = openStatement(G.multiply(recipientSecret), qBar, grantId);
  return { qBar, proof: proveDleq(statement, recipientSecret, random) };
}

/** Whether `open` proves knowledge of the secret of `recipientKey` for `grantId`. */
export function verifyOpen(recipientKey: Point, grantId: Uint8Array, open: OpenProof): boolean {
  return verifyDleq(openStatement(recipientKey, open.qBar, grantId), open.proof);
}

const ZERO_NONCE = new Uint8Array(12);

function aeadKey(K: Point, rQ: Point, label: Uint8Array, C: Point): Uint8Array {
  const info = concat(ascii('cpds/v1/capsule'), checkLabel(label), compressed(C));
  return hkdfSha256(concat(compressed(K), compressed(rQ)), info, 32);
}

/** DLEQ(seal; G, C, Ḡ, C̄; keccak256(label ‖ sha256(wrapped))). */
function sealStatement(C: Point, cBar: Point, label: Uint8Array, wrapped: Uint8Array): DleqStatement {
  return { use: 'seal', A: G, X: C, B: gBar(), Z: cBar, message: keccak256(checkLabel(label), sha256(wrapped)) };
}

function openStatement(Q: Point, qBar: Point, grantId: Uint8Array): DleqStatement {
  return { use: 'open', A: G, X: Q, B: gBar(), Z: qBar, message: grantId };
}

function checkLabel(label: Uint8Array): Uint8Array {
  if (checkBytes(label, 'label').length !== 32) throw new CryptoError('bad-hash', 'label', 'must be 32 bytes');
  return label;
}
