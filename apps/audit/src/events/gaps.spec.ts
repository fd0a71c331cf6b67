import type { EventEnvelope, OutboxRowsQuery } from '@cpds/messages';
import { Gaps, type GapsOptions } from './gaps.service.js';

const gap = { producer: 'records.north', fromSeq: 6, toSeq: 7 };
const missing = (seq: number): EventEnvelope => ({
  id: `00000000-0000-4000-8000-00000000000${seq}`,
  type: 'records.cohort-minted.v1',
  producer: 'records.north',
  seq,
  at: new Date(0).toISOString(),
  correlation: 'r-1',
  salt: `0x${'11'.repeat(32)}`,
  details: {},
});

describe('a gap in what a producer told', () => {
  let nowMs: number;
  let clock: jest.SpyInstance;
  beforeEach(() => {
    nowMs = 100_000;
    clock = jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => clock.mockRestore());

  /** A log that misses the events of `gap`, until they are taken. */
  function openGap(answerOf: (query: OutboxRowsQuery) => EventEnvelope[]) {
    const did: unknown[] = [];
    const errors: unknown[] = [];
    const taken: number[] = [];
    const log = { standing: { maySign: true }, behind: () => Promise.resolve(0) };
    const reader = { gaps: () => Promise.resolve(taken.length === 2 ? [] : [gap]) };
    const intake = { add: ({ seq }: EventEnvelope) => Promise.resolve(taken.push(seq)) };
    const consumer = { readAgain: () => Promise.resolve(did.push('read again')) };
    const requests = {
      ask: (subject: string, _in: unknown, _out: unknown, query: OutboxRowsQuery) => {
        did.push([subject, query]);
        return Promise.resolve({ producer: gap.producer, events: answerOf(query), lastSeq: 9 });
      },
    };
    const options: GapsOptions = {
      owner: { kind: 'hospital', party: 'north' },
      onError: (error) => void errors.push(error),
      onMissing: () => undefined,
    };
    const parts = [log, reader, intake, consumer, requests, options] as never[];
    const gaps = Reflect.construct(Gaps, parts) as unknown as { round(): Promise<void> };
    return { did, errors, taken, look: () => gaps.round() };
  }

  it('is looked for on the stream, then asked of its producer, and taken from the answer', async () => {
    const { did, errors, taken, look } = openGap(() => [missing(6), missing(7)]);
    await look();
    expect(did).toEqual([]); // it may close by itself
    nowMs += 2_000;
    await look();
    expect(did).toEqual(['read again']);
    nowMs += 1_000;
    await look();
    expect(did.slice(1)).toEqual([['outbox.records.rows', { fromSeq: 6, toSeq: 7 }]]);
    expect(taken).toEqual([6, 7]);
    nowMs += 60_000;
    await look();
    expect(did).toHaveLength(2);
    expect(errors).toEqual([]);
  });

  it('is not closed by events of another producer', async () => {
    const { errors, taken, look } = openGap(() => [
      { ...missing(6), type: 'bridge.grant-locked.v1', producer: 'bridge.north' },
    ]);
    for (const pauseMs of [2_000, 1_000, 0]) {
      await look();
      nowMs += pauseMs;
    }
    expect(taken).toEqual([]);
    expect(errors).toEqual([expect.objectContaining({ code: 'rows-refused', culprit: 'records.north' })]);
  });
});
