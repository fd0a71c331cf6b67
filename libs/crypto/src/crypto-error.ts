/**
 * What this library refuses, said by name: a stable `code`, the `field` that was wrong, and where somebody is to blame
 * the `culprit`. `kind` is the error table's word for "the caller sent something unacceptable".
 */
export class CryptoError extends Error {
  readonly kind = 'invalid' as const;

  constructor(
    readonly code: string,
    readonly field: string,
    reason: string,
    readonly culprit?: string,
  ) {
    super(`${field}: ${reason}${culprit === undefined ? '' : ` (by ${culprit})`}`);
    this.name = 'CryptoError';
  }
}

/** Whether `check` ends without a CryptoError. Any other error is none of the input's and goes on. */
export function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (cause) {
    if (cause instanceof CryptoError) return false;
    throw cause;
  }
}
