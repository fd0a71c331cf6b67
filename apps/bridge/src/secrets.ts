import { randomBytes } from 'node:crypto';
import { openAtRest, sealAtRest } from '@cpds/crypto';

/** What this process holds in memory and nowhere else; see KEY_FILE. */
export interface NodeKeys {
  /** seals what this process stores */
  kek: Uint8Array;
  /** secp256k1, signs datagrams, answers and partials */
  message: Uint8Array;
  /** P-256, opens bodies sealed to this party */
  hpke: Uint8Array;
}

/** JSON sealed under the key-encryption key for the place called `name`, base64; what a stolen database shows of it. */
export function sealJson(kek: Uint8Array, name: string, value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return Buffer.from(sealAtRest(kek, name, bytes, randomBytes(12))).toString('base64');
}

/** Opens what `sealJson` made for the same place. @throws CryptoError `wrong-kek` */
export function openJson(kek: Uint8Array, name: string, sealed: string): unknown {
  return JSON.parse(new TextDecoder().decode(openAtRest(kek, name, Buffer.from(sealed, 'base64'))));
}
