import { type GapHistory, historyOf, nextStep } from './gap.js';

const gap = { producer: 'records.north', fromSeq: 6, toSeq: 10 };
const fresh: GapHistory = {
  name: 'records.north 6 10',
  sinceMs: 100_000,
  readAgainAtMs: null,
  asks: 0,
  askedAtMs: null,
};

describe('a gap', () => {
  it.each([
    ['has two seconds to close by itself', {}, 101_999, 'wait'],
    ['is then looked for on the stream', {}, 102_000, 'read-again'],
    ['is looked for there first, also a minute after the clock began', { sinceMs: 1_000 }, 3_000, 'read-again'],
    ['has a second for that', { readAgainAtMs: 102_000 }, 102_999, 'wait'],
    ['is then asked for', { readAgainAtMs: 102_000 }, 103_000, 'ask'],
    ['is asked for again after two', { readAgainAtMs: 102_000, asks: 1, askedAtMs: 103_000 }, 104_999, 'wait'],
    ['and then again', { readAgainAtMs: 102_000, asks: 1, askedAtMs: 103_000 }, 105_000, 'ask'],
    ['is asked for once a minute in the end', { readAgainAtMs: 102_000, asks: 40, askedAtMs: 200_000 }, 260_000, 'ask'],
    ['and not sooner', { readAgainAtMs: 102_000, asks: 40, askedAtMs: 200_000 }, 259_999, 'wait'],
    ['that is new is asked for where the stream was read just now', { readAgainAtMs: 99_000 }, 102_000, 'ask'],
    ['that is new is asked for where the stream was read a minute ago', { readAgainAtMs: 42_000 }, 102_000, 'ask'],
    ['that the stream was read for is not looked for again', { readAgainAtMs: 100_000 }, 200_000, 'ask'],
    ['that is new is looked for on the stream once a minute', { readAgainAtMs: 41_000 }, 102_000, 'read-again'],
  ] as const)('%s', (_, over, nowMs, step) => expect(nextStep({ ...fresh, ...over }, nowMs)).toBe(step));

  it('without a known end is another than one with an end, and than two', () => {
    const names = [[gap], [{ ...gap, toSeq: null }], [gap, { ...gap, producer: 'bridge.north' }]].map(
      (gaps) => historyOf(gaps, null, 0)!.name,
    );
    expect(names).toEqual(['records.north 6 10', 'records.north 6 ', 'records.north 6 10, bridge.north 6 10']);
  });

  it('keeps its history while the same events are missing, and begins another with others', () => {
    expect(historyOf([gap], null, 100_000)).toEqual(fresh);
    expect(historyOf([gap], fresh, 200_000)).toBe(fresh);
    const earlier = { ...fresh, readAgainAtMs: 102_000, asks: 7, askedAtMs: 110_000 };
    expect(historyOf([{ ...gap, fromSeq: 8 }], earlier, 200_000)).toEqual({
      name: 'records.north 8 10',
      sinceMs: 200_000,
      readAgainAtMs: 102_000,
      asks: 0,
      askedAtMs: null,
    });
    expect(historyOf([], earlier, 200_000)).toBeNull();
  });
});
