import { invalid } from './app-error.js';
import { toOperationOutcome } from './operation-outcome.js';
import { fromProblem, toProblem } from './problem.js';

describe("a peer's answer", () => {
  const error = invalid('length-required', 'content-length', 'an upload announces its length', { status: 411 });

  it('gives the same error as a problem document and as an OperationOutcome', () => {
    for (const body of [toProblem(error), toOperationOutcome(error)])
      expect(fromProblem(body, 411)).toMatchObject({
        code: error.code,
        kind: 'invalid',
        message: error.message,
        field: error.field,
      });
  });

  it('gives the status where it is neither', () => {
    expect(fromProblem('<html>', 502)).toMatchObject({ code: 'http-502', kind: 'unavailable' });
    expect(fromProblem({ issue: 'x' }, 404)).toMatchObject({ code: 'http-404', kind: 'missing' });
    expect(fromProblem(null, 400)).toMatchObject({ code: 'http-400', kind: 'invalid' });
  });
});
