/** scrypt by node:crypto, for wallets' backups on servers and the command line. Exported through `@cpds/crypto/node` only. */

import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Scrypt } from './passphrase.js';

const derive = promisify<Uint8Array, Uint8Array, number, object, Buffer>(scrypt);

/** `portableScrypt`, off the main thread and several times as fast. */
export const nodeScrypt: Scrypt = (passphrase, salt, logN) =>
  // 128 r (N + p + 2) bytes are what OpenSSL counts: at N = 2 more than twice N's.
  derive(passphrase, salt, 32, { N: 2 ** logN, r: 8, p: 1, maxmem: 2 ** (logN + 11) + 4096 });
