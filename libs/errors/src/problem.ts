import type { OperationOutcome } from './operation-outcome.js';
import { AppError, type ErrorKind, errorKinds, toAppError } from './app-error.js';
import { httpStatus, outcomes } from './outcome.js';
import type { TokenError } from './token-error.js';

/** RFC 9457 problem document; `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  kind: ErrorKind;
  field?: string;
  culprit?: string;
}

/** The problem document of anything thrown (RFC 9457 §3). That of a bug says nothing about its cause. */
export function toProblem(thrown: unknown): Problem {
  const error = toAppError(thrown);
  return {
    type: `urn:cpds:error:${error.code}`,
    title: outcomes[error.kind].title,
    status: httpStatus(error),
    detail: error.message,
    code: error.code,
    kind: error.kind,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.culprit === undefined ? {} : { culprit: error.culprit }),
  };
}

/** The error that a peer's problem document describes; a body that is no problem document of ours becomes `unavailable`. */
export function fromProblem(body: unknown, status: number, retryAfterSec?: number): AppError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  const kind = errorKinds.find((known) => known === problem.kind) ?? kindOfStatus(status);
  // FHIR routes answer with an OperationOutcome instead.
  const issue = (body as Partial<OperationOutcome> | null)?.issue?.[0];
  const said = {
    code: problem.code ?? issue?.details?.coding?.[0]?.code,
    // A token endpoint answers as RFC 6749 §5.2 says.
    detail: problem.detail ?? issue?.diagnostics ?? (body as Partial<TokenError> | null)?.error_description,
  };
  const code = typeof said.code === 'string' ? said.code : `http-${status}`;
  const detail = typeof said.detail === 'string' ? said.detail : `the peer answered ${status}`;
  const field = problem.field ?? issue?.expression?.[0];
  return new AppError(code, kind, detail, { field, culprit: problem.culprit, status, retryAfterSec });
}

function kindOfStatus(status: number): ErrorKind {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404 || status === 410) return 'missing';
  if (status === 409) return 'conflict';
  if (status === 408 || status === 429) return 'unavailable'; // a repeat may succeed
  return status >= 400 && status < 500 ? 'invalid' : 'unavailable';
}
