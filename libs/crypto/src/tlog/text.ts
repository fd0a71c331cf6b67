/** Reads and writes counts and bytes as the C2SP log texts do. One value has one written form; other spellings are refused. */

import { base64 } from '@scure/base';
import { checkText } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';

/**
 * Decimal without leading zeros. Counts are safe integers here: the specifications allow 2⁶³, and no log of this
 * project comes near 2⁵³.
 *
 * @throws CryptoError with `code`, naming `field`
 */
export function parseDecimal(
  text: string | undefined,
  code: 'bad-checkpoint' | 'bad-log-proof',
  field: string,
): number {
  if (text === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new CryptoError(code, field, 'is not a decimal count');
  return Number(text);
}

/**
 * Standard base64 with its padding (RFC 4648 §4), unused bits zero.
 *
 * @throws CryptoError with `code`, naming `field`
 */
export function parseBase64(
  text: string,
  code: 'bad-note' | 'bad-verifier-key' | 'bad-log-proof',
  field: string,
): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw new CryptoError(code, field, 'is not base64');
  }
}

/**
 * A tree hash that has a line to itself.
 *
 * @throws CryptoError with `code`, naming `field`
 */
export function parseHash(
  text: string | undefined,
  code: 'bad-checkpoint' | 'bad-log-proof',
  field: string,
): Uint8Array {
  // 32 bytes have one written form only: the last digit before the padding carries four bits.
  if (text === undefined || !/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text))
    throw new CryptoError(code, field, 'is not 32 bytes in base64');
  return base64.decode(text);
}

/**
 * Stops unless `text` may stand in a signed note: lines that end in a newline, without other ASCII control characters.
 * Half a surrogate pair has no UTF-8 form, and decoders put U+FFFD in place of invalid bytes: both would let different
 * strings share one signature. Intentional divergence: a note that really says U+FFFD is refused too.
 *
 * @throws CryptoError `bad-note`
 */
export function assertLines(text: string): void {
  // eslint-disable-next-line no-control-regex -- the format forbids exactly these
  if (!checkText(text, 'text').endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(text))
    throw new CryptoError('bad-note', 'note', 'its text has a control character or no last newline');
  if (/[\p{Surrogate}\ufffd]/u.test(text)) throw new CryptoError('bad-note', 'note', 'its text is not UTF-8');
}
