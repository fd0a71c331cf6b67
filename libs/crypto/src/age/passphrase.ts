/** The scrypt type of an age stanza (c2sp.org/age, "The scrypt recipient type"): a file that a passphrase opens, for a wallet's backup. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { base64nopad } from '@scure/base';
import { ascii, checkBytes, checkList, checkText, concat, utf8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { checkHeaderMac, maxStanzas, sealHeader, type Header } from './header.js';
import { decodeBase64, fileKeyBytes, maxArguments } from './stanza.js';

/** scrypt of RFC 7914 with r = 8, p = 1 and N = 2^logN, 32 bytes long. It takes 2^(logN + 10) bytes of memory. */
export type Scrypt = (passphrase: Uint8Array, salt: Uint8Array, logN: number) => Promise<Uint8Array>;

/** The scrypt that runs everywhere; it gives way to other work as it runs. */
export const portableScrypt: Scrypt = (passphrase, salt, logN) =>
  scryptAsync(passphrase, salt, { ...scryptCost(passphrase, salt, logN), dkLen: 32 });

/** Work factor of new files by default: about a second, and 256 MiB. */
export const defaultLogN = 18;
/** Highest work factor that is read: a header must not be able to take all memory (4 GiB at 22, which is the age program's limit too). */
export const maxLogN = 22;

/** Parameters for both implementations. Checks the input first, since 2^logN is allocated before anything else is looked at. */
export function scryptCost(passphrase: Uint8Array, salt: Uint8Array, logN: number) {
  checkBytes(passphrase, 'passphrase');
  checkBytes(salt, 'salt');
  if (!Number.isInteger(logN) || logN < 1 || logN > maxLogN)
    throw new CryptoError('bad-work-factor', 'logN', `must be 1 to ${maxLogN}`);
  return { N: 2 ** logN, r: 8, p: 1, maxmem: 2 ** (logN + 11) + 2 ** 16 };
}

const saltBytes = 16;
const saltLabel = ascii('age-encryption.org/v1/scrypt');
/** One key, one use: the nonce is zero (c2sp.org/age). */
const zeroNonce = new Uint8Array(12);

/**
 * A header that opens `fileKey` to whoever knows the passphrase, and to nobody else: such a stanza stands alone.
 *
 * @param logN work and memory; 16 random bytes of salt, fresh for each file
 */
export async function createPassphraseHeader(
  fileKey: Uint8Array,
  passphrase: string,
  { logN = defaultLogN, salt = randomBytes(saltBytes), scrypt = portableScrypt } = {},
): Promise<Header> {
  if (checkBytes(fileKey, 'fileKey').length !== fileKeyBytes)
    throw new CryptoError('bad-file-key', 'fileKey', 'must be 16 bytes');
  if (checkBytes(salt, 'salt').length !== saltBytes) throw new CryptoError('bad-length', 'salt', 'must be 16 bytes');
  const key = await scrypt(keyMaterial(passphrase), concat(saltLabel, salt), logN);
  const body = chacha20poly1305(key, zeroNonce).encrypt(fileKey);
  return sealHeader(fileKey, [{ args: ['scrypt', base64nopad.encode(salt), `${logN}`], body }]);
}

/**
 * The file key of a header that a passphrase opens, after the MAC was checked with it.
 *
 * @throws CryptoError `no-stanza` not made for a passphrase, or for another one; `bad-age-header`; `bad-age-mac`
 */
export async function openPassphraseHeader(
  header: Header,
  passphrase: string,
  scrypt: Scrypt = portableScrypt,
): Promise<Uint8Array> {
  const stanza = passphraseStanza(header);
  if (stanza === null) throw new CryptoError('no-stanza', 'header', 'was not made for a passphrase');
  const { salt, logN, body } = stanza;
  const key = await scrypt(keyMaterial(passphrase), concat(saltLabel, salt), logN);
  let fileKey: Uint8Array;
  try {
    fileKey = chacha20poly1305(key, zeroNonce).decrypt(body);
  } catch {
    // An authenticator that does not fit is the only sign of a wrong passphrase.
    throw new CryptoError('no-stanza', 'passphrase', 'is not the one of this file');
  }
  checkHeaderMac(header, fileKey);
  return fileKey;
}

/** The one scrypt stanza of a header, parsed; null when there is none. */
function passphraseStanza({ stanzas }: Header): { salt: Uint8Array; logN: number; body: Uint8Array } | null {
  const found = checkList(stanzas, 'stanzas', maxStanzas).find(
    ({ args }) => checkList(args, 'stanza', maxArguments)[0] === 'scrypt',
  );
  if (found === undefined) return null;
  const [, saltText, work, ...more] = found.args;
  if (saltText === undefined || work === undefined || more.length > 0)
    throw new CryptoError('bad-age-header', 'scrypt stanza', 'must have two arguments');
  const salt = decodeBase64(saltText, 'scrypt salt');
  if (checkBytes(salt, 'salt').length !== saltBytes)
    throw new CryptoError('bad-age-header', 'scrypt salt', 'must be 16 bytes');
  if (!/^[1-9][0-9]*$/.test(work) || Number(work) > maxLogN)
    throw new CryptoError('bad-age-header', 'scrypt work factor', `must be 1 to ${maxLogN}`);
  if (checkBytes(found.body, 'scrypt stanza').length !== fileKeyBytes + 16)
    throw new CryptoError('bad-age-header', 'scrypt stanza', 'must wrap 16 bytes');
  return { salt, logN: Number(work), body: found.body };
}

function keyMaterial(passphrase: string): Uint8Array {
  if (checkText(passphrase, 'passphrase') === '') throw new CryptoError('bad-passphrase', 'passphrase', 'is empty');
  return utf8(passphrase);
}
