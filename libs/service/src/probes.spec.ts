import { headFault, offsetOf } from './probes.js';

describe('two clocks', () => {
  it.each([
    ['read between the questions', 1_050, 1_000, 1_100, 0],
    ['behind', 900, 1_000, 1_100, 100],
    ['ahead', 1_250, 1_000, 1_100, 150],
    // A slow answer says nothing of the clocks.
    ['read somewhere in a slow answer', 1_000, 1_000, 9_000, 0],
  ])('that is %s differs so much at least', (_, theirs, askedAt, answeredAt, offsetMs) => {
    expect(offsetOf(theirs, askedAt, answeredAt)).toBe(offsetMs);
  });
});

describe('the head of a chain', () => {
  const limits = { MAX_HEAD_AGE_MS: 60_000, MAX_CLOCK_OFFSET_MS: 5_000 };

  it.each<[string, number, string | undefined]>([
    ['is of now', 1_000_000, undefined],
    ['is as old as it may be', 1_060_000, undefined],
    ['is older', 1_060_001, 'chain-stale'],
    ['is as far ahead as it may be', 995_000, undefined],
    ['is further ahead', 994_999, 'clock-off'],
  ])('that %s is judged so', (_, nowMs, code) => {
    expect(headFault('north', 1_000, nowMs, limits)?.code).toBe(code);
  });
});
