/** scrypt by node:crypto, for wallets' backups on servers and the command line. Exported through `@cpds/crypto/node` only. */

import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { scryptCost, type Scrypt } from './passphrase.js';

const derive = promisify<Uint8Array, Uint8Array, number, object, Buffer>(scrypt);

/** `portableScrypt`, off the main thread and several times as fast. */
export const nodeScrypt: Scrypt = async (passphrase, salt, logN) =>
  derive(passphrase, salt, 32, scryptCost(passphrase, salt, logN));
