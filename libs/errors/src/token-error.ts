import { type AppError, toAppError } from './app-error.js';
import { httpStatus } from './outcome.js';

/** Answer of a refused token request, RFC 6749 §5.2; `application/json`. `code` and `field` are ours, for our own clients. */
export interface TokenError {
  error:
    | 'invalid_request'
    | 'invalid_client'
    | 'unsupported_grant_type'
    | 'invalid_scope'
    | 'temporarily_unavailable'
    | 'server_error';
  error_description: string;
  code: string;
  kind: AppError['kind'];
  field?: string;
}

/** The RFC 6749 answer of anything thrown by a token endpoint. */
export function toTokenError(thrown: unknown): TokenError {
  const error = toAppError(thrown);
  return {
    error: wordOf(error),
    // §5.2 allows printable ASCII without quotation mark and backslash
    error_description: error.message.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?'),
    code: error.code,
    kind: error.kind,
    ...(error.field === undefined ? {} : { field: error.field }),
  };
}

function wordOf(error: AppError): TokenError['error'] {
  if (error.kind === 'bug') return 'server_error';
  if (error.kind === 'unavailable') return 'temporarily_unavailable';
  if (httpStatus(error) === 401) return 'invalid_client';
  if (error.field === 'scope') return 'invalid_scope';
  return error.field === 'grant_type' ? 'unsupported_grant_type' : 'invalid_request';
}
