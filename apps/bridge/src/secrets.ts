import type { KeyRing } from '@cpds/crypto/custody';

/** Keys that this process holds in memory only; see KEY_FILE. */
export abstract class NodeKeys {
  /** seals what this process stores */
  abstract readonly ring: KeyRing;
  /** secp256k1, signs datagrams, answers and partials */
  abstract readonly message: Uint8Array;
  /** P-256, opens bodies sealed to this party */
  abstract readonly hpke: Uint8Array;
}

/** Seals JSON under the key-encryption key for the place called `name`; base64, which is all that a stolen database shows. */
export function sealJson(ring: KeyRing, name: string, value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return Buffer.from(ring.seal(name, bytes)).toString('base64');
}

/** Opens what `sealJson` made for the same place. @throws CryptoError `wrong-kek`, `broken-seal` */
export function openJson(ring: KeyRing, name: string, sealed: string): unknown {
  return JSON.parse(new TextDecoder().decode(ring.open(name, Buffer.from(sealed, 'base64'))));
}
