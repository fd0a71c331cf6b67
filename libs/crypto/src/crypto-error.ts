/**
 * The one error of this library: a stable `code`, the `field` that was wrong, and the `culprit` if somebody is to
 * blame. Its `kind` is always `invalid`: the caller sent something unacceptable.
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

/** Whether `check` ends without a CryptoError. Any other error is not the input's fault and is thrown on. */
export function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (cause) {
    if (cause instanceof CryptoError) return false;
    throw cause;
  }
}
