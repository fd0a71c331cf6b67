/**
 * Age v1 files (c2sp.org/age): recipients, headers, payloads as streams, ranges of a payload, passphrases. A file made here opens with any
 * age program, and theirs open here.
 *
 * ```ts
 * import * as age from '@cpds/crypto/age';
 * import { ascii, concat } from '@cpds/crypto/bytes';
 * import { randomBytes } from 'node:crypto';
 *
 * async function joined(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
 *   const parts: Uint8Array[] = [];
 *   for await (const part of stream) parts.push(part);
 *   return concat(...parts);
 * }
 * const fileKey = randomBytes(age.fileKeyBytes);
 * const sealed = await joined(
 *   age.sealPayload([ascii('a finding')], fileKey, randomBytes(age.payloadNonceBytes), age.portableAead),
 * );
 * sealed.length === age.payloadLength(9); // true
 * const opened = await joined(age.openPayload([sealed], fileKey, age.portableAead));
 * new TextDecoder().decode(opened); // 'a finding'
 * ```
 */

export * from './age/recipient.js';
export * from './age/stanza.js';
export * from './age/header.js';
export * from './age/file.js';
export * from './age/payload.js';
export * from './age/passphrase.js';
export * from './age/payload-reader.js';
