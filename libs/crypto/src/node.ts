/**
 * `@cpds/crypto/node`: the functions that need node:crypto. They have a door of their own, so that every other door
 * runs in a browser.
 *
 * ```ts
 * import * as age from '@cpds/crypto/age';
 * import { decryptStream, encryptStream } from '@cpds/crypto/node';
 * import { randomBytes } from 'node:crypto';
 * import { text } from 'node:stream/consumers';
 * import { Readable } from 'node:stream';
 *
 * const identity = age.encodeIdentity(randomBytes(32));
 * const file = Readable.from([Buffer.from('a finding')]).pipe(encryptStream({ recipients: [age.recipientOf(identity)] }));
 * await text(file.pipe(decryptStream({ identity }))); // 'a finding'
 * ```
 */

export * from './age/node-aead.js';
export * from './age/node-scrypt.js';
export * from './age/node-streams.js';
export * from './tlog/node-note-signer.js';
