/** Age files as Node streams, for `pipeline`. Exported through `@cpds/crypto/node` only. */

import { Duplex, PassThrough, Readable } from 'node:stream';
import * as age from './file.js';
import { nodeAead } from './node-aead.js';
import { nodeScrypt } from './node-scrypt.js';

const engine: age.Engine = { aead: nodeAead, scrypt: nodeScrypt };

/** Takes plaintext and gives the age file. Fails as `sealFile` does. */
export function encryptStream(lock: age.Lock): Duplex {
  return through((plaintext) => age.sealFile(plaintext, lock, engine));
}

/**
 * Takes an age file and gives the plaintext. Fails as `openFile` does, and the plaintext that came out before must then
 * not be trusted: `pipeline` it to a file, and keep the file only if the pipeline ends without an error.
 */
export function decryptStream(unlock: age.Unlock): Duplex {
  return through((file) => age.openFile(file, unlock, engine));
}

/** Not `Duplex.from(work)`: a pipeline through that never ends when its source fails. */
function through(work: (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>): Duplex {
  const input = new PassThrough({ objectMode: true });
  // If the work stops reading before its input's end, report its own error and not that the input was closed.
  const source = input.iterator({ destroyOnReturn: false });
  return Duplex.from({ writable: input, readable: Readable.from(work(source)) });
}
