/** Ed25519 by node:crypto, for logs that sign a checkpoint with every batch. Exported through `@cpds/crypto/node` only. */

import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { fromHex } from '../bytes.js';
import { checkSigner, type NoteSigner } from './note-key.js';

/** RFC 8410 section 7: the bytes before the 32 of the seed in a PKCS #8 document. */
const pkcs8Head = fromHex('302e020100300506032b657004220420', 'pkcs8Head');

/** Signs the same bytes as `noteSigner` with this seed, a hundred times as fast. @throws CryptoError `bad-key-name`, `bad-length` */
export function nodeNoteSigner(name: string, seed: Uint8Array): NoteSigner {
  checkSigner(name, seed);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    name,
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}
