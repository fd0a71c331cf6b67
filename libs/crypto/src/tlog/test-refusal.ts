/** What the specs of this folder share. */

import { CryptoError } from '../crypto-error.js';

/** The refusal that `act` ends in. Anything else it throws is a crash, and goes on. */
export function refusalOf(act: () => unknown): CryptoError {
  try {
    act();
  } catch (error) {
    if (error instanceof CryptoError) return error;
    throw error;
  }
  throw new Error('was accepted');
}
