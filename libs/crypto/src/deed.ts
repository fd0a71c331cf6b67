/**
 * The content of a deed (section 5 and 12): a salted commitment to payload, file key and metadata.
 *
 * ```ts
 * import { keyCommit, recordCommitment } from '@cpds/crypto/deed';
 * import { sha256 } from '@cpds/crypto/hash';
 * import { randomBytes } from 'node:crypto';
 *
 * const commitment = recordCommitment({
 *   payloadSha256: sha256(randomBytes(64)),
 *   keyCommit: keyCommit(randomBytes(16)),
 *   metadata: { contentType: 'application/pdf' },
 *   salt: randomBytes(32),
 * });
 * commitment.length; // 32
 * ```
 */

import { ascii, checkBytes } from './bytes.js';
import { canonicalJson } from './canonical-json.js';
import { hkdfSha256, sha256 } from './hash.js';

/** The parts that a record commitment binds. The age header is left out, so it can be re-wrapped. */
export interface RecordFacts {
  /** SHA-256 of everything of the age file after the header's last newline. */
  payloadSha256: Uint8Array;
  /** `keyCommit` of the file key: one payload cannot open as two records. */
  keyCommit: Uint8Array;
  /** Any JSON; hashed in its RFC 8785 form. */
  metadata: unknown;
  /** 32 random bytes, fresh for each deed. */
  salt: Uint8Array;
}

/** HKDF-SHA256(file key, info "cpds/v1/key-commit"), 32 bytes: commits to the 16-byte age file key. */
export function keyCommit(fileKey: Uint8Array): Uint8Array {
  return hkdfSha256(checkBytes(fileKey, 'fileKey', 16), ascii('cpds/v1/key-commit'), 32);
}

/** sha256("cpds/v1/record" ‖ sha256(payload) ‖ keyCommit ‖ sha256(metadata) ‖ salt), 32 bytes. */
export function recordCommitment(facts: RecordFacts): Uint8Array {
  return sha256(
    ascii('cpds/v1/record'),
    checkBytes(facts.payloadSha256, 'payloadSha256', 32),
    checkBytes(facts.keyCommit, 'keyCommit', 32),
    sha256(canonicalJson(facts.metadata)),
    checkBytes(facts.salt, 'salt', 32),
  );
}

/** sha256(salt ‖ terms in RFC 8785 form): salted, because terms are guessable. */
export function termsHash(salt: Uint8Array, terms: unknown): Uint8Array {
  return sha256(checkBytes(salt, 'salt', 32), canonicalJson(terms));
}
