import { type AppError, type ErrorKind, toAppError } from './app-error.js';

/**
 * What becomes of a bus message: `ack`, it is done; `retry`, deliver it again later; `reject`, never deliver it again
 * and keep it as a dead letter.
 */
export type BusOutcome = 'ack' | 'retry' | 'reject';

interface Row {
  status: number;
  title: string;
  bus: BusOutcome;
  /** FHIR issue-type code. */
  fhirIssue: string;
}

/**
 * The one table from kind to HTTP status, bus outcome and FHIR issue type. `missing` is retried on the bus because events
 * of two producers have no common order: what an event names may arrive after it.
 */
export const outcomes: Readonly<Record<ErrorKind, Row>> = {
  invalid: { status: 400, title: 'Invalid request', bus: 'reject', fhirIssue: 'invalid' },
  denied: { status: 403, title: 'Denied', bus: 'reject', fhirIssue: 'forbidden' },
  missing: { status: 404, title: 'Not found', bus: 'retry', fhirIssue: 'not-found' },
  conflict: { status: 409, title: 'Conflict', bus: 'reject', fhirIssue: 'conflict' },
  unavailable: { status: 503, title: 'Unavailable', bus: 'retry', fhirIssue: 'transient' },
  bug: { status: 500, title: 'Internal error', bus: 'retry', fhirIssue: 'exception' },
};

/** HTTP status of an error: its own narrower one, else its kind's. */
export function httpStatus(error: AppError): number {
  return error.status ?? outcomes[error.kind].status;
}

/** What the bus does with a message whose handler threw this. */
export function busOutcome(thrown: unknown): BusOutcome {
  return outcomes[toAppError(thrown).kind].bus;
}
