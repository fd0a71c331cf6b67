/**
 * The one error of this house. `kind` decides what callers may do (see `outcome.ts`), `code` is stable and documented in
 * docs/errors.md, `message` holds only values that are safe to log: no key, token, name or health datum.
 */

/** What went wrong, in the words of whoever must react. */
export type ErrorKind = 'invalid' | 'denied' | 'missing' | 'conflict' | 'unavailable' | 'bug';

export const errorKinds: readonly ErrorKind[] = ['invalid', 'denied', 'missing', 'conflict', 'unavailable', 'bug'];

/** Optional parts of an `AppError`, beyond code, kind and message. */
export interface ErrorDetails {
  /** Dotted path of the offending field, e.g. `grant.tag`. */
  field?: string;
  /** Whoever is to blame: a member id or a party name. Omit if nobody is. */
  culprit?: string;
  /** An HTTP status narrower than the kind's own, e.g. 401, 410 or 413. */
  status?: number;
  /** Seconds after which a repeat may succeed; sent as Retry-After. */
  retryAfterSec?: number;
  cause?: unknown;
}

/** An error with a stable code and a kind that maps to one HTTP status and one bus outcome. */
export class AppError extends Error {
  readonly field?: string;
  readonly culprit?: string;
  readonly status?: number;
  readonly retryAfterSec?: number;

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AppError';
    this.field = details.field;
    this.culprit = details.culprit;
    this.status = details.status;
    this.retryAfterSec = details.retryAfterSec;
  }
}

/** The caller sent something unacceptable; names the field. */
export function invalid(
  code: string,
  field: string | undefined,
  message: string,
  details: ErrorDetails = {},
): AppError {
  return new AppError(code, 'invalid', message, { ...details, field });
}

/** The caller may not do this. */
export function denied(code: string, message: string, details: ErrorDetails = {}): AppError {
  return new AppError(code, 'denied', message, details);
}

/** What was named does not exist here. */
export function missing(code: string, message: string, details: ErrorDetails = {}): AppError {
  return new AppError(code, 'missing', message, details);
}

/** The request contradicts what is already stored. */
export function conflict(code: string, message: string, details: ErrorDetails = {}): AppError {
  return new AppError(code, 'conflict', message, details);
}

/** A service or node that is needed does not answer now; repeating may help. */
export function unavailable(code: string, message: string, details: ErrorDetails = {}): AppError {
  return new AppError(code, 'unavailable', message, details);
}

/** The code reached a state that must be impossible. */
export function bug(code: string, message: string, details: ErrorDetails = {}): AppError {
  return new AppError(code, 'bug', message, details);
}

/** Throws `assertion-failed` (bug) if `fact` is not true. */
export function assert(fact: unknown, message: string): asserts fact {
  if (!fact) throw bug('assertion-failed', message);
}

/**
 * Whatever was thrown, as an `AppError`. Errors of libraries that import nothing of ours are recognised by shape (`code`,
 * `kind`, optional `field` and `culprit`: CryptoError); everything else is a bug whose own message is kept as cause only,
 * since a foreign message may quote data.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && hasShape(thrown)) {
    const { field, culprit, status, retryAfterSec } = thrown as ErrorDetails;
    return new AppError(thrown.code, thrown.kind, thrown.message, {
      field,
      culprit,
      status,
      retryAfterSec,
      cause: thrown,
    });
  }
  return new AppError('internal', 'bug', 'an unexpected error stopped this request', { cause: thrown });
}

function hasShape(error: Error): error is Error & { code: string; kind: ErrorKind } {
  const { code, kind } = error as { code?: unknown; kind?: unknown };
  return typeof code === 'string' && errorKinds.some((known) => known === kind);
}
