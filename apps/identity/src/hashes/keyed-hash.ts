import { createHmac } from 'node:crypto';
import { ascii } from '@cpds/crypto/bytes';
import { hkdfExpand } from '@cpds/crypto/hash';
import { canonicalJson } from '@cpds/messages';

/**
 * Hashes under a key of this hospital: identifiers of persons are matched without being stored, and a thief of the
 * database cannot try identifiers without the key file.
 */
export class KeyedHash {
  private readonly key: Uint8Array;

  /** @param root the database's derivation root */
  constructor(root: Uint8Array) {
    this.key = hkdfExpand(root, ascii('cpds/v1/identity/keyed-hash'), 32);
  }

  /** HMAC-SHA256 over the use and the canonical JSON of `value`, 32 bytes. */
  of(use: 'identifier' | 'identifier-value' | 'registration', value: unknown): Buffer {
    return createHmac('sha256', this.key)
      .update(`${use}\n${canonicalJson(value)}`)
      .digest();
  }
}
