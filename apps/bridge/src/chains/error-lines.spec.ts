import { unavailable } from '@cpds/errors';
import { onceInAWhile } from './error-lines.js';

describe('errors of a poll', () => {
  it('are reported once, again after a while, and apart when they differ', () => {
    let now = 0;
    const reported: unknown[] = [];
    const report = onceInAWhile(
      (error) => void reported.push(error),
      1_000,
      () => now,
    );
    const away = unavailable('chain-away', 'north is away');
    report(away);
    report(away);
    expect(reported).toHaveLength(1);
    report(unavailable('chain-away', 'south is away'));
    expect(reported).toHaveLength(2);
    now = 1_000;
    report(away);
    expect(reported).toHaveLength(3);
  });
});
