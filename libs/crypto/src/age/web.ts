/**
 * Age files in a browser, `@cpds/crypto/browser`: one file without further imports, made by `npm run build`. A patient's
 * page opens a record with it; nothing leaves the page.
 *
 * ```ts
 * import * as age from '@cpds/crypto/age';
 * import { decryptAge } from '@cpds/crypto/browser';
 * import { ascii } from '@cpds/crypto/bytes';
 *
 * const file = ReadableStream.from(age.sealFile([ascii('a finding')], { passphrase: 'correct horse', logN: 4 }));
 * const response = new Response(decryptAge(file, { passphrase: 'correct horse' }));
 * await response.text(); // 'a finding'
 * ```
 */

import * as age from './file.js';

export type { Unlock } from './file.js';

/**
 * Opens an age file. Every byte that the stream delivers is authentic; the file is whole only if the stream ends
 * without an error.
 *
 * @returns the plaintext, in pieces of at most 64 KiB; fails with a CryptoError `bad-age-header`, `bad-age-key`, `no-stanza`,
 *   `bad-age-mac` or `bad-age-payload`
 */
export function decryptAge(file: ReadableStream<Uint8Array>, unlock: age.Unlock): ReadableStream<Uint8Array> {
  const plaintext = age.openFile(pieces(file), unlock);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await plaintext.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await plaintext.return(undefined);
    },
  });
}

/** Not every browser iterates over streams. */
async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel();
  }
}
