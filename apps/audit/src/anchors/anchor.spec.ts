import { anchorKey, decideAnchor, sizeOfKey, type LastAnchor } from './anchor.js';

const clock = { nowMs: 100_000, everyMs: 60_000, isForced: false };
const last = (over: Partial<LastAnchor>): LastAnchor => ({
  size: 5,
  state: 'final',
  wantedAtMs: 0,
  attempt: 1,
  ...over,
});

describe('an anchor', () => {
  it.each([
    ['nothing to anchor in an empty log', 0, null, clock, { kind: 'current' }],
    ['the first leaf at once', 1, null, clock, { kind: 'anchor', attempt: 1 }],
    ['nothing without a new leaf', 5, last({}), clock, { kind: 'current' }],
    ['nothing without a new leaf, also when forced', 5, last({}), { ...clock, isForced: true }, { kind: 'current' }],
    ['a new leaf after the interval', 6, last({}), clock, { kind: 'anchor', attempt: 1 }],
    [
      'a new leaf as soon as the interval is over',
      6,
      last({ wantedAtMs: 40_000 }),
      clock,
      { kind: 'anchor', attempt: 1 },
    ],
    ['nothing where more is anchored than the log has', 4, last({}), clock, { kind: 'current' }],
    [
      'another size as its own first attempt',
      6,
      last({ state: 'failed', attempt: 3 }),
      clock,
      { kind: 'anchor', attempt: 1 },
    ],
    ['not before the interval', 6, last({ wantedAtMs: 50_000 }), clock, { kind: 'wait' }],
    [
      'before the interval when forced',
      6,
      last({ wantedAtMs: 50_000 }),
      { ...clock, isForced: true },
      { kind: 'anchor', attempt: 1 },
    ],
    ['one at a time', 6, last({ state: 'wanted' }), { ...clock, isForced: true }, { kind: 'wait' }],
    ['a failed one again', 5, last({ state: 'failed' }), clock, { kind: 'anchor', attempt: 2 }],
    ['a failed one not at once', 5, last({ state: 'failed', wantedAtMs: 99_000 }), clock, { kind: 'wait' }],
  ] as const)('%s', (_, size, row, time, decision) => expect(decideAnchor(size, row, time)).toEqual(decision));

  it('names itself', () => expect(sizeOfKey(anchorKey(12, 3))).toBe(12));
});
