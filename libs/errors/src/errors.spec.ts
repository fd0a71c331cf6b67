import { z } from 'zod';
import { AppError, denied, errorKinds, invalid, toAppError } from './app-error.js';
import { toOperationOutcome } from './operation-outcome.js';
import { busOutcome, outcomes } from './outcome.js';
import { parse, parseJson } from './parse.js';
import { fromProblem, toProblem } from './problem.js';

describe('AppError', () => {
  it('accepts a foreign error by its shape and keeps field and culprit', () => {
    const foreign = Object.assign(new Error('tag: is not hex'), {
      code: 'bad-hex',
      kind: 'invalid',
      field: 'tag',
      culprit: 'north',
    });
    expect(toAppError(foreign)).toMatchObject({
      code: 'bad-hex',
      kind: 'invalid',
      field: 'tag',
      culprit: 'north',
      cause: foreign,
    });
  });

  it('does not believe a kind that is not in the table', () => {
    const foreign = Object.assign(new Error('secret text'), { code: 'ENOENT', kind: 'whatever' });
    const error = toAppError(foreign);
    expect(error.kind).toBe('bug');
    expect(error.message).not.toContain('secret');
  });

  it('has one row per kind', () => {
    expect(Object.keys(outcomes).sort()).toEqual([...errorKinds].sort());
    expect(busOutcome(denied('x', 'y'))).toBe('reject');
    expect(busOutcome(new TypeError('boom'))).toBe('retry');
  });
});

describe('parseJson', () => {
  const schema = z.object({ id: z.string() });

  it('reads text and bytes', () => {
    expect(parseJson(schema, '{"id":"1"}', 'thing')).toEqual({ id: '1' });
    expect(parseJson(schema, Buffer.from('{"id":"1"}'), 'thing')).toEqual({ id: '1' });
  });

  it.each(['secret {', Buffer.from([0x22, 0xff, 0x22])])('refuses what is not JSON without quoting it', (json) => {
    expect(() => parseJson(schema, json, 'thing')).toThrow(
      expect.objectContaining({ code: 'invalid-input', kind: 'invalid', message: 'thing: is not JSON' }),
    );
  });
});

describe('problem documents', () => {
  it('survive the way to a client and back', () => {
    const error = invalid('bad-tag', 'grant.tag', 'grant.tag: is used', { status: 422 });
    const problem = toProblem(error);
    expect(problem).toEqual({
      type: 'urn:cpds:error:bad-tag',
      title: 'Invalid request',
      status: 422,
      detail: 'grant.tag: is used',
      code: 'bad-tag',
      kind: 'invalid',
      field: 'grant.tag',
    });
    expect(fromProblem(problem, 422)).toMatchObject({
      code: 'bad-tag',
      kind: 'invalid',
      field: 'grant.tag',
      status: 422,
    });
  });

  it('reads a foreign answer by its status', () => {
    expect(fromProblem('<html>', 502)).toMatchObject({ kind: 'unavailable', code: 'http-502' });
    expect(fromProblem(null, 401)).toMatchObject({ kind: 'denied' });
  });

  it('become OperationOutcomes on FHIR routes', () => {
    expect(toOperationOutcome(invalid('empty', 'Bundle.entry', 'Bundle.entry: is empty')).issue[0]).toMatchObject({
      severity: 'error',
      code: 'invalid',
      expression: ['Bundle.entry'],
      diagnostics: 'Bundle.entry: is empty',
    });
  });
});

describe('parse', () => {
  const schema = z.strictObject({ grant: z.object({ slot: z.number().int().max(255) }) });

  it('returns the typed value', () => {
    expect(parse(schema, { grant: { slot: 3 } }, 'body').grant.slot).toBe(3);
  });

  it.each([
    [{ grant: { slot: 256 } }, 'grant.slot'],
    [{ grant: {} }, 'grant.slot'],
    [{ grant: { slot: 1 }, extra: 1 }, 'extra'],
  ])('names the field of %j', (input, field) => {
    let thrown: unknown;
    try {
      parse(schema, input, 'body');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({ code: 'invalid-input', kind: 'invalid', field });
  });
});
