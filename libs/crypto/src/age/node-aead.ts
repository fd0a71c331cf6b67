/** ChaCha20-Poly1305 by node:crypto, for payloads on servers. Exported through `@cpds/crypto/node` only. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Aead } from './payload.js';

const name = 'chacha20-poly1305';
const tagBytes = 16;

/**
 * The AEAD of servers: over a gigabyte a second on one core where the portable one does a tenth. This cipher returns
 * every byte at once, so `final` only makes or checks the tag and its empty result is not joined to the rest, which
 * would copy all.
 */
export const nodeAead: Aead = {
  seal(key, nonce, plaintext) {
    const cipher = createCipheriv(name, key, nonce, { authTagLength: tagBytes });
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return { ciphertext, tag: cipher.getAuthTag() };
  },
  open(key, nonce, sealed) {
    const decipher = createDecipheriv(name, key, nonce, { authTagLength: tagBytes });
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const opened = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
    decipher.final();
    return opened;
  },
};
