import { subjectMatches } from './subject.js';

describe('subjectMatches', () => {
  it.each([
    ['records.*.v1', 'records.object-stored.v1', true],
    ['records.*.v1', 'records.object-stored.v2', false],
    ['records.*.v1', 'records.object-stored', false],
    ['records.*', 'records.a.v1', false],
    ['bridge.>', 'bridge.a.v1', true],
    ['bridge.>', 'bridge', false],
    ['bridge.halted.v1', 'bridge.halted.v1', true],
    ['*.a', 'b.a.c', false],
  ])('%s and %s: %s', (pattern, subject, expected) => {
    expect(subjectMatches(pattern, subject)).toBe(expected);
  });
});
