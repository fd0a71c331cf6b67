/** Age files as Node streams, for `pipeline`. Exported through `@cpds/crypto/node` only. */

import { Duplex, PassThrough, Readable } from 'node:stream';
import * as age from './file.js';
import { nodeAead } from './node-aead.js';
import { nodeScrypt } from './node-scrypt.js';

const engine: age.Engine = { aead: nodeAead, scrypt: nodeScrypt };

/** Plaintext in, age file out. Fails as `sealFile` does. */
export function encryptStream(lock: age.Lock): Duplex {
  return through((plaintext) => age.sealFile(plaintext, lock, engine));
}

/**
 * Age file in, plaintext out. Fails as `openFile` does, and what came out before is then not to be trusted: `pipeline` to a
 * file, and keep the file only when that has ended well.
 */
export function decryptStream(unlock: age.Unlock): Duplex {
  return through((file) => age.openFile(file, unlock, engine));
}

/** Not `Duplex.from(work)`: a pipeline through that never ends when its source fails. */
function through(work: (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>): Duplex {
  const input = new PassThrough({ objectMode: true });
  // The work may stop reading before its end: its own error is to be told, not that its input was closed.
  const source = input.iterator({ destroyOnReturn: false });
  return Duplex.from({ writable: input, readable: Readable.from(work(source)) });
}
