/** Helpers that the specs of this folder share. */

import { CryptoError } from '../crypto-error.js';

/** The refusal with which `act` ends. Any other error is a crash and is thrown on. */
export function refusalOf(act: () => unknown): CryptoError {
  try {
    act();
  } catch (error) {
    if (error instanceof CryptoError) return error;
    throw error;
  }
  throw new Error('was accepted');
}
