import { toAppError } from './app-error.js';
import { outcomes } from './outcome.js';

/** FHIR R4 OperationOutcome with one issue; `application/fhir+json`. */
export interface OperationOutcome {
  resourceType: 'OperationOutcome';
  issue: [
    {
      severity: 'error' | 'fatal';
      code: string;
      details: { coding: [{ system: string; code: string }]; text: string };
      diagnostics: string;
      expression?: [string];
    },
  ];
}

/** The OperationOutcome of anything thrown (hl7.org/fhir/R4/operationoutcome.html). */
export function toOperationOutcome(thrown: unknown): OperationOutcome {
  const error = toAppError(thrown);
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: error.kind === 'bug' ? 'fatal' : 'error',
        code: outcomes[error.kind].fhirIssue,
        details: { coding: [{ system: 'urn:cpds:error', code: error.code }], text: outcomes[error.kind].title },
        diagnostics: error.message,
        ...(error.field === undefined ? {} : { expression: [error.field] as [string] }),
      },
    ],
  };
}
