import { waitMs } from './requests.js';

describe('the wait before the next attempt', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    [1, null, 500],
    [4, null, 4_000],
    [1, '3', 3_000],
    [1, '0', 0],
    [1, '86400', 30_000],
    [1, 'Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    [1, 'Wed, 31 Dec 2025 23:00:00 GMT', 0],
    [2, 'soon', 1_000],
  ])('after attempt %d and Retry-After %s is %d ms', (attempt, retryAfter, ms) => {
    expect(waitMs(attempt, retryAfter, nowMs)).toBe(ms);
  });
});
