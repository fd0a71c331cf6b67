/**
 * The header of an age v1 file (c2sp.org/age, "Header"): who may open the file, under a MAC by the file key.
 *
 * A deed commits to the payload alone, so a header can be re-wrapped for other recipients; the price is that nothing
 * but the MAC ties it to its payload. Therefore `unwrapHeader` never hands out a file key before the MAC holds.
 */

import { hmac } from '@noble/hashes/hmac.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64nopad } from '@scure/base';
import { ascii, checkBytes, checkList, equalBytes } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import {
  decodeBase64,
  fileKeyBytes,
  parseStanza,
  serializeStanza,
  unwrapStanza,
  wrapFileKey,
  type Stanza,
} from './stanza.js';

/** A parsed header: its stanzas in order and its 32-byte MAC. */
export interface Header {
  stanzas: readonly Stanza[];
  mac: Uint8Array;
}

/** Longest header read: no writer of this project comes near, and a stream that never ends its header must not fill memory. */
export const maxHeaderBytes = 64 * 1024;

/** Most stanzas of a header: each X25519 one costs a key agreement, and 64 KiB hold 668 of them. */
export const maxStanzas = 1024;

const version = 'age-encryption.org/v1';

/** A header that opens `fileKey` to each of `recipients` (`age1…`), in that order. */
export function createHeader(fileKey: Uint8Array, recipients: readonly string[]): Header {
  if (checkList(recipients, 'recipients', maxStanzas).length === 0)
    throw new CryptoError('bad-age-header', 'recipients', 'must name at least one');
  return sealHeader(
    fileKey,
    recipients.map((recipient) => wrapFileKey(fileKey, recipient)),
  );
}

/** A header of ready stanzas: with `unwrapHeader`, the way to re-wrap a file and leave its payload as it is. */
export function sealHeader(fileKey: Uint8Array, stanzas: readonly Stanza[]): Header {
  checkBytes(fileKey, 'fileKey', fileKeyBytes);
  return { stanzas, mac: headerMac(fileKey, stanzas) };
}

/** The header's bytes, up to and with its last newline. */
export function serializeHeader(header: Header): Uint8Array {
  return ascii(`${withoutMac(header.stanzas)} ${base64nopad.encode(checkBytes(header.mac, 'MAC', 32))}\n`);
}

/**
 * Parses a whole header, canonical form only: what it accepts, `serializeHeader` writes back bit by bit.
 *
 * @throws CryptoError `bad-age-header` names the part
 */
export function parseHeader(bytes: Uint8Array): Header {
  if (checkBytes(bytes, 'header').length > maxHeaderBytes)
    throw new CryptoError('bad-age-header', 'header', `is longer than ${maxHeaderBytes} bytes`);
  const text = new TextDecoder('latin1').decode(bytes);
  if (!text.endsWith('\n')) throw new CryptoError('bad-age-header', 'header', 'must end in a newline');
  const lines = text.slice(0, -1).split('\n');
  if (lines[0] !== version) throw new CryptoError('bad-age-header', 'version', `must be ${version}`);
  const stanzas: Stanza[] = [];
  let at = 1;
  while (at < lines.length && !lines[at]!.startsWith('---')) {
    const { stanza, next } = parseStanza(lines, at);
    if (stanzas.push(stanza) > maxStanzas)
      throw new CryptoError('bad-age-header', 'stanza', `may be there ${maxStanzas} times`);
    at = next;
  }
  if (stanzas.length === 0) throw new CryptoError('bad-age-header', 'stanza', 'must be there at least once');
  // A passphrase must stand alone, so that its reader knows that somebody who has it wrote the file (c2sp.org/age).
  if (stanzas.length > 1 && stanzas.some(({ args }) => args[0] === 'scrypt'))
    throw new CryptoError('bad-age-header', 'scrypt stanza', 'must be the only one');
  const last = lines[at] ?? '';
  if (at !== lines.length - 1 || !last.startsWith('--- '))
    throw new CryptoError('bad-age-header', 'MAC', 'must be the last line');
  const mac = decodeBase64(last.slice(4), 'MAC');
  if (mac.length !== 32) throw new CryptoError('bad-age-header', 'MAC', 'must be 32 bytes');
  return { stanzas, mac };
}

/** Length of the header at the start of `bytes`, its last newline included; `null` while `bytes` end before it. */
export function headerLength(bytes: Uint8Array): number | null {
  checkBytes(bytes, 'header');
  for (let lineStart = 0; ;) {
    const newline = bytes.indexOf(0x0a, lineStart);
    if (newline < 0) return null;
    if (lineStart > 0 && bytes[lineStart] === 0x2d && bytes[lineStart + 1] === 0x2d && bytes[lineStart + 2] === 0x2d)
      return newline + 1;
    lineStart = newline + 1;
  }
}

/**
 * The file key, by the first stanza that `identity` opens, after the MAC was checked with it.
 *
 * @throws CryptoError `no-stanza` no stanza is for this identity; `bad-age-header` a malformed stanza; `bad-age-mac` the header is not
 *   the one this key sealed
 */
export function unwrapHeader(header: Header, identity: string): Uint8Array {
  let found: Uint8Array | null = null;
  // Every stanza is looked at, not only those before the match: one malformed stanza refuses the file (c2sp.org/age).
  for (const stanza of checkList(header.stanzas, 'stanzas', maxStanzas)) {
    const key = unwrapStanza(stanza, identity);
    found ??= key;
  }
  if (!found) throw new CryptoError('no-stanza', 'identity', 'opens no stanza of this header');
  checkHeaderMac(header, found);
  return found;
}

/** Accepts the header only when `fileKey` made its MAC. @throws CryptoError `bad-age-mac` */
export function checkHeaderMac(header: Header, fileKey: Uint8Array): void {
  checkBytes(fileKey, 'fileKey', fileKeyBytes);
  if (!equalBytes(headerMac(fileKey, header.stanzas), checkBytes(header.mac, 'MAC')))
    throw new CryptoError('bad-age-mac', 'MAC', 'does not fit the header and the file key');
}

function headerMac(fileKey: Uint8Array, stanzas: readonly Stanza[]): Uint8Array {
  return hmac(sha256, hkdf(sha256, fileKey, undefined, ascii('header'), 32), ascii(withoutMac(stanzas)));
}

/** The bytes that the MAC covers: from the version line to `---`. */
function withoutMac(stanzas: readonly Stanza[]): string {
  return `${version}\n${checkList(stanzas, 'stanzas', maxStanzas).map(serializeStanza).join('')}---`;
}
